"""Stand-ins for registers of the outside world, which can also refuse, be slow and be down."""
