"""Tables to save over HTTP: as CSV or XLSX, for a reason that is kept, and those for everybody for none."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import StringConstraints

from common.acting import Acting
from common.auth import Principal
from common.saved_tables import Headings, TableFormat, room
from common.web import AccessPoint, Now, Page, PageQuery, Tx, allowed, anyone, problem_responses, router
from common.web.edge import GIVE_TIME
from common.web.runtime import runtime_of
from common.web.saved_files import SavedFile
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.exports import commands
from metrics.exports.domain import ExportsBusy, ExportTooLong
from metrics.exports.queries import records
from metrics.exports.queries.asked import Asked, Filters
from metrics.exports.queries.files import write_table
from metrics.exports.queries.records import ExportRecord
from metrics.exports.queries.tables import ExportTables, list_tables, wanted_table
from metrics.gauge.api import gauges_of
from metrics.gauge.queries import NoGaugeRule
from metrics.outcomes.api import publications_of
from metrics.outcomes.queries.proofs import NoOutcomeRules, WaveAfter
from metrics.practices.queries.cases import PracticeState
from metrics.progress.queries.call import CallUnknown
from metrics.settings import Settings

routes = router(tags=["exports"])

_OVERSEERS = (Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))
_COME_AGAIN_SECONDS = 5
_NAME = "^[a-z][a-z-]{0,39}$"
_MEDIA_TYPES = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FILE: Mapping[int | str, dict[str, Any]] = {
    200: {
        "description": "The table: CSV in UTF-8 (BOM, CRLF), or a workbook",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            _MEDIA_TYPES[TableFormat.XLSX]: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    **problem_responses(CallUnknown, ExportsBusy, ExportTooLong, NoGaugeRule, NoOutcomeRules),
}

_Table = Annotated[str, Path(max_length=100, description="Which table; `/v1/public/export-tables` lists them.")]
_Format = Annotated[TableFormat, Query(alias="format")]
_Headings = Annotated[Headings, Query(description="Headings with units for people, or the names that JSON has.")]
_Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=4, max_length=300),
    Query(description="What the file is needed for; it is kept with who took it."),
]


def _filters(
    as_of: Annotated[date | None, Query(description="The day to count by its end in Korea; today without it.")] = None,
    fiscal_year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    track: Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9-]{0,15}$")] = None,
    wave: Annotated[WaveAfter | None, Query(description="COMPLETION without it.")] = None,
    call_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[PracticeState | None, Query()] = None,
) -> Filters:
    return Filters(as_of=as_of, fiscal_year=fiscal_year, track=track, wave=wave, call_id=call_id, state=state)


_Filters = Annotated[Filters, Depends(_filters)]


@routes.get(
    "/v1/public/export-tables",
    operation_id="listExportTables",
    summary="내려받을 수 있는 표 (The tables that can be saved)",
)
async def list_export_tables(by: Annotated[Principal | None, anyone()]) -> ExportTables:
    """표마다 열, 단위, 쓸 수 있는 조건과 내려받을 수 있는 역할.

    Each table with its columns and units, its filters, and the roles that may save it.
    """
    return list_tables()


@routes.get(
    "/v1/exports/{table}",
    operation_id="exportTable",
    summary="표 내려받기 (Save a table as CSV or XLSX)",
    response_class=Response,
    responses=dict(_FILE),
)
async def export_table(
    table: _Table,
    by: Annotated[Principal, allowed(*_OVERSEERS, *sorted(MUNICIPALITY_ROLES))],
    request: Request,
    now: Now,
    access_point: AccessPoint,
    filters: _Filters,
    reason: _Reason,
    file_format: _Format = TableFormat.CSV,
    headings: _Headings = Headings.KO,
) -> Response:
    """화면과 같은 범위의 표 전체. 누가, 어떤 조건으로, 몇 줄을, 왜 내려받았는지 기록됩니다. 시·군은 관내만 받습니다.

    The whole table, as far as the same caller sees it as JSON. Who took it, by which filters, how many rows and why is
    recorded before the first byte leaves. A file that arrives shorter than its Content-Length was cut off: take it
    again.
    """
    asked = _asked(request, by, now, filters)
    return await _saved(request, table, asked, file_format, headings, _Taken(by, reason, access_point))


@routes.get(
    "/v1/public/exports/{table}",
    operation_id="exportPublicTable",
    summary="공개 표 내려받기 (Save a table that is for everybody)",
    response_class=Response,
    responses=dict(_FILE),
)
async def export_public_table(
    table: _Table,
    by: Annotated[Principal | None, anyone()],
    request: Request,
    now: Now,
    filters: _Filters,
    file_format: _Format = TableFormat.CSV,
    headings: _Headings = Headings.KO,
) -> Response:
    """공개 화면과 같은 표. 작은 칸은 비어 있고, 기록하지 않습니다.

    The same as the public reads: small cells are empty. Nobody is recorded.
    """
    asked = _asked(request, None, now, filters)
    return await _saved(request, table, asked, file_format, headings, None)


@routes.get(
    "/v1/export-records",
    operation_id="listExportRecords",
    summary="내려받기 기록 (Who saved which table, and why)",
)
async def list_export_records(
    by: Annotated[Principal, allowed(Role.AUDITOR)],
    tx: Tx,
    page: PageQuery,
    table: Annotated[str | None, Query(pattern=_NAME)] = None,
    subject: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
    sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
) -> Page[ExportRecord]:
    """새것부터. 파일의 SHA-256으로 찾으면 그 파일을 누가 받았는지 알 수 있습니다.

    Newest first. By the SHA-256 of a file that was found somewhere it says who took it.
    """
    return await records.list_records(tx, page, table_name=table, subject=subject, sha256=sha256)


@dataclass(frozen=True, slots=True)
class _Taken:
    """By whom a table is taken that is not for everybody, and why."""

    by: Principal
    reason: str
    access_point: str


@dataclass
class _Places:
    """How many files a process makes at once."""

    most: int
    taken: int = 0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place while a file is made; raises ExportsBusy."""
        if self.taken >= self.most:
            raise ExportsBusy(most=self.most, retry_after_seconds=_COME_AGAIN_SECONDS)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


