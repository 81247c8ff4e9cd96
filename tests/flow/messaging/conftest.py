"""The parcel service, installed anew for each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.parcels.main import SERVICE
from tests.support.parcels.running import Parcels, installed
from tests.support.servers import Servers


@pytest.fixture
def urls(servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    servers.have_template(SERVICE)
    return fresh_databases("parcels", migrated=True)["parcels"]


@pytest.fixture
async def parcels(servers: Servers, urls: DatabaseUrls, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Parcels]:
    servers.start_by_forking(["tests.support.parcels.main"])
    async with installed(servers, urls, topic_prefix, tmp_path) as made:
        yield made
