"""Release lines, gates, holds and releases in PostgreSQL; the triggers of migration 0017 guard them all again."""
