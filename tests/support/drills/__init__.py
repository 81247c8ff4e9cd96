"""What drills have in common: their size, the figures they measure, and the report of a run."""
