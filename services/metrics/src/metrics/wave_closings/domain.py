"""When a wave is closed, what is said of it, and under which id: as its last day left it, once for ever."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

UNDER_WAY = timedelta(minutes=1)
"""What was asked for in the last moment of a day is committed, or undone, long before this has passed."""


class Response(StrEnum):
    """Whether the firm had said anything by the end of the last day that was not returned then (domain.md 2.2, L)."""

    RESPONDED = "RESPONDED"
    NO_RESPONSE = "NO_RESPONSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveClosing:
    """One wave of one project, closed. All of it follows from what was committed by `ended_at`, whoever closes when."""

    project_id: UUID
    wave: str
    municipality_code: str
    due_on: date
    ended_at: datetime
    response: Response
    rule_version: str

    @property
    def event_id(self) -> UUID:
        """The id of the event that tells it."""
        return event_id_of(self.project_id, self.wave)


def event_id_of(project_id: UUID, wave: str) -> UUID:
    """It follows from project and wave alone: told from a backup, or by two at once, it is the same event."""
    return uuid5(project_id, f"outcome-wave-closed/{wave}")


def settled_by(now: datetime) -> datetime:
    """Up to when everything that was reported in time is known."""
    return now - UNDER_WAY


def closes_at(ended_at: datetime) -> datetime:
    """From when on a wave is closed whose last day ended then."""
    return ended_at + UNDER_WAY
