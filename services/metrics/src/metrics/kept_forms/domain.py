"""A form that is kept, for whom, for how long, and of how many.

All times here are real time: a form is a thing of the browser, not of the programme.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

FORM_LASTS = timedelta(hours=1)
"""To sign in again takes minutes; what was typed lies here no longer than it may be missed."""
MOST_OF_ONE = 10
"""Of one person the newest are kept: more than one has open, and nobody fills the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """What was typed into one page by one person, sealed. `owner` tells nobody who that is."""

    id_hash: bytes
    owner: str
    sealed: str
    kept_at: datetime
    ends_at: datetime


def id_of(owner: str, place: str) -> bytes:
    """Where what a person typed into a page is found: a later form takes the place of the one before."""
    return hashlib.sha256(f"{owner}\n{place}".encode()).digest()
