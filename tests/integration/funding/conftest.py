"""A funding service per test: its own database, its own clock, real PostgreSQL."""

from collections.abc import AsyncIterator, Callable

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.funding import Funding, running_funding


@pytest.fixture
async def funding(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Funding]:
    async with running_funding(fresh_databases("funding", migrated=True)["funding"]) as started:
        yield started
