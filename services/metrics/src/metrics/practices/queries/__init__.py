"""The criteria, cases as their parties and as everybody sees them, and who studied them."""
