"""How the four services do, for whoever looks after the platform."""
