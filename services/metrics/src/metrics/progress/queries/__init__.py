"""A call's progress, and what later features ask of calls, cases, projects, seats and money."""
