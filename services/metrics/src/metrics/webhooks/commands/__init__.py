"""Whom a message is queued for, what owners do with their endpoints, and how deliveries go."""
