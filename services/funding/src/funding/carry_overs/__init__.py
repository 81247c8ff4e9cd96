"""Committed money carried over into the next fiscal year (이월), without which it lapses at the end of its own."""
