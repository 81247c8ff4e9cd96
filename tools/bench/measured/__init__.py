"""The groups of figures, each measured side by side with its limits."""
