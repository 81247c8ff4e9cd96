"""Self-pay (자부담): the firm proves that it paid its own share from its own account, before public money moves."""
