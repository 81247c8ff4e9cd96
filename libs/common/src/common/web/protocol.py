"""uvicorn's HTTP protocol with the bounds that it leaves to a gateway, for whoever reaches a service without one.

A request's head has to come whole, in time and within a size; what is no HTTP is answered as a problem; and after an
answer that did not wait for the request's end, the rest is passed over for a moment: a short one costs nobody the
connection, and of a long one the sender has time to read the answer before it is cut.
"""

import asyncio
import logging
from typing import Any, ClassVar

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from common.event import new_id
from common.web import kinds
from common.web.kinds import ProblemKind
from common.web.problems import come_again, problem

HEAD_BYTES_MAX = 98_304
"""Request line and headers together; a request that keeps to it may still be refused for what they say."""

_LISTEN_SECONDS = 2.0
_LISTEN_BYTES_MAX = 524_288

_log = logging.getLogger(__name__)


def careful_protocol(*, head_seconds: float, connections_max: int, root_path: str = "") -> type[HttpToolsProtocol]:
    """The protocol class to hand to uvicorn as `http`."""
    bounds = {"head_seconds": head_seconds, "connections_max": connections_max, "problem_root": root_path}
    return type("BoundProtocol", (_CarefulProtocol,), bounds)


class _CarefulProtocol(HttpToolsProtocol):
    """One connection."""

    head_seconds: ClassVar[float]
    connections_max: ClassVar[int]
    problem_root: ClassVar[str]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True
        self._deaf = False
        self._passed_over: int | None = None
        self._listened: int | None = None
        super().connection_made(transport)
        if len(self.connections) > self.connections_max:
            # Not listened to for a moment: that would hold what there is too little of.
            self._answer(kinds.SERVICE_BUSY, {"Retry-After": come_again()})
            self.transport.close()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._listen(data)
            return
        if self._passed_over is not None:
            self._passed_over += len(data)
            if self._passed_over > _LISTEN_BYTES_MAX:
                self.part()
                return
        self._head_bytes += len(data)
        super().data_received(data)
        self._measure_head()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's signature; its words are not ours
        cycle = self._under_way
        if cycle is None or cycle.response_complete:
            self._refuse(kinds.REQUEST_MALFORMED)
        elif cycle.more_body and not cycle.response_started and not self.pipeline:
            # The body of the request under way is broken: it has no other answer than this.
            cycle.disconnected = True
            cycle.message_event.set()
            self._refuse(kinds.REQUEST_MALFORMED)
        else:
            # What came whole before it is served and told: the answer to that is the last one.
            self._deaf = True
            if cycle.more_body and self.pipeline:
                self.pipeline.popleft()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._forget_timer()
        before = self._under_way
        super().on_headers_complete()
        if self._under_way is not before:
            self.cycle.transport = _PatientTransport(self, self.cycle)  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0
        if self._passed_over is not None:
            self._passed_over = None
            self._forget_timer()
            self._expect_head()

    def on_response_complete(self) -> None:
        if self._listened is not None:
            return
        if self._deaf and not self.pipeline:
            self.part()
            return
        super().on_response_complete()
        cycle = self._under_way
        if cycle is not None and cycle.response_complete and cycle.more_body:
            # The answer did not wait for the whole request: what else comes is of no use, and may never end.
            self._passed_over = 0
            self._forget_timer()
            self._head_timer = self.loop.call_later(_LISTEN_SECONDS, self.part)

    def part(self) -> None:
        """Close the connection: at once, or after a moment when the client is still busy sending."""
        if self._listened is not None or self.transport.is_closing():
            return
        cycle = self._under_way
        if cycle is not None and not cycle.more_body:
            self.transport.close()
            return
        self._deaf, self._listened = True, 0
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._forget_timer()
        self._head_timer = self.loop.call_later(_LISTEN_SECONDS, self.transport.close)

    @property
    def _under_way(self) -> RequestResponseCycle | None:
        """The last request that was begun; uvicorn's annotation passes over the time before the first."""
        return self.cycle

    def _expect_head(self) -> None:
        self._in_head = True
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _measure_head(self) -> None:
        if self._in_head and not self._deaf and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(kinds.HEADERS_TOO_LARGE)

    def _head_is_late(self) -> None:
        self._head_timer = None
        cycle = self._under_way
        if cycle is not None and not cycle.response_complete:
            # A pipelined request: it is nobody's turn to be late while the one before it is served.
            self._expect_head()
        elif self.transport.is_closing():
            return
        elif self._head_bytes:
            self._refuse(kinds.REQUEST_TOO_SLOW)
        else:
            self.transport.close()

    def _listen(self, data: bytes) -> None:
        if self._listened is None:
            return
        self._listened += len(data)
        if self._listened > _LISTEN_BYTES_MAX:
            self.transport.close()

    def _refuse(self, kind: ProblemKind) -> None:
        """Answer what never became a request, and have done with the connection."""
        self._answer(kind, {})
        self.cycle = None  # type: ignore[assignment]
        self.part()

    def _answer(self, kind: ProblemKind, headers: dict[str, str]) -> None:
        _log.info("what came was not taken as a request", extra={"status": kind.status, "reason": kind.code})
        answer = problem(Request(self._scope()), kind, facts=_facts(kind), headers={"Connection": "close", **headers})
        lines = [name + b": " + value + b"\r\n" for name, value in answer.raw_headers]
        self.transport.write(b"".join([STATUS_LINE[kind.status], *lines, b"\r\n", bytes(answer.body)]))

    def _scope(self) -> dict[str, Any]:
        state = {"request_id": str(new_id())}
        headers: list[tuple[bytes, bytes]] | None = self.headers
        return {"type": "http", "path": "/", "root_path": self.problem_root, "headers": headers or [], "state": state}

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _PatientTransport:
    """The transport as a request under way sees it: closing it leaves the client the time to read the answer.

    One that is broken off has no end to wait for: its reader may never come to it.
    """

    def __init__(self, protocol: _CarefulProtocol, cycle: RequestResponseCycle) -> None:
        self.write, self.is_closing = protocol.transport.write, protocol.transport.is_closing
        self._protocol, self._cycle = protocol, cycle

    def close(self) -> None:
        if self._cycle.response_started and not self._cycle.response_complete:
            self._protocol.transport.abort()
        else:
            self._protocol.part()


def _facts(kind: ProblemKind) -> dict[str, object]:
    return {"limit_bytes": HEAD_BYTES_MAX} if kind is kinds.HEADERS_TOO_LARGE else {}
