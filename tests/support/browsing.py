"""A service's pages on a real port for a real browser, in the loop of the tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from smartfactory.stack.ports import LOOPBACK, free_port
from tests.support.listening import Listener
from tests.support.waiting import eventually
from tools.browser import EVERY_LOOK, Browser, Seen

LANGUAGES = ("ko", "en")


@asynccontextmanager
async def at_an_origin(running: Listener, *, port: int | None = None) -> AsyncIterator[str]:
    """The origin at which the service answers, without a gateway: its pages have the same addresses there."""
    assert running.app is not None
    port = port or free_port()
    config = uvicorn.Config(running.app, host=LOOPBACK, port=port, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    # `serve` would take the signals of the tests' own process.
    task = asyncio.create_task(server._serve())
    try:
        await eventually(lambda: server.started, what="the pages are served")
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        await task


def signed_in(running: Listener, role: str, tenant: str) -> Listener:
    """The service as somebody sees it whose browser brings a token along."""
    token = running.issuer.headers(role=role, tenant=tenant)["Authorization"]
    app: Any = running.app

    async def with_token(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "headers": [*scope["headers"], (b"authorization", token.encode())]}, receive, send)

    return replace(running, app=cast("FastAPI", with_token))


async def in_both_languages(browser: Browser, origin: str, path: str, **visit: object) -> dict[str, Seen]:
    """The page in Korean and in English, in both colour schemes, on a phone and on a desk; it must have no fault."""
    seen = {}
    for language in LANGUAGES:
        asked = f"{origin}{path}{'&' if '?' in path else '?'}lang={language}"
        page = await browser.visit(asked, looks=EVERY_LOOK, **visit)  # type: ignore[arg-type]
        assert (page.status, page.language) == (200, language), page.text
        assert page.faults(origin) == [], asked
        seen[language] = page
    return seen
