"""All databases of an installation as each was at one moment, only to be read: for what judges and for what tells."""

import contextlib
from collections.abc import AsyncIterator, Mapping

import asyncpg

Databases = Mapping[str, asyncpg.Connection]
"""By service, a connection inside a read-only transaction that sees nothing newer than its begin."""


@contextlib.asynccontextmanager
async def snapshots(urls: Mapping[str, str]) -> AsyncIterator[Databases]:
    """Open one transaction in each database, and close them together."""
    async with contextlib.AsyncExitStack() as stack:
        databases = {}
        for service, url in urls.items():
            connection = await asyncpg.connect(url)
            stack.push_async_callback(connection.close)
            await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
            databases[service] = connection
        yield databases
