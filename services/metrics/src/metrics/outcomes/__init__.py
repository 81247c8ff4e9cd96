"""Outcomes: what a factory changed for its firm, by figures that were reported, verified and never pooled small."""
