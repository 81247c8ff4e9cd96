"""What is asked of firms and when, what a report must be, what counts as a change, and what everybody may see of it."""
