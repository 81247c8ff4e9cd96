"""Panels, declared conflicts and locked scores: how a case is judged and by whom."""
