"""The limit of a command: asyncpg alone doing BEGIN, two INSERTs, COMMIT, with nothing around it.

Thirty-two tasks share sixteen connections whose reset is off. `wake` adds what tells the relay of a commit: nothing,
the shipped hint after the commit, or NOTIFY inside the transaction, as many outbox libraries and triggers do it. With
`mix`, every fifth operation reads one row instead.
"""

import asyncio
import time
from typing import Any

import asyncpg

from common.db import Database
from common.event import encode_data, new_id
from tools.bench.applications import READ_EVERY
from tools.bench.events import MOMENT, submitted
from tools.bench.parts import Answer, serve
from tools.bench.tables import INSERT_DOMAIN, INSERT_OUTBOX, READ_DOMAIN

TASKS, CONNECTIONS = 32, 16
_PLAN = '{"project_title": "' + "x" * 100 + '"}'
_EVENT_BYTES = 591
_NOTIFY = "NOTIFY outbox"

_pools: dict[str, Any] = {}
_databases: dict[str, Database] = {}


async def _no_reset(_connection: object) -> None:
    """A reset is a round trip that nobody needs who keeps no session state."""


async def measure(url: str, seconds: float, wake: str = "none", *, mix: bool = False) -> Answer:
    """Commit until the time is up; how many, and in how many seconds."""
    if url not in _pools:
        _pools[url] = await asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS, reset=_no_reset)
        _databases[url] = Database(url, application_name="bench-hint")
    began = time.monotonic()
    pool, database, until = _pools[url], _databases[url], began + seconds
    counts = await asyncio.gather(*(_work(pool, database, wake, until, mix=mix) for _ in range(TASKS)))
    return {"operations": sum(counts), "seconds": time.monotonic() - began}


async def _work(
    pool: Any,  # noqa: ANN401  asyncpg has no types
    database: Database,
    wake: str,
    until: float,
    *,
    mix: bool,
) -> int:
    count, company, application_id = 0, new_id(), new_id()
    while time.monotonic() < until:
        if mix and count % READ_EVERY == READ_EVERY - 1:
            async with pool.acquire() as connection:
                await connection.fetchrow(READ_DOMAIN, application_id)
            count += 1
            continue
        application_id = new_id()
        event = submitted(application_id)
        data = encode_data(event)
        payload = data + b" " * (_EVENT_BYTES - len(data))
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                INSERT_DOMAIN, application_id, company, "JS2", 60_000_000, _PLAN, "SUBMITTED", MOMENT
            )
            await connection.execute(INSERT_OUTBOX, new_id(), event.TYPE, event.TOPIC, application_id, payload)
            if wake == "notify":
                await connection.execute(_NOTIFY)
        if wake == "hint":
            database.wake_relay()
        count += 1
    return count


PGBENCH = f"""
\\set cost random(1, 100000000)
BEGIN;
INSERT INTO domain_row (id, company_id, type_code, total_cost_won, plan, status, created_at)
    VALUES (uuidv7(), uuidv7(), 'JS2', :cost, '{_PLAN}', 'SUBMITTED', now());
INSERT INTO outbox_row (event_id, type, topic, key, payload)
    VALUES (uuidv7(), 'bench', 'bench', uuidv7(), decode(repeat('ab', {_EVENT_BYTES}), 'hex'));
COMMIT;
"""  # noqa: S608  constants of this file
"""The same transaction for pgbench: how far the anchor itself is from what C does."""


if __name__ == "__main__":
    serve({"measure": measure})
