"""The settlement of a completed project: what was spent, by source, and what goes back (rules F-07, F-09, F-10)."""
