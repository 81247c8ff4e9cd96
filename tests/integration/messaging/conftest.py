"""The parcel service's database, migrated, with nothing in it."""

from collections.abc import AsyncIterator, Callable

import pytest

from common.acting import THE_SERVICE
from common.db import Database
from smartfactory.stack.provision import DatabaseUrls
from tests.support.parcels.main import SERVICE
from tests.support.servers import Servers


@pytest.fixture
def urls(servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    servers.have_template(SERVICE)
    return fresh_databases("parcels", migrated=True)["parcels"]


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    opened = Database(urls.application, application_name="tests", acting=THE_SERVICE)
    yield opened
    await opened.dispose()
