"""The Forum in PostgreSQL."""
