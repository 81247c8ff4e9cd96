"""The independent check: own SQL over the four databases, own arithmetic, no service code."""
