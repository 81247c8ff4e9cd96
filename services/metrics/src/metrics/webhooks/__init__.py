"""Webhooks: what metrics hears, sent signed to the addresses that Samsung and the municipalities have named."""
