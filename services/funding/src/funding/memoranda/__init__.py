"""Memoranda (업무협약): who joined the programme by which word, and what each owes it; commitments refer to them."""
