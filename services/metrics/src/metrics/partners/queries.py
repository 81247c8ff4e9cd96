"""Reads of the feed: what comes after a place, as CloudEvents in JSON, with the attributes of Kafka's headers."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.engine import RowMapping

from common.db import Transaction
from common.event import Envelope, encode
from common.web import View
from metrics.partners.domain import PartnerFeedPositionUnknown
from metrics.partners.store import PartnerEventRow

_EMPTY = 0


class PartnerEventView(View):
    """One event as CloudEvents 1.0 in JSON. `position` is its place in this feed, all else is as on Kafka."""

    specversion: Literal["1.0"]
    id: UUID = Field(description="The same on Kafka and as webhook-id: know by it what you have.")
    source: str
    type: str = Field(description="What happened, with the version of its data's shape.")
    subject: UUID
    time: datetime = Field(description="When it happened, in programme time.")
    datacontenttype: Literal["application/json"]
    dataschema: str
    partitionkey: UUID = Field(description="Events of one key are in the order in which they happened.")
    sequence: str = Field(description="The event's number within its key, from 1, without a gap; zeros before it.")
    recordedtime: datetime = Field(description="When it was committed, in real time.")
    correlationid: str
    causationid: str
    position: str = Field(description="To read on behind this event: `after`, or `Last-Event-ID`.")
    data: dict[str, Any]


class PartnerEventPage(View):
    """What comes next. Keep `after` when all of it is done with, and ask again with that."""

    items: list[PartnerEventView]
    after: int = Field(description="Where to go on: behind the last event of this page.")
    more: bool = Field(description="Whether more is there now; if not, ask again in some seconds, or take the stream.")


async def read_feed(tx: Transaction, *, after: int, most: int) -> PartnerEventPage:
    """The next events behind a place, oldest first; raises PartnerFeedPositionUnknown."""
    row = PartnerEventRow
    statement = select(row.__table__).where(row.position > after).order_by(row.position).limit(most + 1)
    found = list((await tx.execute(statement)).mappings())
    if not found and after > _EMPTY:
        newest = (await tx.execute(select(func.max(row.position)))).scalar_one() or _EMPTY
        if after > newest:
            raise PartnerFeedPositionUnknown(after=after, newest=newest)
    events = found[:most]
    return PartnerEventPage(
        items=[_view(each) for each in events],
        after=events[-1]["position"] if events else after,
        more=len(found) > most,
    )


def _view(row: RowMapping) -> PartnerEventView:
    envelope = Envelope(
        event_id=row["event_id"],
        type=row["type"],
        topic=row["topic"],
        key=row["key"],
        sequence=row["sequence"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        correlation_id=str(row["event_id"]),
        causation_id=str(row["caused_by"]),
    )
    # By the encoder that wrote the record on Kafka: both say the same.
    record = encode(envelope, row["data"].encode())
    attributes = {
        name.removeprefix("ce_"): (value or b"").decode() for name, value in record.headers if name.startswith("ce_")
    }
    return PartnerEventView.model_validate(
        {
            **attributes,
            "datacontenttype": "application/json",
            "position": str(row["position"]),
            "data": msgspec.json.decode(row["data"]),
        }
    )
