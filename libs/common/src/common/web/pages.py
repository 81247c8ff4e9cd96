"""Lists by page: keyset cursors that are signed, opaque, and good only for the list they came from."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypedDict, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import pydantic_core
from fastapi import Depends, Query, Request, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import ColumnElement, Row, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from common.db import Transaction
from common.web import kinds
from common.web.bodies import View
from common.web.kinds import Refused
from common.web.methods import route_path
from common.web.runtime import runtime_of

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 50

_SIGNATURE_BYTES = 16
_OWN_PARAMETERS = frozenset({"cursor", "page_size"})

_Item = TypeVar("_Item")
_SomeView = TypeVar("_SomeView", bound=View)
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


class Page(View, Generic[_Item]):
    """One page of a list. `next` and `prev` are the cursors of the pages beside it, null where there is none."""

    items: list[_Item]
    next: str | None = Field(None, description="Cursor of the following page; null on the last.")
    prev: str | None = Field(None, description="Cursor of the page before; null on the first.")


class Turns(TypedDict):
    """The cursors to both sides, for `Page(items=..., **turns)`."""

    next: str | None
    prev: str | None


class Order(TypedDict):
    """In which order a list is read, for `paginate(..., **order(...))`."""

    by: Sequence[Column]
    descending: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: beyond a sort key or, where the page on its other side was empty, at the key itself."""

    key: tuple[Any, ...]
    backward: bool = False
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: how many rows and from where, how to sign cursors, and whom to tell the links."""

    size: int
    at: Position | None
    seal: "CursorSeal"
    links: "Links"


class CursorSeal:
    """Signs and opens the cursors of one list: of one address, with one set of filters, for one caller's reach."""

    def __init__(self, secret: bytes, *, scope: str) -> None:
        self._key = hmac.digest(secret, b"cursor:" + scope.encode(), hashlib.sha256)

    def sealed(self, position: Position) -> str:
        payload = pydantic_core.to_json([position.backward, position.inclusive, *position.key])
        return base64.urlsafe_b64encode(self._signature(payload) + payload).decode().rstrip("=")

    def opened(self, cursor: str) -> Position:
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise Refused(kinds.CURSOR_REFUSED) from None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise Refused(kinds.CURSOR_REFUSED)
        backward, inclusive, *key = json.loads(payload)
        return Position(tuple(key), backward, inclusive)

    def _signature(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)[:_SIGNATURE_BYTES]


class Links:
    """The `Link` header (RFC 8288) of the answer: the same list, its filters and page size kept, turned to a cursor."""

    def __init__(self, request: Request, response: Response) -> None:
        self._address = f"{request.scope.get('root_path', '')}{route_path(request)}"
        self._kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        self._response = response

    def say(self, turns: Turns) -> None:
        beside = {"next": turns["next"], "prev": turns["prev"]}
        links = [
            f'<{self._address}?{urlencode([*self._kept, ("cursor", cursor)])}>; rel="{name}"'
            for name, cursor in beside.items()
            if cursor is not None
        ]
        if links:
            self._response.headers["Link"] = ", ".join(links)


async def requested_page(
    request: Request,
    response: Response,
    cursor: Annotated[
        str | None,
        Query(max_length=1000, description="`next` or `prev` of another page; leave the filters as they were."),
    ] = None,
    page_size: Annotated[
        int, Query(ge=1, description=f"Rows per page; more than {MAX_PAGE_SIZE} gives {MAX_PAGE_SIZE}.")
    ] = DEFAULT_PAGE_SIZE,
) -> PageRequest:
    """Read the page's parameters; a cursor of another list, or with other filters, is refused."""
    filters = sorted((name, value) for name, value in request.query_params.multi_items() if name not in _OWN_PARAMETERS)
    caller = getattr(request.state, "caller", None)
    reach = [caller.role, caller.tenant] if caller else []
    scope = json.dumps([route_path(request), filters, reach], ensure_ascii=False)
    seal = CursorSeal(runtime_of(request).settings.cursor_secret.get_secret_value().encode(), scope=scope)
    at = None if cursor is None else seal.opened(cursor)
    return PageRequest(size=min(page_size, MAX_PAGE_SIZE), at=at, seal=seal, links=Links(request, response))


