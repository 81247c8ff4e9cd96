"""Looks at what a replay left: the partner topics, how far Samsung's group is, the feed, and webhooks' deliveries."""

import re
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from common.db import Database
from common.errors import Text
from common.event import open_envelope
from common.kafka import KafkaOptions
from common.kafka_history import History, group_places
from contracts.partner import PartnerProjectSelected, PartnerResidencyAssigned
from smartfactory.sandbox.judging import Delivery, OnKafka, Seen
from smartfactory.sandbox.ledger import Ledger
from smartfactory.stack.faults import StackFault

SAMSUNGS_GROUP = "samsung-mentor"
PARTNER_TOPICS = (PartnerProjectSelected.TOPIC, PartnerResidencyAssigned.TOPIC)

_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.ASCII | re.IGNORECASE)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_IN_FEED = text("SELECT count(*) FROM partner_event WHERE event_id = ANY (:ids) AND position IS NOT NULL").bindparams(
    _IDS
)
_DELIVERIES = text(
    """
    SELECT delivery.event_id, delivery.owner, endpoint.url, delivery.state, delivery.attempts,
        (SELECT count(*) FROM webhook_attempt AS attempt
            WHERE attempt.delivery_id = delivery.id AND attempt.outcome = 'DELIVERED') AS answered,
        (SELECT min(began_at) FROM webhook_attempt AS attempt
            WHERE attempt.delivery_id = delivery.id AND attempt.outcome = 'DELIVERED') AS taken_at
    FROM webhook_delivery AS delivery JOIN webhook_endpoint AS endpoint ON endpoint.id = delivery.endpoint_id
    WHERE delivery.event_id = ANY (:ids) ORDER BY delivery.id
    """
).bindparams(_IDS)


async def look(ledger: Ledger, *, metrics: Database, kafka: KafkaOptions) -> Seen:
    """What there is to be seen of this replay now."""
    ours = {message for one in ledger.told for message in one.messages.values()}
    async with metrics.transaction(read_only=True) as tx:
        in_feed = (await tx.execute(_IN_FEED, {"ids": list(ours)})).scalar_one()
        rows = (await tx.execute(_DELIVERIES, {"ids": list(ours)})).mappings().all()
    return Seen(
        records=[one for one in await _on_kafka(kafka) if one.id in ours],
        group=await group_places(kafka, SAMSUNGS_GROUP),
        in_feed=in_feed,
        deliveries=[Delivery(**row) for row in rows],
    )


def handled_in(path: Path) -> list[UUID]:
    """The first id of each line of a file: what a client says it has handled, as often as it did; raises StackFault."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as refused:
        raise StackFault(
            Text(f"{path}을(를) 읽을 수 없습니다({refused.strerror}).", f"{path} cannot be read ({refused.strerror})."),
            Text(
                "처리한 이벤트의 id를 한 줄에 하나씩 적은 파일을 지정해 주세요.",
                "Name a file with the id of each event that was handled, one on a line.",
            ),
        ) from refused
    return [UUID(found[0]) for found in map(_ID.search, lines) if found]


async def _on_kafka(kafka: KafkaOptions) -> Sequence[OnKafka]:
    found = []
    async with History(kafka, PARTNER_TOPICS) as history:
        async for batch in history.to_the_end():
            for record in batch:
                envelope, _ = open_envelope(record)
                found.append(
                    OnKafka(id=envelope.event_id, topic=record.topic, partition=record.partition, offset=record.offset)
                )
    return found
