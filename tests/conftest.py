"""What every test shares: async tests run on asyncio, in one loop for the whole session, and one set of servers.

Session-wide servers (tests/support/servers.py) hold connections, so their loop must outlive a module.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common import db
from smartfactory.stack.provision import DatabaseUrls
from tests.support.compiling import compile_once
from tests.support.servers import Servers
from tests.support.sharing_out import SharingOut, in_turn

# The driver first asks whether the server would encrypt, and leaves an unheard exception behind where a test cuts it
# off right then; the tests' PostgreSQL does not.
os.environ["PGSSLMODE"] = "disable"
# Forty connections that a test opens at once are not all greeted in a service's two seconds while others are at work.
db._CONNECT_SECONDS = 30.0
compile_once()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharingOut | None:
    return SharingOut(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items[:] = in_turn(items)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def session_servers() -> Iterator[Servers]:
    """The servers of the whole run; a test asks for `servers`."""
    servers = Servers()
    yield servers
    servers.close()


@pytest.fixture
def servers(session_servers: Servers) -> Iterator[Servers]:
    """The shared servers; processes the test started are killed after it."""
    yield session_servers
    session_servers.stop_processes()


@pytest.fixture
def fresh_databases(servers: Servers) -> Iterator[Callable[..., dict[str, DatabaseUrls]]]:
    """`servers.fresh_databases`, with the databases dropped after the test."""
    made: list[DatabaseUrls] = []

    def make(*services: str, migrated: bool = False) -> dict[str, DatabaseUrls]:
        databases = servers.fresh_databases(services, migrated=migrated)
        made.extend(databases.values())
        return databases

    yield make
    servers.stop_processes()
    servers.drop_databases(made)


@pytest.fixture
def topic_prefix(servers: Servers) -> str:
    """A prefix for this test's topics and consumer groups."""
    return servers.topic_prefix()
