"""The parcel service for drills of the messaging, on the shared broker or on three of its own."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.cluster import Cluster
from tests.support.parcels.main import SERVICE
from tests.support.parcels.running import Parcels, installed
from tests.support.servers import Servers


@pytest.fixture
def urls(servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    servers.have_template(SERVICE)
    return fresh_databases("parcels", migrated=True)["parcels"]


@pytest.fixture
async def parcels(servers: Servers, urls: DatabaseUrls, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Parcels]:
    async with installed(servers, urls, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster", brokers=3)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def clustered(
    servers: Servers, urls: DatabaseUrls, topic_prefix: str, tmp_path: Path, cluster: Cluster
) -> AsyncIterator[Parcels]:
    """The parcel service on three brokers, each record on three disks, two of which must have it."""
    async with installed(servers, urls, topic_prefix, tmp_path, brokers=cluster.bootstrap_servers, replicas=3) as made:
        yield made
