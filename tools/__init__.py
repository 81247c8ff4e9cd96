"""Commands for those who work on this repository: nothing here runs in production."""
