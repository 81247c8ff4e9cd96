"""Programme time: the one clock that decides windows, deadlines, dates and rule versions.

Real by default. A local or test installation may hand every process the same file instead, and then time stands still
until somebody moves it. Tokens, leases, timeouts and `recorded_at` always use real time, never this clock.
"""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")

_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Tells the programme's time."""

    def now(self) -> datetime:
        """Return the present programme time, aware and in UTC."""
        ...


class SystemClock:
    """The real time of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, instant: datetime) -> None:
        self._instant = _in_utc(instant)

    def now(self) -> datetime:
        return self._instant

    def move_to(self, instant: datetime) -> None:
        """Set the time; moving back is allowed, since a test may want to."""
        self._instant = _in_utc(instant)


class FileClock:
    """The instant written in a file that all processes of one installation share; a missing file means real time.

    The file is read again only when it has changed. Writers replace it by a rename, so a reader never sees half a line;
    should one appear all the same, the last good instant stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._instant: datetime | None = None

    def now(self) -> datetime:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._seen = self._instant = None
            return datetime.now(UTC)
        seen = (status.st_mtime_ns, status.st_ino, status.st_size)
        if seen != self._seen or self._instant is None:
            self._instant = self._read()
            self._seen = seen
        return self._instant

    def _read(self) -> datetime:
        text = self._path.read_text(encoding="ascii").strip()
        try:
            return _in_utc(datetime.fromisoformat(text))
        except ValueError:
            if self._instant is None:
                raise
            _log.warning("the programme clock file holds no instant; the last good one stays")
            return self._instant


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        message = f"programme time needs a time zone, got {instant.isoformat()}"
        raise ValueError(message)
    return instant.astimezone(UTC)
