"""The parameters routes ask for by type: the transaction, programme time, and the version a decision rests on."""

import re
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Request, Response

from common.db import Transaction
from common.web import kinds
from common.web.kinds import Refused
from common.web.runtime import runtime_of


class Versioned(Protocol):
    """A view that says which version of its thing it shows."""

    @property
    def version(self) -> int: ...


_Versioned = TypeVar("_Versioned", bound=Versioned)
_STRONG_ETAG = re.compile(r'"(\d{1,15})"')
_ANY_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')


async def open_transaction(request: Request) -> Transaction:
    """The request's transaction: begun before the route runs, committed before its answer leaves."""
    tx: Transaction = request.state.tx
    return tx


async def open_recording_transaction(request: Request) -> Transaction:
    """The same for a GET that leaves a record of what it showed: committed with it, before the answer leaves."""
    tx: Transaction = request.state.tx
    return tx


async def access_point(request: Request) -> str:
    """The address a request came from: the one our gateway saw, which it adds last, or else the peer's own."""
    said = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        return str(ip_address(said))
    except ValueError:
        return request.client.host if request.client else "unknown"


async def programme_time(request: Request) -> datetime:
    """Programme time, read once per request so that one decision sees one moment."""
    return runtime_of(request).clock.now()


async def version_read(request: Request) -> int:
    """The version in If-Match. A tag that no version of ours can have is a stale one: it matches nothing."""
    header = request.headers.get("if-match")
    if header is None:
        raise Refused(kinds.VERSION_MISSING)
    matched = _STRONG_ETAG.fullmatch(header.strip())
    if matched is not None:
        return int(matched[1])
    if _ANY_ETAG.fullmatch(header.strip()):
        return -1
    raise Refused(kinds.VERSION_MALFORMED)


class OnceShown:
    """Keeps a field of the answer to a POST out of the stored answer: whoever repeats the request finds null there."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def hide(self, field: str) -> None:
        """Name the field, at the top of the answer."""
        self._request.state.shown_once = field


async def shown_once(request: Request) -> OnceShown:
    """For a secret that is made here, told to the caller and kept by nobody."""
    return OnceShown(request)


Tx = Annotated[Transaction, Depends(open_transaction)]
ShownOnce = Annotated[OnceShown, Depends(shown_once)]
RecordingTx = Annotated[Transaction, Depends(open_recording_transaction)]
AccessPoint = Annotated[str, Depends(access_point)]
Now = Annotated[datetime, Depends(programme_time)]


def IfMatch() -> Any:  # noqa: N802, ANN401  reads as the header's name in a signature
    """Ask for the version read, for `version: Annotated[int, ...]`; the store raises `StaleVersion` on another."""
    return Depends(version_read)


def etag(response: Response, version: int) -> None:
    """Set the strong ETag that the caller sends back in If-Match."""
    response.headers["ETag"] = f'"{version}"'


def with_etag(view: _Versioned, response: Response) -> _Versioned:
    """The view as the answer, with its version as the ETag."""
    etag(response, view.version)
    return view


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller of a GET has the content of this tag already, as If-None-Match lists tags (RFC 9110)."""
    if if_none_match is None:
        return False
    listed = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in listed or listed == ["*"]
