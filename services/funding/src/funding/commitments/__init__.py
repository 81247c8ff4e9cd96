"""Selected projects become committed money, or a refusal that says which source was short."""
