"""Open data: awards by the 360Giving schema, and published calls as CommonGrants has them."""
