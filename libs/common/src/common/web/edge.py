"""The one middleware: request id, deadline, size limit, span, shared headers and the request's log line.

Pure ASGI and outermost, so that also the answers made by the framework's own layers leave in shape.
"""

import asyncio
import logging
import re
import time
from typing import Any

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.event import new_id
from common.web import kinds
from common.web.problems import RETRY_AFTER_SECONDS, problem
from common.web.protocol import HEAD_BYTES_MAX
from common.web.request_span import RequestSpan

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET_PATHS = frozenset({"/livez", "/readyz", "/startupz", "/openmetrics"})
_LENGTH_DIGITS_MAX = 18
_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate", b"baggage"})
_SHARED = (b"x-content-type-options", b"nosniff"), (b"vary", b"Accept-Language")
_STORED_NOWHERE = (b"cache-control", b"no-store")

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
        root_path = self._root_path or scope.get("root_path", "")
        exchange = _Exchange(scope, receive, send, root_path=root_path, max_body_bytes=self._max_body_bytes)
        try:
            async with asyncio.timeout(self._timeout_seconds) as deadline:
                exchange.deadline = deadline
                await self._answer(exchange)
        except TimeoutError:
            if exchange.status is None and exchange.awaits_body:
                await self._refuse(exchange, kinds.REQUEST_TOO_SLOW, {"Connection": "close"})
            elif exchange.status is None:
                await self._refuse(exchange, kinds.DEADLINE_EXCEEDED, {"Retry-After": RETRY_AFTER_SECONDS})
        except Exception as error:  # noqa: BLE001  the outermost layer answers, whatever happened
            _log.exception("a request failed outside of its route: %s", type(error).__name__)
            if exchange.status is None:
                await self._refuse(exchange, kinds.INTERNAL_ERROR, {})
        finally:
            exchange.end()

    async def _answer(self, exchange: "_Exchange") -> None:
        length = exchange.content_length
        address = exchange.scope.get("raw_path", b"") + exchange.scope["query_string"]
        if len(address) + exchange.header_bytes > HEAD_BYTES_MAX:
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

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, root_path: str, max_body_bytes: int) -> None:
        self.content_length, self.header_bytes = "0", 0
        offered, host, carrier = "", "", {}
        for name, value in reversed(scope["headers"]):  # so that of two the first counts
            self.header_bytes += len(name) + len(value)
            if name == b"content-length":
                self.content_length = value.decode("latin-1")
            elif name == b"x-request-id":
                offered = value.decode("latin-1")
            elif name == b"host":
                host = value.decode("latin-1")
            elif name in _TRACE_HEADERS:
                carrier[name.decode()] = value.decode("latin-1")
        self.request_id = offered if _REQUEST_ID.fullmatch(offered) else str(new_id())
        self._state: dict[str, Any] = {**scope.get("state", {}), "request_id": self.request_id}
        # A copy: the server must go on seeing HEAD, while the application answers it as GET.
        self.scope: dict[str, Any] = {**scope, "root_path": root_path, "state": self._state}
        self.status: int | None = None
        self.deadline: asyncio.Timeout | None = None
        self.awaits_body = False
        self._receive, self._send = receive, send
        self._received_bytes, self._max_body_bytes = 0, max_body_bytes
        self._started_at, self._method = time.perf_counter(), scope["method"]
        if self._method == "HEAD":
            self.scope["method"] = "GET"
        self._span = None if scope["path"] in _QUIET_PATHS else RequestSpan(scope, carrier, host)

    async def receive(self) -> Message:
        self.awaits_body = True
        message = await self._receive()
        self.awaits_body = message.get("more_body", False)
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self._max_body_bytes:
            raise HTTPException(status_code=413)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.deadline is not None and not self.deadline.expired():
                # The answer is made; sending it is bound by the client's pace, not by ours.
                self.deadline.reschedule(None)
            message["headers"] = self._with_shared(message["headers"])
        elif message["type"] == "http.response.body" and self._method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    def end(self) -> None:
        """Tell the log and the trace; the last thing that is done."""
        if self._span is None:
            return
        route = getattr(self.scope.get("route"), "path_format", None)
        _log.info(
            "request",
            extra={
                "method": self._method,
                "route": route or "-",
                "status": self.status,
                "duration_ms": round((time.perf_counter() - self._started_at) * 1000, 1),
                "request_id": self.request_id,
            },
        )
        role, failure = self._state.get("role"), self._state.get("failure")
        self._span.end(status=self.status, route=route, role=role, failure=failure)

    def _with_shared(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name for name, _ in headers}
        made = [*headers, (b"x-request-id", self.request_id.encode())]
        if b"cache-control" not in names:
            made.append(_STORED_NOWHERE)
        if b"vary" in names or b"x-content-type-options" in names:
            changed = MutableHeaders(raw=made)
            changed["X-Content-Type-Options"] = "nosniff"
            changed.add_vary_header("Accept-Language")
            return changed.raw
        return [*made, *_SHARED]
