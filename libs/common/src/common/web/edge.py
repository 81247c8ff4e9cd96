"""The one middleware: request id, deadline, size limit, shared headers and the request's log line.

Pure ASGI and outermost, so that also the answers made by the framework's own layers leave in shape.
"""

import asyncio
import logging
import re
import time
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.event import new_id
from common.web import kinds
from common.web.problems import come_again, problem
from common.web.protocol import HEAD_BYTES_MAX

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET_PATHS = frozenset({"/livez", "/readyz", "/startupz", "/openmetrics"})
_LENGTH_DIGITS_MAX = 18

GIVE_TIME = "give_time"
"""What of a request's state lets a route that makes something large take more time than others do, in seconds."""

_log = logging.getLogger(__name__)


class Edge:
    """Wraps the whole application; see the module."""

    def __init__(self, app: ASGIApp, *, root_path: str, timeout_seconds: float, max_body_bytes: int) -> None:
        self.app = app
        self._root_path, self._timeout_seconds, self._max_body_bytes = root_path, timeout_seconds, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange({**scope, "root_path": self._root_path or scope.get("root_path", "")}, receive, send)
        try:
            async with asyncio.timeout(self._timeout_seconds) as deadline:
                exchange.deadline = deadline
                await self._answer(exchange)
        except TimeoutError:
            if exchange.status is None and exchange.awaits_body:
                await self._refuse(exchange, kinds.REQUEST_TOO_SLOW, {"Connection": "close"})
            elif exchange.status is None:
                await self._refuse(exchange, kinds.DEADLINE_EXCEEDED, {"Retry-After": come_again()})
        except Exception as error:  # noqa: BLE001  the outermost layer answers, whatever happened
            # The framework has answered and logged it, and raises it again for a server that would log it once more.
            if exchange.status is None:
                _log.exception("a request failed before any answer: %s", type(error).__name__)
                await self._refuse(exchange, kinds.INTERNAL_ERROR, {})
        finally:
            exchange.log()

    async def _answer(self, exchange: "_Exchange") -> None:
        headers = Headers(scope=exchange.scope)
        length = headers.get("content-length", "0")
        address = exchange.scope.get("raw_path", b"") + exchange.scope["query_string"]
        if _head_bytes(exchange.scope) > HEAD_BYTES_MAX:
            await self._refuse(exchange, kinds.HEADERS_TOO_LARGE, {"Connection": "close"})
        elif not (length.isascii() and length.isdecimal()) or b"%00" in address:
            await self._refuse(exchange, kinds.REQUEST_MALFORMED, {})
        elif len(length) > _LENGTH_DIGITS_MAX or int(length) > self._max_body_bytes:
            await self._refuse(exchange, kinds.BODY_TOO_LARGE, {"Connection": "close"})
        else:
            await self.app(exchange.scope, exchange.receive, exchange.send)

    async def _refuse(self, exchange: "_Exchange", kind: kinds.ProblemKind, headers: dict[str, str]) -> None:
        limits = {kinds.BODY_TOO_LARGE: self._max_body_bytes, kinds.HEADERS_TOO_LARGE: HEAD_BYTES_MAX}
        facts = {"limit_bytes": limits[kind]} if kind in limits else {}
        response = problem(Request(exchange.scope), kind, facts=facts, headers=headers)
        await response(exchange.scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and what became of it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        offered = Headers(scope=scope).get("x-request-id", "")
        self.request_id = offered if _REQUEST_ID.fullmatch(offered) else str(new_id())
        # A copy: the server must go on seeing HEAD, while the application answers it as GET.
        self.scope: dict[str, Any] = {**scope, "state": {**scope.get("state", {}), "request_id": self.request_id}}
        self.status: int | None = None
        self.deadline: asyncio.Timeout | None = None
        self.awaits_body = False
        self._receive, self._send = receive, send
        self.scope["state"][GIVE_TIME] = self.give_time
        self._started_at, self._method = time.perf_counter(), scope["method"]
        if self._method == "HEAD":
            self.scope["method"], self.scope["state"]["headers_only"] = "GET", True

    def give_time(self, seconds: float) -> None:
        """Let this request take so long from now on, where that is more than it has."""
        until = asyncio.get_running_loop().time() + seconds
        if self.deadline is not None and not self.deadline.expired() and until > (self.deadline.when() or until):
            self.deadline.reschedule(until)

    async def receive(self) -> Message:
        self.awaits_body = True
        message = await self._receive()
        self.awaits_body = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.deadline is not None and not self.deadline.expired():
                # The answer is made; sending it is bound by the client's pace, not by ours.
                self.deadline.reschedule(None)
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            headers["X-Content-Type-Options"] = "nosniff"
            headers.add_vary_header("Accept-Language")
            headers.setdefault("Cache-Control", "no-store")
        elif message["type"] == "http.response.body" and self._method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    def log(self) -> None:
        path: str = self.scope["path"]
        if path in _QUIET_PATHS:
            return
        route = self.scope.get("route")
        _log.info(
            "request",
            extra={
                "method": self._method,
                "route": getattr(route, "path_format", None) or "-",
                "status": self.status,
                "duration_ms": round((time.perf_counter() - self._started_at) * 1000, 1),
                "request_id": self.request_id,
            },
        )


def _head_bytes(scope: Scope) -> int:
    """The size of the request line and the headers as they were sent, blanks around a value apart.

    The protocol measures a head that is still coming; one that arrives whole in a single read is met here alone.
    """
    query = scope["query_string"]
    target = len(scope.get("raw_path", b"")) + (len(query) + 1 if query else 0)
    request_line = len(f"{scope['method']}  HTTP/{scope['http_version']}\r\n") + target
    return request_line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"]) + len("\r\n")
