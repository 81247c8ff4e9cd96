"""The client for addresses that others have named: it reaches the public internet only, and one address at a time.

Its faults are those of `common.http`, and `AddressRefused` for what nothing was connected to (promise R31).
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.parse import urlsplit

import httpx
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from common.addresses import NotPublic, PublicNames, Resolve
from common.http import HttpFault, TimedOut, Unreachable, authorities

_CONNECT_SECONDS = 3.0
_EXCERPT_BYTES = 512
_EXCERPT_SECONDS = 1.0
_ADDRESSES_TRIED = 3
_LOWEST_REDIRECT_STATUS = 300
_PORTS = {"https": 443, "http": 80}

_tracer = trace.get_tracer(__name__)


class AddressRefused(HttpFault):
    """The name stands for an address that is none of the public internet: nothing was sent, nor connected to."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody unknown answered: a status, when to come again if it says so, and how a refusal begins."""

    status: int
    retry_after: str | None
    excerpt: bytes


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
        connect_timeout_seconds: float = _CONNECT_SECONDS,
        loopback: bool = False,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._names = PublicNames(loopback=loopback, resolve=resolve)
        # A connection that was left open belongs to an address, not to the name that it was checked for.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        inner = transport or httpx.AsyncHTTPTransport(verify=trust or authorities(), trust_env=False, limits=limits)
        self._client = httpx.AsyncClient(
            headers={"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"},
            cookies=_NoCookies(),
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
                asyncio.timeout(self._deadline_seconds) as limit,
                self._client.stream("POST", url, content=content, headers=headers) as response,
            ):
                # The status came in time: what follows it has a time of its own, and takes nothing from it.
                limit.reschedule(asyncio.get_running_loop().time() + 2 * _EXCERPT_SECONDS)
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
        try:
            port = request.url.port or _PORTS[request.url.scheme]
            tried = (await self._names.addresses(host, port))[:_ADDRESSES_TRIED]
        except NotPublic as error:
            raise AddressRefused("the name stands for an address that is not public") from error
        except (OSError, KeyError) as error:
            raise Unreachable("the name is not known") from error
        for address in tried[:-1]:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._inner.handle_async_request(_bound_for(request, host, address))
        return await self._inner.handle_async_request(_bound_for(request, host, tried[-1]))

    async def aclose(self) -> None:
        await self._inner.aclose()


class _NoCookies(CookieJar):
    """Reads, keeps and sends none: what one receiver sets would go to all others of its domain."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Nothing of what a stranger says is taken apart."""

    def add_cookie_header(self, request: object) -> None:
        """There is none to send."""


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
