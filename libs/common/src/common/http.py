"""The one client for other people's HTTP interfaces: short deadlines, no redirects, one careful retry, bounded answers.

A caller sees JSON or one of three faults (`Unreachable`, `TimedOut`, `BadAnswer`) and decides what they mean; an outage
of somebody else is never an answer about the programme. Who keeps failing is left alone for a moment (promise R36).
"""

import functools
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from common.breaker import Breaker
from common.clock import SystemClock

JsonValue = Any

_CONNECT_SECONDS = 0.5
_READ_SECONDS = 2.0
_POOL_SECONDS = 0.5
KEPT_SECONDS = 3.0
"""How long a connection that nobody uses is kept: less than a service keeps one (uvicorn's five seconds), or a request
would now and then go out on one that is being closed, and be told to nobody."""
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_SECONDS)
_MAX_ANSWER_BYTES = 1_048_576
_RETRY_SHARE = 0.1
_RETRY_BURST = 3.0
_LOWEST_ERROR_STATUS = 400
_LOWEST_REDIRECT_STATUS = 300
_LOWEST_SERVER_ERROR_STATUS = 500
_TEMPORARY_STATUSES = frozenset({502, 503, 504})

_tracer = trace.get_tracer(__name__)
_real_time = SystemClock()


class HttpFault(Exception):
    """The other side gave no usable answer."""


class Unreachable(HttpFault):
    """No connection, or it broke."""


class LeftAlone(Unreachable):
    """It was not asked, since it has been failing: it will be asked again soon."""


class TimedOut(HttpFault):
    """No answer within the deadline: whether the other side acted is unknown."""


class BadAnswer(HttpFault):
    """An answer that is an error, too large or not JSON. `status` is its status code."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """Whatever the other side answered, for a caller that reads statuses and headers itself."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: JsonValue


