"""A funding service per test: its own database, its own clock, real PostgreSQL."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from asgi_lifespan import LifespanManager

from common.clock import FixedClock
from common.db import Database
from common.service import build_app
from funding.main import SERVICE
from funding.settings import Settings
from smartfactory.stack.provision import DatabaseUrls
from tests.support.funding import NOW, Funding
from tests.support.tokens import Issuer


@pytest.fixture
async def funding(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Funding]:
    """A funding service of this test's own."""
    urls = fresh_databases("funding", migrated=True)["funding"]
    clock, issuer = FixedClock(NOW), Issuer()
    database = Database(urls.application, application_name="funding-test", pool_size=40, pool_timeout_seconds=30)
    owner = Database(urls.owner, application_name="examiner", pool_size=5)
    settings = Settings(app_env="test", database_url=urls.application)  # type: ignore[arg-type]
    app = build_app(SERVICE, settings, clock=clock, database=database, verifier=issuer.verifier())
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://funding.test") as http,
    ):
        yield Funding(urls, database, owner, clock, http, issuer)
    await database.dispose()
    await owner.dispose()
