"""What can be made anew from events alone."""

from collections.abc import Collection
from dataclasses import dataclass

from common.consumer import Handlers
from common.event import DomainEvent


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that hold nothing but what events said; `events` are those that their handlers hear, or all."""

    tables: Collection[str]
    events: Collection[type[DomainEvent]] = ()

    def handlers(self, handlers: Handlers) -> Handlers:
        return {event: handler for event, handler in handlers.items() if not self.events or event in self.events}
