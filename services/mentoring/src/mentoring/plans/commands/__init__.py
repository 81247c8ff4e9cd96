"""What becomes of a plan. By whom it is done, so that a worker does not load what only an API needs."""
