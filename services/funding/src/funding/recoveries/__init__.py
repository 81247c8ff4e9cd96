"""Clawback after a termination or a breach: a case with notice, hearing, decision by two, objection, collection."""
