"""Deadlines in PostgreSQL, their rules, and the Korean calendar they are counted in."""