async def _saved(
    request: Request, name: str, asked: Asked, form: TableFormat, headings: Headings, taken: _Taken | None
) -> Response:
    table, settings = wanted_table(name, asked.filters, by=asked.by), _settings(request)
    file = room()
    try:
        with _places(request, public=taken is None).one():
            request.scope["state"][GIVE_TIME](settings.export_seconds)
            # Not the request's own transaction: reading all of a table takes longer than a request may hold one.
            async with runtime_of(request).database.transaction(
                read_only=taken is None, acting=Acting.of(request.state.caller), seconds=settings.export_seconds
            ) as tx:
                made = await write_table(
                    tx, table, asked, file, form=form, headings=headings, most_rows=settings.export_xlsx_rows_max
                )
                if taken is not None:
                    saved = commands.Saved(
                        table_name=name,
                        format=form.value,
                        filters=asked.filters.given(),
                        row_count=made.rows,
                        sha256=made.sha256,
                    )
                    await commands.record_export(
                        tx, saved, reason=taken.reason, by=taken.by, access_point=taken.access_point, now=asked.now
                    )
        return SavedFile(
            file,
            size=made.size,
            media_type=_MEDIA_TYPES[form],
            name=f"{name}.{form.value}",
            title=table.title.ko,
            stall_seconds=settings.export_stall_seconds,
        )
    except BaseException:
        await asyncio.to_thread(file.close)
        raise


def _asked(request: Request, by: Principal | None, now: datetime, filters: Filters) -> Asked:
    minimum = _settings(request).small_cell_minimum
    return Asked(
        by=by, now=now, minimum=minimum, filters=filters, published=publications_of(request), gauges=gauges_of(request)
    )


def _places(request: Request, *, public: bool) -> _Places:
    """Two kinds of places: whoever asks without a token takes none away from those who work with the tables."""
    state, name = request.app.state, "public_exports" if public else "exports"
    if not hasattr(state, name):
        setattr(state, name, _Places(_settings(request).exports_at_once_max))
    found: _Places = getattr(state, name)
    return found


def _settings(request: Request) -> Settings:
    return cast("Settings", runtime_of(request).settings)
