"""An officer's day as it is read: reports, seats, and what can be done about them."""
