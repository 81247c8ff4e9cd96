"""The whole system on one machine, and the season that exercises it."""
