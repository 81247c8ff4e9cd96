"""What may be released, by whom, and how far a release has come."""
