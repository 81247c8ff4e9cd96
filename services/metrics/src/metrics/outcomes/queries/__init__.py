"""What is asked, what was reported and verified, what it sums up to, for whom, and what others published."""
