"""The papers of a season are made up: all that is ever sent of one is its hash."""

import hashlib


def hash_of(document: str) -> str:
    """SHA-256, in hexadecimal, of a made-up document."""
    return hashlib.sha256(document.encode()).hexdigest()
