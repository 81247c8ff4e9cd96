"""Services of their own for odd texts, since what is accepted is stored and would show in others' lists."""

from collections.abc import AsyncIterator, Iterator

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.access.building import BUILT_OF, built_worlds
from tests.support.access.worlds import World
from tests.support.servers import Servers


@pytest.fixture(scope="package")
def world_urls(session_servers: Servers) -> Iterator[dict[str, DatabaseUrls]]:
    urls = session_servers.fresh_databases(BUILT_OF, migrated=True)
    yield urls
    session_servers.drop_databases(list(urls.values()))


@pytest.fixture(scope="package")
async def worlds(world_urls: dict[str, DatabaseUrls]) -> AsyncIterator[dict[str, World]]:
    async with built_worlds(world_urls) as built:
        yield built
