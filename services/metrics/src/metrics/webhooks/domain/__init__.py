"""Endpoints, messages, deliveries and signatures as rules, knowing no database and no network."""
