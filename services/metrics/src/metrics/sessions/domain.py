"""When a session is over, when its token is due for the next one, and where a browser may be sent after signing in.

All times here are real time: a session is a thing of the browser, not of the programme.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

RENEW_BEFORE = timedelta(seconds=120)
"""A token with less left is renewed, so that whatever it is passed on to still finds it good."""
NOTE_USE_EVERY = timedelta(seconds=60)
MOST_TOKEN_IDS = 200
"""Of a session's tokens the ids of the newest are kept: of ten minutes each, those of more than its longest day."""

_PATH = re.compile(r"/[\x21-\x5b\x5d-\x7e]*")
_MOST_PATH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser of one person in one role. `sealed` opens only with what the browser alone has."""

    id_hash: bytes
    issuer: str
    subject: str
    role: str
    tenant: str
    sealed: str
    signed_in_at: datetime
    used_at: datetime
    token_ends_at: datetime
    ends_at: datetime
    renewing_until: datetime | None
    version: int
    token_ids: Sequence[str] = ()
    """Of every access token that it has had (`jti`), the present one last."""


def is_over(session: Session, *, now: datetime, idle: timedelta) -> bool:
    """Whether it has run its time, or nobody has used it for too long."""
    return now >= session.ends_at or now >= session.used_at + idle


def use_is_due(session: Session, *, now: datetime) -> bool:
    """Whether that it is used is to be noted: not at each request, which would write for each reading."""
    return now >= session.used_at + NOTE_USE_EVERY


def renewal_is_due(session: Session, *, now: datetime) -> bool:
    """Whether the next token is to be asked for, unless somebody does so already."""
    if session.renewing_until is not None and now < session.renewing_until:
        return False
    return now >= session.token_ends_at - RENEW_BEFORE


def with_token(session: Session, token_id: str) -> list[str]:
    """The ids of its tokens, that of the next one included."""
    return [*session.token_ids, token_id][-MOST_TOKEN_IDS:]


def own_path(wanted: str | None, *, otherwise: str) -> str:
    """Where to go after signing in: a path of our own, or the one for everybody; never to somebody else's host.

    A browser reads two slashes, or a slash and a backslash, as the start of another host, and drops tabs and line ends
    before it looks.
    """
    if wanted is None or len(wanted) > _MOST_PATH or not _PATH.fullmatch(wanted) or wanted.startswith("//"):
        return otherwise
    parts = urlsplit(wanted)
    return otherwise if parts.scheme or parts.netloc else wanted
