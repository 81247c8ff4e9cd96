"""Lets a projecting handler tell an event that follows from the one in hand, committed together with its effect.

Its id is the handler's to give, so that it follows from the other event's id; and it carries nothing of what brought
the other event about but that id, since whoever hears it need not be one of us.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from common import context, outbox
from common.consumer import Received, Statement
from common.consumer.rows import Together
from common.db import Transaction
from common.event import DomainEvent


def tell(event: DomainEvent, received: Received, *, event_id: UUID, by: str) -> Statement:
    """Record the event, which happened when the one in hand did, in the batch's transaction."""
    return _TELL, {"event": event, "event_id": event_id, "at": received.at, "because": received.event_id, "by": by}


class _Tell(Together):
    async def write(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            event_id, because = row["event_id"], str(row["because"])
            with context.carried(correlation=str(event_id), causation=because, by=row["by"]):
                await outbox.record(tx, row["event"], at=row["at"], event_id=event_id)


_TELL = _Tell()
