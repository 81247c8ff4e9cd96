"""What the Forum does, by its rules."""
