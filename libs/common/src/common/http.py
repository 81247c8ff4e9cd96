"""The one client for other people's HTTP interfaces: short deadlines, no redirects, one careful retry, bounded answers.

A caller sees JSON or one of three faults (`Unreachable`, `TimedOut`, `BadAnswer`) and decides what they mean; an outage
of somebody else is never an answer about the programme. Who keeps failing is left alone for a moment (promise R36).
`PublicClient` is for addresses that others have named: it reaches the public internet only (promise R31).
"""

import asyncio
import contextlib
import functools
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from common.addresses import NotPublic, PublicNames, Resolve
from common.breaker import Breaker

JsonValue = Any

_CONNECT_SECONDS = 0.5
_READ_SECONDS = 2.0
_POOL_SECONDS = 0.5
_MAX_ANSWER_BYTES = 1_048_576
_RETRY_SHARE = 0.1
_RETRY_BURST = 3.0
_LOWEST_ERROR_STATUS = 400
_LOWEST_REDIRECT_STATUS = 300
_LOWEST_SERVER_ERROR_STATUS = 500
_TEMPORARY_STATUSES = frozenset({502, 503, 504})
_PUBLIC_CONNECT_SECONDS = 3.0
_EXCERPT_BYTES = 512
_EXCERPT_SECONDS = 1.0
_ADDRESSES_TRIED = 3

_tracer = trace.get_tracer(__name__)


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


class AddressRefused(HttpFault):
    """The name stands for an address that is none of the public internet: nothing was sent, nor connected to."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody unknown answered: a status, when to come again if it says so, and how a refusal begins."""

    status: int
    retry_after: str | None
    excerpt: bytes


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
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Accept": "application/json", **(headers or {})},
            timeout=httpx.Timeout(read_timeout_seconds, connect=connect_timeout_seconds, pool=_POOL_SECONDS),
            follow_redirects=False,
            trust_env=False,
            verify=_authorities(),
            transport=transport,
        )
        self._retry_budget = _RetryBudget()
        self._breaker = Breaker(monotonic=monotonic)

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
        self, method: str, path: str, *, body: JsonValue = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send once and hand back any JSON answer, also an error; raises Unreachable or TimedOut."""
        status, sent_back, content = await self._exchange(method, path, params=None, body=body, headers=headers or {})
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
        self._breaker.leave(good=status < _LOWEST_SERVER_ERROR_STATUS)
        return status, content

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: JsonValue,
        headers: Mapping[str, str],
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            async with self._client.stream(method, path, params=params, json=body, headers=headers) as response:
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
def _authorities() -> ssl.SSLContext:
    """Who is trusted to vouch for a server: read once per process, since each reading takes as long as ten requests."""
    return httpx.create_ssl_context(trust_env=False)


class PublicClient:
    """Sends to addresses that others have named, each request by itself: nothing is followed, kept or asked twice.

    A name is looked up once, every address it stands for must be public, and the connection goes to one of those that
    were looked at: whoever answers the next question about the name otherwise gains nothing by it. With `loopback`
    this machine may be reached too, for installations that are all on one.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float,
        connect_timeout_seconds: float = _PUBLIC_CONNECT_SECONDS,
        loopback: bool = False,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._names = PublicNames(loopback=loopback, resolve=resolve)
        # A connection that was left open belongs to an address, not to the name that it was checked for.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        inner = transport or httpx.AsyncHTTPTransport(verify=trust or _authorities(), trust_env=False, limits=limits)
        self._client = httpx.AsyncClient(
            headers={"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"},
            timeout=httpx.Timeout(deadline_seconds, connect=connect_timeout_seconds),
            follow_redirects=False,
            trust_env=False,
            transport=_CheckedTransport(inner, self._names),
        )

    async def post(self, url: str, content: bytes, *, headers: Mapping[str, str]) -> Heard:
        """Send once; raises AddressRefused, Unreachable, or TimedOut when no status came within the deadline."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError as error:
            raise Unreachable("this is no address") from error
        attributes = {"http.request.method": "POST", "server.address": host}
        with _tracer.start_as_current_span(
            "POST", kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                heard = await self._post(url, content, headers)
            except HttpFault as fault:
                span.set_attribute("error.type", type(fault).__name__)
                span.set_status(StatusCode.ERROR)
                raise
            span.set_attribute("http.response.status_code", heard.status)
            return heard

    async def aclose(self) -> None:
        await self._client.aclose()
        self._names.close()

    async def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Heard:
        try:
            async with (
                asyncio.timeout(self._deadline_seconds),
                self._client.stream("POST", url, content=content, headers=headers) as response,
            ):
                refused = response.status_code >= _LOWEST_REDIRECT_STATUS
                excerpt = await _beginning(response) if refused else b""
                return Heard(response.status_code, response.headers.get("retry-after"), excerpt)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOut("no answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"cannot be reached: {type(error).__name__}") from error


class _CheckedTransport(httpx.AsyncBaseTransport):
    """Looks a name up, checks each of its addresses, and lets the request go to one of those and nowhere else."""

    def __init__(self, inner: httpx.AsyncBaseTransport, names: PublicNames) -> None:
        self._inner = inner
        self._names = names

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            tried = (await self._names.addresses(host, port))[:_ADDRESSES_TRIED]
        except NotPublic as error:
            raise AddressRefused("the name stands for an address that is not public") from error
        except OSError as error:
            raise Unreachable("the name is not known") from error
        for address in tried[:-1]:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._inner.handle_async_request(_bound_for(request, host, address))
        return await self._inner.handle_async_request(_bound_for(request, host, tried[-1]))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _bound_for(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """The same request to an address itself; its Host header and the certificate it wants are those of the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


async def _beginning(response: httpx.Response) -> bytes:
    """How a body begins; one that is late or breaks off takes nothing from the status that came before it."""
    content = bytearray()
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_EXCERPT_SECONDS):
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) >= _EXCERPT_BYTES:
                    break
    return bytes(content[:_EXCERPT_BYTES])


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
