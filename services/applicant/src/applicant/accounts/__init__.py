"""Who holds which role for whom, and whose tokens are taken back. People are subjects here: no name is kept."""
