"""Notices (통지) to people: queued with what they tell of, and delivered once by a mail port, with a record of each."""
