"""The limit of a consumer: five hundred events' inbox rows and effects in one statement, without Kafka."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from common.event import new_id
from tools.bench.events import CALL_ID, MOMENT
from tools.bench.parts import Answer, serve
from tools.bench.tables import APPLY_BATCH

ROWS = 500
_TYPE, _TOPIC = "kr.jeonbuk.smartfactory.applicant.application.submitted.v1", "applicant.application.v1"

_connections: dict[str, Any] = {}


async def measure(url: str, seconds: float) -> Answer:
    """Apply batch after batch, each in its transaction."""
    if url not in _connections:
        _connections[url] = await asyncpg.connect(url)
    connection, count = _connections[url], 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        await connection.execute(APPLY_BATCH, *_columns())
        count += ROWS
    return {"operations": count, "seconds": time.monotonic() - began}


def _columns() -> tuple[list[UUID] | list[str] | list[int] | list[datetime], ...]:
    ids, keys = [new_id() for _ in range(ROWS)], [new_id() for _ in range(ROWS)]
    return (
        ids,
        [_TYPE] * ROWS,
        [_TOPIC] * ROWS,
        keys,
        [1] * ROWS,
        [CALL_ID] * ROWS,
        ["JS2"] * ROWS,
        ["52130"] * ROWS,
        [MOMENT] * ROWS,
    )


if __name__ == "__main__":
    serve({"measure": measure})
