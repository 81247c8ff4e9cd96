"""A funding service per test: its own database, its own clock, real PostgreSQL."""

from collections.abc import AsyncIterator, Callable

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.funding import Funding, running_funding
from tests.support.servers import Servers


@pytest.fixture
async def funding(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Funding]:
    async with running_funding(fresh_databases("funding", migrated=True)["funding"]) as started:
        yield started


@pytest.fixture(scope="module")
async def shared(session_servers: Servers) -> AsyncIterator[Funding]:
    """One service for all tests of a file that leave nothing behind."""
    urls = session_servers.fresh_databases(["funding"], migrated=True)["funding"]
    async with running_funding(urls) as started:
        yield started
    session_servers.drop_databases([urls])
