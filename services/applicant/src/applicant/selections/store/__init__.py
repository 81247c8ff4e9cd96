"""Rankings, places and told balances in PostgreSQL."""
