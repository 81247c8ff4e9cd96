"""What the Forum and the firms do with each other, one file a subject."""
