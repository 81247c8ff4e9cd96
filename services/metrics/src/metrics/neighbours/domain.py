"""What asking another service comes to: an answer, a closed door, or nobody there, and since when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

_STALE = 412
_LOWEST_SERVER_FAULT = 500
_NOT_YET = frozenset({"request-in-progress"})


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
class Fault:
    """One thing that is wrong with what was sent, in the words of who refused it."""

    detail: str
    pointer: str | None = None
    name: str | None = None

    @property
    def field(self) -> str:
        """The field of the body that it is about, as far as the pointer says one."""
        return (self.pointer or "").lstrip("/").partition("/")[0]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The other side answered, and did not do it: its problem (RFC 9457), in the language that it was asked in."""

    status: int
    code: str
    title: str
    detail: str
    errors: tuple[Fault, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether somebody else was faster: what was read does not stand there any more."""
        return self.status == _STALE

    @property
    def is_final(self) -> bool:
        """Whether nothing was done and nothing will be. Otherwise it may have been done, or may be yet."""
        return self.status < _LOWEST_SERVER_FAULT and self.code not in _NOT_YET


Sent = Found[T] | Refusal | Away


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
