"""The four services in this process on real PostgreSQL, each built once for all requests of the matrix."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.support.access.applicant import applicant_world
from tests.support.access.funding import funding_world
from tests.support.access.listeners import mentoring_world, metrics_world
from tests.support.access.parked import with_parked_event
from tests.support.access.worlds import World
from tests.support.servers import Servers

_WORLDS = {
    "applicant": applicant_world,
    "funding": funding_world,
    "mentoring": mentoring_world,
    "metrics": metrics_world,
}


@pytest.fixture(scope="package")
async def worlds(session_servers: Servers) -> AsyncIterator[dict[str, World]]:
    urls = session_servers.fresh_databases(tuple(_WORLDS), migrated=True)
    async with AsyncExitStack() as stack:
        built = {name: await stack.enter_async_context(world(urls[name])) for name, world in _WORLDS.items()}
        yield {name: await with_parked_event(world) for name, world in built.items()}
    session_servers.drop_databases(list(urls.values()))
