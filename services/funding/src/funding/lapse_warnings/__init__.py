"""Warnings of money that lapses (불용 예고): at days before the year's end, once a line and stage, told as an event."""
