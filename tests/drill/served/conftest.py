"""All services as processes, each with the things of two owners, watched from inside: started once for these drills."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.access.building import BUILT_OF
from tests.support.access.served import Served, served
from tests.support.servers import Servers
from tests.support.watching_loops import LoopWatch

_ORDER = ("test_r34_canaries.py", "test_r37_event_loop.py", "test_r29_injection.py")
"""What needs cases as they were made comes first; thousands of requests wear them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [at for at, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[at] for at in here), key=lambda item: _place(item.path.name))
    for at, item in zip(here, ordered, strict=True):
        items[at] = item


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else -1


@pytest.fixture(scope="package")
def loop_watch(tmp_path_factory: pytest.TempPathFactory) -> LoopWatch:
    return LoopWatch(tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="package")
def served_urls(session_servers: Servers) -> Iterator[dict[str, DatabaseUrls]]:
    urls = session_servers.fresh_databases(BUILT_OF, migrated=True)
    yield urls
    session_servers.drop_databases(list(urls.values()))


@pytest.fixture(scope="package")
async def services(
    session_servers: Servers,
    served_urls: dict[str, DatabaseUrls],
    loop_watch: LoopWatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Served]:
    async with served(session_servers, served_urls, tmp_path_factory.mktemp("served"), env=loop_watch.env) as running:
        yield running
