"""The notebook on a real PostgreSQL, behind a client that keeps to nothing but HTTP."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import update

from common.acting import THE_SERVICE
from common.api import build_app
from common.clock import FixedClock
from common.db import Database
from common.settings import ServiceSettings
from smartfactory.stack.provision import DatabaseUrls
from tests.integration.web.notebook.main import SERVICE, WRITER
from tests.integration.web.notebook.process import ISSUED, Running
from tests.integration.web.notebook.tables import NoteRow
from tests.support.documented import documented
from tests.support.key_server import serving_keys
from tests.support.servers import Servers
from tests.support.tokens import Issuer

CLOCK = FixedClock(datetime(2024, 5, 1, 1, 0, tzinfo=UTC))


class Notebook:
    """The running application and one good writer."""

    def __init__(self, client: httpx2.AsyncClient, database: Database, issuer: Issuer) -> None:
        self.client, self.database, self.issuer = client, database, issuer

    def headers(self, *, key: str | None = "", subject: str = "someone", **more: str) -> dict[str, str]:
        """A writer's headers; a fresh key unless one is given, none at all for `key=None`."""
        keys = {} if key is None else {"Idempotency-Key": key or str(uuid.uuid4())}
        return {**self.issuer.headers(role=WRITER, tenant="t-1", subject=subject), **keys, **more}

    async def write(self, text: str = "a note", *, key: str = "", subject: str = "someone", **body: Any):
        return await self.client.post(
            "/v1/notes",
            json={"text": text, "price_won": 100, **body},
            headers=self.headers(key=key, subject=subject),
        )

    async def rename(self, note_id: str, author: str) -> None:
        """Have another writer be the author, as a change that takes a row off a list."""
        async with self.database.transaction() as tx:
            await tx.execute(update(NoteRow).where(NoteRow.id == uuid.UUID(note_id)).values(author=author))


@pytest.fixture(scope="session")
def database_urls(session_servers: Servers) -> DatabaseUrls:
    session_servers.have_template(SERVICE)
    return session_servers.fresh_databases(["notebook"], migrated=True)["notebook"]


@pytest.fixture
def settings(database_urls: DatabaseUrls) -> ServiceSettings:
    return ServiceSettings(app_env="test", database_url=database_urls.application, max_body_bytes=20_000)


@pytest.fixture
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    opened = Database(database_urls.application, application_name="tests")
    yield opened
    await opened.dispose()


@pytest.fixture
async def workers(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The database as the worker's jobs have it: opened for the service."""
    opened = Database(database_urls.application, application_name="tests", acting=THE_SERVICE)
    yield opened
    await opened.dispose()


@pytest.fixture
async def notebook(settings: ServiceSettings, database: Database) -> AsyncIterator[Notebook]:
    issuer = Issuer()
    app = build_app(SERVICE, settings, clock=CLOCK, database=database, verifier=issuer.verifier())
    async with (
        LifespanManager(app),
        httpx2.AsyncClient(
            event_hooks=documented(app),
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://notebook.test",
        ) as client,
    ):
        yield Notebook(client, database, issuer)


@pytest.fixture(scope="module")
def jwks_url() -> Iterator[str]:
    with serving_keys(ISSUED) as keys:
        yield keys.jwks_url


@pytest.fixture
def own_database(servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    servers.have_template(SERVICE)
    return fresh_databases("notebook", migrated=True)["notebook"]


@pytest.fixture(scope="session")
def forking(session_servers: Servers) -> None:
    """Notebook processes are forked: each is one of its own, and none imports everything anew."""
    session_servers.start_by_forking(["tests.integration.web.notebook.main"])


@pytest.fixture
def running(servers: Servers, own_database: DatabaseUrls, jwks_url: str, forking: None) -> Iterator[Running]:
    with Running(servers, own_database, jwks_url) as made:
        yield made
