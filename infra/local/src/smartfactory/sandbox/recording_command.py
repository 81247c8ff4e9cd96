"""`smartfactory sandbox record`: makes the recording anew from a season that was played."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from common.event import DomainEvent, registered_events
from metrics.webhooks.commands.telling import TOLD, messages_of
from smartfactory.sandbox.recording import Recording, received_as, recorded
from smartfactory.snapshots import snapshots

_TOLD = """
    SELECT event_id, type, payload, occurred_at, recorded_at, topic, key, sequence
    FROM outbox WHERE type = ANY ($1::text[]) ORDER BY id
"""


async def record_season(urls: Mapping[str, str], *, season: str) -> Recording:
    """What somebody outside was told of the season that these databases hold."""
    types = [cls.TYPE for cls in TOLD]
    rows: list[asyncpg.Record] = []
    async with snapshots(urls) as databases:
        for connection in databases.values():
            rows += await connection.fetch(_TOLD, types)
    return recorded([(event, at) for row in rows_in_order(rows) for event, at in _told(row)], season=season)


def rows_in_order(rows: Sequence[Any]) -> list[Any]:
    """By the moment in the programme, and each key's in its own order whatever the clocks said."""
    latest: dict[tuple[str, object], tuple[datetime, datetime]] = {}
    placed: list[tuple[datetime, datetime, Any]] = []
    for row in sorted(rows, key=itemgetter("topic", "key", "sequence")):
        key = (row["topic"], row["key"])
        occurred, recorded_at = latest.get(key, (row["occurred_at"], row["recorded_at"]))
        latest[key] = max(occurred, row["occurred_at"]), max(recorded_at, row["recorded_at"])
        placed.append((*latest[key], row))
    return [row for _, _, row in sorted(placed, key=itemgetter(0, 1))]


def write_recording(content: bytes, to: Path) -> None:
    """Put the file in its place whole or not at all."""
    fresh = to.with_name(f"{to.name}.new")
    fresh.write_bytes(content)
    fresh.replace(to)


def _told(row: Any) -> list[tuple[DomainEvent, datetime]]:  # noqa: ANN401  asyncpg has no types
    event = msgspec.json.decode(row["payload"], type=registered_events()[row["type"]])
    received = received_as(row["event_id"], event, row["occurred_at"])
    return [(event, row["occurred_at"])] if messages_of(event, received) else []
