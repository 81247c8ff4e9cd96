"""Rankings, the province's decision, and the promotion of reserves into freed places."""
