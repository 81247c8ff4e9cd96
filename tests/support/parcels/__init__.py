"""A tiny service for tests of the messaging: it sends parcels, and hears of its own parcels."""
