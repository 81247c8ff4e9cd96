"""Seats that municipalities offer to fund in a call being drafted: proposed by one, confirmed by another (정원)."""
