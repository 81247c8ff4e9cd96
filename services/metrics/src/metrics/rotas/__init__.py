"""The mentors' rota: which team is at which firm in which weeks, and what does not fit."""
