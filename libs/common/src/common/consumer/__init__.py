"""What a service does when it hears of an event: the table of its handlers, and what a handler is given."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Executable

from common.consumer.rows import Together
from common.db import Transaction
from common.event import DomainEvent


class Received(msgspec.Struct, frozen=True):
    """About the event in hand. `at` is the programme time at which it happened, `now` the present programme time."""

    event_id: UUID
    type: str
    topic: str
    key: UUID
    sequence: int
    at: datetime
    now: datetime
    correlation_id: str


Statement: TypeAlias = tuple[Executable | Together, Mapping[str, object]]
"""A module-level statement constant and its parameters; equal constants of a batch run as one executemany, or take all
their rows at once when they are `Together`."""

DecidingHandler: TypeAlias = Callable[[Transaction, Any, Received], Awaitable[None]]
"""Makes one command call; it may record events and journal entries of its own."""

ProjectingHandler: TypeAlias = Callable[[Any, Received], Sequence[Statement]]
"""Says which statements keep a projection; the runtime groups and runs them."""

Handler: TypeAlias = DecidingHandler | ProjectingHandler

Handlers: TypeAlias = Mapping[type[DomainEvent], Handler]
"""One module constant HANDLERS in a service's consumers.py; the service listens to the topics of its events."""


def topics_of(handlers: Handlers) -> list[str]:
    """The topics a service with these handlers subscribes to."""
    return sorted({event.TOPIC for event in handlers})
