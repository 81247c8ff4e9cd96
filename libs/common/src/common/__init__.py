"""Mechanism shared by every service; no business noun lives here."""
