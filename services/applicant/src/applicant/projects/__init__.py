"""Projects: places taken, until the money stands or the place is given back."""
