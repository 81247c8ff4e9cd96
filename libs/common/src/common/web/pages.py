"""Lists by page: keyset cursors that are signed, opaque, and good only for the list they came from."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import pydantic_core
from fastapi import Depends, Query, Request
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


class Page(View, Generic[_Item]):
    """One page of a list. `next` is the cursor of the following page, null on the last."""

    items: list[_Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: how many rows, after which sort key, and how to sign the next cursor."""

    size: int
    after: tuple[Any, ...] | None
    seal: "CursorSeal"


class CursorSeal:
    """Signs and opens the cursors of one list: of one address, with one set of filters, for one caller's reach."""

    def __init__(self, secret: bytes, *, scope: str) -> None:
        self._key = hmac.digest(secret, b"cursor:" + scope.encode(), hashlib.sha256)

    def sealed(self, sort_key: Sequence[object]) -> str:
        payload = pydantic_core.to_json(list(sort_key))
        return base64.urlsafe_b64encode(self._signature(payload) + payload).decode().rstrip("=")

    def opened(self, cursor: str) -> tuple[Any, ...]:
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise Refused(kinds.CURSOR_REFUSED) from None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise Refused(kinds.CURSOR_REFUSED)
        return tuple(json.loads(payload))

    def _signature(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)[:_SIGNATURE_BYTES]


async def requested_page(
    request: Request,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next` of the page before; leave the filters as they were.")
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
    after = None if cursor is None else seal.opened(cursor)
    return PageRequest(size=min(page_size, MAX_PAGE_SIZE), after=after, seal=seal)


PageQuery = Annotated[PageRequest, Depends(requested_page)]

_Column = ColumnElement[Any] | InstrumentedAttribute[Any]


async def paginate(
    tx: Transaction,
    statement: Select[*tuple[Any, ...]],
    page: PageRequest,
    *,
    by: Sequence[_Column],
    descending: bool = False,
) -> tuple[list[Row[Any]], str | None]:
    """Read one page of a statement in the order of `by`; return its rows and the next cursor.

    The columns of `by` are never null, are selected under their own names, and end in a unique one, so that rows with
    equal values are neither skipped nor repeated.
    """
    columns = [column.desc() if descending else column.asc() for column in by]
    if page.after is not None:
        if len(page.after) != len(by):
            raise Refused(kinds.CURSOR_REFUSED)
        reached = tuple_(
            *(literal(_typed(value, column), column.type) for value, column in zip(page.after, by, strict=True))
        )
        key = tuple_(*by)
        statement = statement.where(key < reached if descending else key > reached)
    rows = list((await tx.execute(statement.order_by(*columns).limit(page.size + 1))).all())
    if len(rows) <= page.size:
        return rows, None
    rows = rows[: page.size]
    last = rows[-1]._mapping  # noqa: SLF001  SQLAlchemy's documented access by name
    return rows, page.seal.sealed([last[str(column.key)] for column in by])


def _typed(value: Any, column: _Column) -> object:  # noqa: ANN401  a JSON scalar
    kind = column.type.python_type
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return value
