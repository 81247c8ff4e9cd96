"""Residencies: a team's weeks at one firm, from Samsung's answer to the last day."""
