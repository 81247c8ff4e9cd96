"""Teams of trained mentors, and the weeks in which each can reside at a firm."""
