"""Inspections (점검): the build is looked at on its way, and at its end by audit and mentor, before it counts."""
