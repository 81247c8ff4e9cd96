"""The rules of ranking, deciding and promoting; pure, in whole numbers."""
