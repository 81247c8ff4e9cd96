"""What is owed back to a source: ordered by a settlement or a clawback, tracked until its own treasury has it."""
