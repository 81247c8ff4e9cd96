"""A recorded season, told again to those who build against our events: at any speed, with faults on request."""
