"""What services tell of themselves, and how far each is behind the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_SELF = "metrics"
_WRITERS = {"partner": _SELF}
"""Topics are named by who writes them, but for those that are made for partners."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a service needs, and what was found when it was looked at."""

    check: str
    good: bool
    finding: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """Events that have not left a service yet, and since when the oldest waits."""

    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Parked:
    """Events that a service could not apply, of how many keys, and since when the oldest waits."""

    waiting: int
    keys: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """The last record of a partition that was sent, or heard; -1 before the first."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a service does, as it says itself. Times are real ones."""

    service: str
    running_version: str
    ready: bool
    checks: tuple[Check, ...]
    relay_leads: bool
    unsent_events: Unsent
    parked_events: Parked
    listens_to: tuple[str, ...]
    sent: tuple[Place, ...]
    heard: tuple[Place, ...]
    read_at: datetime

    def waited(self, since: datetime | None) -> timedelta | None:
        """For how long something had waited when the service told this."""
        return None if since is None else max(self.read_at - since, timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """One event that a service could not apply: which, and why; never what it says."""

    id: int
    topic: str
    key: str
    reason: str
    fault: str
    attempts: int
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class Behind:
    """How many records of a topic a service has not heard yet; none, while its writer tells nothing."""

    topic: str
    records: int | None


def behind(state: State, told: Mapping[str, State]) -> list[Behind]:
    """How far a service is behind each topic that it listens to.

    The two tell one after the other: of what was sent in between it counts as heard what the listener already has.
    """
    heard = {(place.topic, place.partition): place.offset for place in state.heard}
    return [Behind(topic, _records(topic, heard, told)) for topic in state.listens_to]


def _records(topic: str, heard: Mapping[tuple[str, int], int], told: Mapping[str, State]) -> int | None:
    writer = told.get(_writer(topic))
    if writer is None:
        return None
    sent = (place for place in writer.sent if place.topic == topic)
    return sum(max(0, place.offset - heard.get((topic, place.partition), -1)) for place in sent)


def _writer(topic: str) -> str:
    first = topic.partition(".")[0]
    return _WRITERS.get(first, first)


def sum_of(lags: Sequence[Behind]) -> int | None:
    """All of a service's together; none while one of them is not known."""
    known = [each.records for each in lags if each.records is not None]
    return sum(known) if len(known) == len(lags) else None


def bad(checks: Sequence[Check]) -> list[Check]:
    """What is missing for a service to be ready."""
    return [check for check in checks if not check.good]
