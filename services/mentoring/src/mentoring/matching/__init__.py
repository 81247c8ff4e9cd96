"""Which projects wait for a team of mentors."""