class HttpClient:
    """One other system. Keep it for the life of the process, and close it."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        connect_timeout_seconds: float = _CONNECT_SECONDS,
        read_timeout_seconds: float = _READ_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = urlsplit(base_url).hostname or base_url
        self._connect = connect_timeout_seconds
        self._timeout = _timeout(read_timeout_seconds, connect_timeout_seconds)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Accept": "application/json", **(headers or {})},
            timeout=self._timeout,
            follow_redirects=False,
            trust_env=False,
            verify=authorities(),
            limits=_LIMITS,
            transport=transport,
        )
        self._retry_budget = _RetryBudget()
        self._breaker = Breaker(monotonic=monotonic)
        self.made_at = _real_time.now()
        """When this client was made, in real time: of what was before it knows nothing."""
        self.reached_at: datetime | None = None
        """When a reading last found the other side well, in real time."""

    @property
    def leaves_alone(self) -> bool:
        """Whether the other side fails so often that it is not asked now, or only tried."""
        return self._breaker.is_open

    async def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> JsonValue:
        """Read; tried a second time when the first found no answer."""
        return await self._ask("GET", path, params=params, headers=headers, retry=True)

    async def post_json(
        self,
        path: str,
        body: JsonValue,
        *,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonValue:
        """Send; tried again only under an idempotency key: without one nobody knows what the first did."""
        sent = dict(headers or {})
        if idempotency_key is not None:
            sent["Idempotency-Key"] = idempotency_key
        return await self._ask("POST", path, body=body, headers=sent, retry=idempotency_key is not None)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: JsonValue = None,
        headers: Mapping[str, str] | None = None,
        read_timeout_seconds: float | None = None,
    ) -> Answer:
        """Send once and hand back any JSON answer, also an error; raises Unreachable, TimedOut or BadAnswer.

        What is to be done may take longer than what is read: `read_timeout_seconds` then counts, for this once.
        """
        status, sent_back, content = await self._exchange(
            method, path, params=None, body=body, headers=headers or {}, read_timeout_seconds=read_timeout_seconds
        )
        return Answer(status, sent_back, _parsed(status, content, host=self._host))

    async def post_form(
        self, path: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form once, as OAuth has it, and hand back any JSON answer; raises Unreachable or TimedOut."""
        status, sent_back, content = await self._exchange(
            "POST", path, params=None, body=None, form=form, headers=headers or {}
        )
        return Answer(status, sent_back, _parsed(status, content, host=self._host))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: JsonValue = None,
        headers: Mapping[str, str] | None = None,
        retry: bool,
    ) -> JsonValue:
        if not self.leaves_alone:
            self._retry_budget.earn()
        try:
            return await self._ask_once(method, path, params=params, body=body, headers=headers)
        except HttpFault as fault:
            temporary = not isinstance(fault, BadAnswer) or fault.status in _TEMPORARY_STATUSES
            if self.leaves_alone or not (retry and temporary and self._retry_budget.spend()):
                raise
        return await self._ask_once(method, path, params=params, body=body, headers=headers)

    async def _ask_once(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: JsonValue,
        headers: Mapping[str, str] | None,
    ) -> JsonValue:
        attributes = {"http.request.method": method, "server.address": self._host}
        with _tracer.start_as_current_span(
            method, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            sent = dict(headers or {})
            propagate.inject(sent)
            try:
                if not self._breaker.enter():
                    raise LeftAlone(f"{self._host} fails too often and is left alone for a moment")
                status, content = await self._watched(method, path, params=params, body=body, headers=sent)
                span.set_attribute("http.response.status_code", status)
                return _decoded(status, content, host=self._host)
            except HttpFault as fault:
                span.set_attribute("error.type", type(fault).__name__)
                span.set_status(StatusCode.ERROR)
                raise

    async def _watched(
        self, method: str, path: str, *, params: Mapping[str, str] | None, body: JsonValue, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """One exchange of which the breaker is told; an answer about the request itself is a good one."""
        try:
            status, _, content = await self._exchange(method, path, params=params, body=body, headers=headers)
        except HttpFault:
            self._breaker.leave(good=False)
            raise
        except BaseException:
            self._breaker.abandon()
            raise
        good = status < _LOWEST_SERVER_ERROR_STATUS
        self._breaker.leave(good=good)
        if good:
            self.reached_at = _real_time.now()
        return status, content

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: JsonValue,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        read_timeout_seconds: float | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        timeout = self._timeout if read_timeout_seconds is None else _timeout(read_timeout_seconds, self._connect)
        try:
            async with self._client.stream(
                method, path, params=params, json=body, data=form, headers=headers, timeout=timeout
            ) as response:
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _MAX_ANSWER_BYTES:
                        raise BadAnswer(f"{self._host} sent more than 1 MiB", status=response.status_code)
                return response.status_code, response.headers, bytes(content)
        except httpx.TimeoutException as error:
            raise TimedOut(f"{self._host} did not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{self._host} cannot be reached: {type(error).__name__}") from error


@functools.cache
def authorities() -> ssl.SSLContext:
    """Who is trusted to vouch for a server: read once per process, since each reading takes as long as ten requests."""
    return httpx.create_ssl_context(trust_env=False)


class _RetryBudget:
    """Allows retries for a tenth of the requests, so that an outage is not answered with twice the load."""

    def __init__(self) -> None:
        self._tokens = _RETRY_BURST

    def earn(self) -> None:
        self._tokens = min(_RETRY_BURST, self._tokens + _RETRY_SHARE)

    def spend(self) -> bool:
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _timeout(read_seconds: float, connect_seconds: float) -> httpx.Timeout:
    return httpx.Timeout(read_seconds, connect=connect_seconds, pool=_POOL_SECONDS)


def _decoded(status: int, content: bytes, *, host: str) -> JsonValue:
    if status >= _LOWEST_REDIRECT_STATUS:
        kind = "an error" if status >= _LOWEST_ERROR_STATUS else "a redirect"
        raise BadAnswer(f"{host} answered with {kind}, status {status}", status=status)
    return _parsed(status, content, host=host)


def _parsed(status: int, content: bytes, *, host: str) -> JsonValue:
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"{host} answered with something that is not JSON", status=status) from error
