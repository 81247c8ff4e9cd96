"""A route that makes something large may take more time than others, as long as it asked for it before its own ran out."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from common.web.edge import GIVE_TIME, Edge


async def _status(first: Callable[[Scope], None]) -> int:
    said: list[Message] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        first(scope)
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [],
    }
    await Edge(slow, root_path="", timeout_seconds=0.02, max_body_bytes=1_000)(scope, receive, send)
    return int(said[0]["status"])


@pytest.mark.parametrize(("seconds", "status"), [(None, 503), (0.001, 503), (30.0, 200)])
async def test_time_is_given_and_never_taken(seconds: float | None, status: int):
    def first(scope: Scope) -> None:
        if seconds is not None:
            scope["state"][GIVE_TIME](seconds)

    assert await _status(first) == status
