"""Applications, their screening rounds and the rule data."""
