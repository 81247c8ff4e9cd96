"""What a good practice is, how far it has come, and what the rules refuse."""
