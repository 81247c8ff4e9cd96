"""The limit of the feed: the same rows page by page on asyncpg alone, and each page written as JSON once."""

import time
from typing import Any

import asyncpg
import msgspec

from tools.bench.parts import Answer, serve

_PAGE = """
    SELECT event_id, caused_by, type, topic, key, data, occurred_at, position, sequence, recorded_at
    FROM partner_event WHERE position > $1 ORDER BY position LIMIT $2
"""
_ACT = "SELECT set_config('smartfactory.caller', $1, false)"

_connections: dict[str, Any] = {}


async def read(url: str, caller: str, page_size: int) -> Answer:
    """All of it, from the first place to the last."""
    if url not in _connections:
        _connections[url] = await asyncpg.connect(url)
        await _connections[url].execute(_ACT, caller)
    connection, count, after, size = _connections[url], 0, 0, 0
    began = time.monotonic()
    while rows := await connection.fetch(_PAGE, after, page_size):
        size += len(msgspec.json.encode([dict(row) for row in rows]))
        count, after = count + len(rows), rows[-1]["position"]
    return {"operations": count, "seconds": time.monotonic() - began, "bytes": size}


if __name__ == "__main__":
    serve({"read": read})
