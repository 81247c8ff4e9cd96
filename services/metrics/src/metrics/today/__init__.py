"""An officer's day: reports that are due, seats that nobody holds, and what the system offers to do about them."""
