"""What travels with a piece of work, from a request or an event to the rows and events it causes.

The trace is not here: it comes from OpenTelemetry's current span.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""One value for everything that one caller's act set off, across services."""

causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
"""The request id or event id that is the direct cause of what happens now."""

actor: ContextVar[str | None] = ContextVar("actor", default=None)
"""Who acts: `Principal.actor`."""


@contextmanager
def carried(*, correlation: str | None = None, causation: str | None = None, by: str | None = None) -> Iterator[None]:
    """Set the three for one block; `None` clears what an outer block had set."""
    tokens = (correlation_id.set(correlation), causation_id.set(causation), actor.set(by))
    try:
        yield
    finally:
        correlation_id.reset(tokens[0])
        causation_id.reset(tokens[1])
        actor.reset(tokens[2])
