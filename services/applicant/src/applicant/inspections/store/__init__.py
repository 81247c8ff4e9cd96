"""Inspections in PostgreSQL: the rules in force, interim inspections, completion inspections."""