PageQuery = Annotated[PageRequest, Depends(requested_page)]
ChangedFrom = Annotated[
    AwareDatetime | None,
    Query(
        description="Changed at or after this (real time). Whoever follows changes sorts by `changed_at` and begins a "
        "minute before the last one seen: a change may become visible some seconds late."
    ),
]


def order(sort: str, *, by: Mapping[str, Column], unique: Column) -> Order:
    """The order that a `sort` of the route's allow-list means: `-submitted_at` is the latest first.

    Rows of equal value stand in the order of the unique column, so that none is skipped or repeated.
    """
    column = by[sort.removeprefix("-")]
    return Order(by=[column] if column is unique else [column, unique], descending=sort.startswith("-"))


def narrowed(*asked: tuple[Column, Callable[[Any, Any], Any], object]) -> list[ColumnElement[bool]]:
    """The conditions of a list's filters: column, how it compares, and the value, which is none where nobody asked."""
    return [compare(column, value) for column, compare, value in asked if value is not None]


async def paginate(
    tx: Transaction,
    statement: Select[*tuple[Any, ...]],
    page: PageRequest,
    *,
    by: Sequence[Column],
    descending: bool = False,
) -> tuple[list[Row[Any]], Turns]:
    """Read one page of a statement in the order of `by`; return its rows and the cursors to both sides.

    The columns of `by` are never null, are selected under their own names, and end in a unique one, so that rows with
    equal values are neither skipped nor repeated.
    """
    at = page.at
    downward = descending != (at is not None and at.backward)
    if at is not None:
        statement = statement.where(_beyond(at, by, downward=downward))
    columns = [column.desc() if downward else column.asc() for column in by]
    found = list((await tx.execute(statement.order_by(*columns).limit(page.size + 1))).all())
    rows, more = found[: page.size], len(found) > page.size
    if at is not None and at.backward:
        rows.reverse()
    turns = _turns(page, [_key(rows[0], by), _key(rows[-1], by)] if rows else [], more=more)
    page.links.say(turns)
    return rows, turns


async def page_of(
    view: type[_SomeView],
    tx: Transaction,
    statement: Select[*tuple[Any, ...]],
    page: PageRequest,
    *,
    by: Sequence[Column],
    descending: bool = False,
) -> Page[_SomeView]:
    """One page of a statement, as `paginate` reads it, whose rows are shown as they are read."""
    rows, turns = await paginate(tx, statement, page, by=by, descending=descending)
    return Page[view](items=[view.model_validate(row) for row in rows], **turns)  # type: ignore[valid-type]


def _beyond(at: Position, by: Sequence[Column], *, downward: bool) -> ColumnElement[bool]:
    if len(at.key) != len(by):
        raise Refused(kinds.CURSOR_REFUSED)
    reached = tuple_(*(literal(_typed(value, column), column.type) for value, column in zip(at.key, by, strict=True)))
    key = tuple_(*by)
    if at.inclusive:
        return key <= reached if downward else key >= reached
    return key < reached if downward else key > reached


def _turns(page: PageRequest, ends: Sequence[tuple[Any, ...]], *, more: bool) -> Turns:
    """The cursors beside a page. One that came out empty still leads back to where its reader came from.

    A position that includes its key was made there, so nothing lies on its other side.
    """
    at, seal = page.at, page.seal
    backward = at is not None and at.backward
    onward = Position(ends[0 if backward else -1], backward=backward) if more else None
    back = None
    if at is not None and not at.inclusive:
        near = ends[-1 if backward else 0] if ends else at.key
        back = Position(near, backward=not backward, inclusive=not ends)
    ahead, behind = (back, onward) if backward else (onward, back)
    return Turns(
        next=None if ahead is None else seal.sealed(ahead), prev=None if behind is None else seal.sealed(behind)
    )


def _key(row: Row[Any], by: Sequence[Column]) -> tuple[Any, ...]:
    named = row._mapping  # noqa: SLF001  SQLAlchemy's documented access by name
    return tuple(named[str(column.key)] for column in by)


def _typed(value: Any, column: Column) -> object:  # noqa: ANN401  a JSON scalar
    kind = column.type.python_type
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return value
