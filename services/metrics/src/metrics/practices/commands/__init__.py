"""What people do with good practices: cases, and the studies of them."""
