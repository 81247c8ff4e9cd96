"""A relay as the pattern's description reads: take a row, send it, wait, mark it, take the next."""

import time
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from tools.bench.events import producer
from tools.bench.parts import Answer, serve

_NEXT = "SELECT id, key, payload FROM outbox_row WHERE published_at IS NULL ORDER BY id LIMIT 1"
_MARK = "UPDATE outbox_row SET published_at = now() WHERE id = $1"
_FILL = """
    INSERT INTO outbox_row (event_id, type, topic, key, payload)
    SELECT uuidv7(), 'bench', $1, uuidv7(), decode(repeat('61', 591), 'hex') FROM generate_series(1, $2)
"""

_links: dict[str, tuple[Any, AIOKafkaProducer]] = {}


async def one_by_one(bootstrap_servers: str, url: str, topic: str, count: int) -> Answer:
    """So many rows, each its own round of select, send_and_wait and update."""
    if url not in _links:
        sender = producer(bootstrap_servers)
        await sender.start()
        _links[url] = (await asyncpg.connect(url), sender)
    connection, sender = _links[url]
    await connection.execute(_FILL, topic, count)
    sent, began = 0, time.monotonic()
    while (row := await connection.fetchrow(_NEXT)) is not None:
        await sender.send_and_wait(topic, key=str(row["key"]).encode(), value=row["payload"])
        await connection.execute(_MARK, row["id"])
        sent += 1
    return {"operations": sent, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    serve({"one_by_one": one_by_one})
