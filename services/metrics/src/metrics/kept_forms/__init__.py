"""What people typed into forms that came when nobody was signed in any more: kept for them, and not for long."""
