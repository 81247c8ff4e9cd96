"""Many rows in one request, as CSV or JSON, each judged by itself: what is right is kept, what is wrong is said.

A route asks for `Annotated[Upload[Row], uploaded(SHEET)]` and answers 207 with `await upload.each(...)`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.dependencies.models import Dependant

from common.errors import DomainError, InvalidInput, Text
from common.sheets import Unreadable
from common.web import kinds
from common.web.bodies import Body, View
from common.web.faults import fault
from common.web.kinds import FieldFault, ProblemKind, Refused
from common.web.problems import worded
from common.web.runtime import runtime_of
from common.web.upload_sheets import ReadRow, Sheet

MULTI_STATUS = 207
CSV, JSON = "text/csv", "application/json"
"""What an upload may come as."""

_CREATED = 201
_UTF_8 = frozenset({"", "utf-8", "utf8"})

_Row = TypeVar("_Row", bound=Body)


class Wording(View):
    ko: str
    en: str


class RowFault(View):
    """One wrong value of a row: its field and, in a CSV, its cell as a spreadsheet names it."""

    field: str | None
    cell: str | None
    code: str
    detail: Wording


class RowProblem(View):
    """Why a row was refused, in both languages; `type` is the page that explains it."""

    type: str
    status: int
    code: str
    title: Wording
    detail: Wording
    errors: list[RowFault]


class RowResult(View):
    """What became of a row. `row` is its number as a spreadsheet shows it, in JSON its place from 1."""

    row: int
    status: int
    id: UUID | None
    problem: RowProblem | None


class UploadResult(View):
    """What became of every row. After `validate_only` nothing is kept and no row has an id."""

    validate_only: bool
    rows: int
    accepted: int
    refused: int
    results: list[RowResult]


class _OnlyTried(Exception):
    """Undoes what a trial run did."""


@dataclass(frozen=True, slots=True)
class Upload(Generic[_Row]):
    """The rows of one request, and where to try them."""

    request: Request
    sheet: Sheet[_Row]
    rows: Sequence[ReadRow[_Row]]
    validate_only: bool

    async def each(self, act: Callable[[_Row], Awaitable[UUID]]) -> UploadResult:
        """Do `act` with every row that can be read, each under a savepoint of its own; return what became of them.

        A rule that refuses one row undoes that row and no other. Trouble with the database undoes them all, and the
        same key tries them all again.
        """
        database, tx = runtime_of(self.request).database, self.request.state.tx
        results: list[RowResult] = []
        try:
            async with database.savepoint(tx):
                results = [await self._tried(row, act) for row in self.sheet.in_order(self.rows)]
                if self.validate_only:
                    raise _OnlyTried
        except _OnlyTried:
            results = [result.model_copy(update={"id": None}) for result in results]
        accepted = sum(result.problem is None for result in results)
        return UploadResult(
            validate_only=self.validate_only,
            rows=len(results),
            accepted=accepted,
            refused=len(results) - accepted,
            results=sorted(results, key=attrgetter("row")),
        )

    async def _tried(self, row: ReadRow[_Row], act: Callable[[_Row], Awaitable[UUID]]) -> RowResult:
        if row.body is None:
            return self._refused(row, kinds.INPUT_INVALID, {}, row.faults)
        try:
            async with runtime_of(self.request).database.savepoint(self.request.state.tx):
                made = await act(row.body)
        except DomainError as refusal:
            return self._refused(row, kinds.kind_of(type(refusal)), refusal.facts, _faults_of(refusal))
        return RowResult(row=row.number, status=_CREATED, id=made, problem=None)

    def _refused(
        self, row: ReadRow[_Row], kind: ProblemKind, facts: dict[str, object], faults: Sequence[FieldFault]
    ) -> RowResult:
        problem = RowProblem(
            type=f"{self.request.scope.get('root_path', '')}/problems/{kind.code}",
            status=kind.status,
            code=kind.code,
            title=_wording(kind.title),
            detail=_wording(worded(kind.detail, facts)),
            errors=[_row_fault(found, row) for found in faults],
        )
        return RowResult(row=row.number, status=kind.status, id=None, problem=problem)


class UploadRule(Generic[_Row]):
    """Reads a request's body by a sheet; `GuardedRoute` finds it to know what the route takes."""

    def __init__(self, sheet: Sheet[_Row]) -> None:
        self.sheet = sheet

    async def __call__(
        self,
        request: Request,
        validate_only: Annotated[  # noqa: FBT002  FastAPI reads the signature
            bool, Query(description="Try every row, keep nothing. Use another Idempotency-Key than for the upload.")
        ] = False,
    ) -> Upload[_Row]:
        content, limit = await request.body(), runtime_of(request).settings.max_upload_rows
        media_type, _, parameters = request.headers.get("content-type", "").partition(";")
        if media_type.strip().lower() != CSV:
            return Upload(request, self.sheet, self.sheet.from_json(content, limit=limit), validate_only)
        if _charset(parameters) not in _UTF_8:
            raise Refused(kinds.SHEET_UNREADABLE, errors=[fault(Unreadable.ENCODING, pointer="")])
        return Upload(request, self.sheet, self.sheet.from_csv(content, limit=limit), validate_only)


def uploaded(sheet: Sheet[Any]) -> Any:  # noqa: ANN401  FastAPI's own dependency markers are Any
    """Take many rows, for `upload: Annotated[Upload[Row], ...]`."""
    return Depends(UploadRule(sheet))


def upload_of(dependant: Dependant) -> Sheet[Any] | None:
    """The sheet that a route takes, if it takes one."""
    for child in dependant.dependencies:
        if isinstance(child.call, UploadRule):
            return child.call.sheet
    return None


def csv_file(content: bytes, *, name: str, title: str) -> Response:
    """A CSV to save, under its Korean title where the browser can (RFC 8187)."""
    disposition = f"attachment; filename=\"{name}.csv\"; filename*=UTF-8''{quote(title)}.csv"
    return Response(content, media_type=f"{CSV}; charset=utf-8", headers={"Content-Disposition": disposition})


def csv_response(sheet: Sheet[Any]) -> dict[int | str, dict[str, Any]]:
    """`responses=csv_response(SHEET)` of the route that gives a template."""
    example = sheet.template().decode("utf-8-sig")
    content = {CSV: {"schema": {"type": "string"}, "example": example}}
    return {200: {"description": "UTF-8 CSV (BOM, CRLF)", "content": content}}


def _faults_of(refusal: DomainError) -> list[FieldFault]:
    pointer = refusal.facts.get("field")
    if not isinstance(refusal, InvalidInput) or not isinstance(pointer, str):
        return []
    return [FieldFault(place="body", code=refusal.code, detail=worded(refusal.detail, refusal.facts), pointer=pointer)]


def _row_fault(found: FieldFault, row: ReadRow[Any]) -> RowFault:
    field = (found.pointer or "").removeprefix("/") or None
    return RowFault(field=field, cell=row.cells.get(field or ""), code=found.code, detail=_wording(found.detail))


def _wording(text: Text) -> Wording:
    return Wording(ko=text.ko, en=text.en)


def _charset(parameters: str) -> str:
    name, _, value = parameters.strip().partition("=")
    return value.strip().strip('"').lower() if name.strip().lower() == "charset" else ""
