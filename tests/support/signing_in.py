"""People who sign in: the real issuer over real HTTP, metrics' pages that believe it, and browsers with their cookies."""

import contextlib
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import uvicorn
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from common.acting import THE_SERVICE
from common.api import build_app
from common.clock import FixedClock
from common.db import Database
from metrics.main import SERVICE
from smartfactory.issuer.app import ADMIN_HEADER, IssuerOptions, build_issuer
from smartfactory.issuer.authorization import Client
from smartfactory.stack import ports
from smartfactory.stack.provision import DatabaseUrls
from tests.support.connections import kept
from tests.support.listening import NOW
from tests.support.waiting import eventually_now

PAGES_ORIGIN = "http://pages.test"
CLIENT_ID, CLIENT_SECRET = "smartfactory-pages", "the pages' own secret: 100%"


def client_at(origin: str) -> Client:
    """The pages as the issuer knows them, when people open them there."""
    return Client(
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        redirect_uris=(f"{origin}/signed-in",),
        post_logout_redirect_uris=(f"{origin}/signed-out",),
    )


CLIENT = client_at(PAGES_ORIGIN)
OFFICER = "province.officer:52:province-officer"
WANJU = "municipality.officer:52710:officer-52710"
OPERATOR = "technopark.operator:jtp:technopark-operator"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
_SECRET = "the-secret-of-the-data-directory"


@dataclass
class LocalIssuer:
    """The issuer on loopback; its time can be moved, and it can be away."""

    address: str
    directory: Path
    client: Client = CLIENT
    ahead_seconds: float = 0.0
    server: uvicorn.Server | None = None
    thread: threading.Thread | None = None

    def start(self) -> None:
        options = IssuerOptions(
            app_env="test",
            issuer=self.address,
            audience="smartfactory",
            directory=self.directory,
            admin_secret=_SECRET,
            client=self.client,
            real_time=lambda: time.time() + self.ahead_seconds,
        )
        port = urlsplit(self.address).port
        assert port is not None
        server = uvicorn.Server(
            uvicorn.Config(build_issuer(options), host="127.0.0.1", port=port, log_level="error", lifespan="off")
        )
        self.server, self.thread = server, threading.Thread(target=server.run, daemon=True)
        self.thread.start()
        eventually_now(lambda: server.started, what="the issuer answers")

    def stop(self) -> None:
        if self.server is not None and self.thread is not None:
            self.server.should_exit = True
            self.thread.join(20)
            self.server = None

    def tell_people(self, *people: Mapping[str, str]) -> None:
        answer = httpx2.put(
            f"{self.address}/local/people", json=list(people), headers={ADMIN_HEADER: _SECRET}, timeout=30
        )
        assert answer.status_code == 204, answer.text


@contextlib.contextmanager
def local_issuer(directory: Path, *, pages_origin: str = PAGES_ORIGIN) -> Iterator[LocalIssuer]:
    """An issuer with fresh keys, started; it sends people back to the pages at that origin."""
    made = LocalIssuer(f"http://127.0.0.1:{ports.free_port()}", directory, client_at(pages_origin))
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Form(HTMLParser):
    """The forms of a page: where each is sent, and its hidden fields."""

    def __init__(self, page: httpx2.Response) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        if tag == "form":
            self._fields = self.forms[of.get("action") or ""] = {}
        elif tag in {"input", "textarea"} and of.get("name"):
            self._fields[str(of["name"])] = of.get("value") or ""


@dataclass
class Browser:
    """One person's browser: it keeps cookies and goes where it is sent, one step at a time."""

    pages: httpx2.AsyncClient
    issuer: httpx2.AsyncClient
    seen: list[str] = field(default_factory=list)

    async def open(self, path: str) -> httpx2.Response:
        return await self.pages.get(path, headers=HTML)

    async def send(self, path: str, form: Mapping[str, str], origin: str | None = PAGES_ORIGIN) -> httpx2.Response:
        headers = HTML if origin is None else {**HTML, "Origin": origin}
        return await self.pages.post(path, data=dict(form), headers=headers)

    async def to_issuer(self, path: str = "/sign-in") -> str:
        """Begin to sign in; the address of the issuer's page."""
        answer = await self.open(path)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def choose(self, address: str, person: str) -> str:
        """Choose a person on the issuer's page; where the browser is sent back to."""
        page = await self.issuer.get(address)
        assert page.status_code == 200, page.text
        kept = Form(page).forms["authorize"]
        chosen = await self.issuer.post(address.partition("?")[0], data={**kept, "person": person})
        assert chosen.status_code == 303, chosen.text
        return chosen.headers["location"]

    async def sign_in(self, person: str, path: str = "/sign-in") -> httpx2.Response:
        """All of it; the answer that sets the session."""
        back = await self.choose(await self.to_issuer(path), person)
        return await self.pages.get(back, headers=HTML)


@dataclass
class Pages:
    """Metrics' API with an issuer that is really asked, and the service's own view of its database."""

    app: FastAPI
    issuer: LocalIssuer
    database: Database
    clock: FixedClock

    @contextlib.asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        transport = httpx2.ASGITransport(self.app)
        async with (
            httpx2.AsyncClient(transport=transport, base_url=PAGES_ORIGIN) as pages,
            httpx2.AsyncClient(timeout=30, limits=kept()) as issuer,
        ):
            yield Browser(pages, issuer)


@contextlib.asynccontextmanager
async def pages_with(issuer: LocalIssuer, urls: DatabaseUrls, **settings: object) -> AsyncIterator[Pages]:
    """The pages over a migrated database, as people meet them."""
    config = SERVICE.settings(
        app_env="test",
        database_url=urls.application,  # type: ignore[arg-type]
        issuer=issuer.address,
        jwks_url=f"{issuer.address}/jwks.json",
        **{
            "pages_origin": PAGES_ORIGIN,
            "sign_in_discovery_url": f"{issuer.address}/.well-known/openid-configuration",
            "sign_in_client_id": CLIENT_ID,
            "sign_in_client_secret": CLIENT_SECRET,
            **settings,
        },  # type: ignore[arg-type]
    )
    clock = FixedClock(NOW)
    callers = Database(urls.application, application_name="tests")
    database = Database(urls.application, application_name="tests", acting=THE_SERVICE)
    app = build_app(SERVICE, config, clock=clock, database=callers)
    async with LifespanManager(app):
        yield Pages(app, issuer, database, clock)
    await callers.dispose()
    await database.dispose()


def query_of(address: str) -> dict[str, str]:
    """What an address says after its question mark."""
    return dict(parse_qsl(urlsplit(address).query))


def said(page: httpx2.Response) -> str:
    """The text of a page, without its elements."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())
