"""What asking another service comes to: an answer, a closed door, or nobody there, and since when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Neighbour(StrEnum):
    """A service that pages are made from beside this one."""

    APPLICANT = "applicant"
    FUNDING = "funding"
    MENTORING = "mentoring"


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What the other side answered, as far as the asker reads it."""

    body: T


@dataclass(frozen=True, slots=True)
class Closed:
    """It is not there for this reader, or not there at all: the other side answered with this status."""

    of: Neighbour
    status: int


@dataclass(frozen=True, slots=True)
class Away:
    """The other side gave no usable answer.

    `reached_at` is when it last did, in real time; none, if it has not since `watched_since`, when this process began
    to ask.
    """

    of: Neighbour
    reached_at: datetime | None
    watched_since: datetime


Reply = Found[T] | Closed | Away


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """A page of a list, and the cursor of the next one, if the list goes on."""

    items: tuple[T, ...]
    next: str | None = None


def body_of(reply: Reply[T]) -> T | None:
    """What was answered, or nothing."""
    return reply.body if isinstance(reply, Found) else None


def rows_of(reply: Reply[Rows[T]]) -> tuple[T, ...]:
    """The rows of a list that was answered; none where it was not."""
    return reply.body.items if isinstance(reply, Found) else ()


def goes_on(reply: Reply[Rows[T]]) -> bool:
    """Whether the list has more rows than were read."""
    return isinstance(reply, Found) and reply.body.next is not None
