"""What everybody may read of awards and calls, in the words of two open standards."""
