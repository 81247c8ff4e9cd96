"""Double entry in whole won: what was posted stays, and every transfer sums to zero."""
