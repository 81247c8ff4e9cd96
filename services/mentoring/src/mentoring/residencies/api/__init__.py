"""Residencies over HTTP: what people and Samsung do with them, and each team's calendar."""
