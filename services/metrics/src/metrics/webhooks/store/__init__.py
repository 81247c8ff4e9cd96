"""Endpoints and deliveries in PostgreSQL."""
