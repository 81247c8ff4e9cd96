"""A call's progress: cases and money, whole for those who run it and suppressed for everybody else."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from common.acting import as_service
from common.db import Transaction
from common.errors import NotFound, Text
from common.web import View
from metrics.progress import domain
from metrics.progress.queries.seats import Lined, by_seat_line
from metrics.progress.store import (
    BudgetLineRow,
    CallRow,
    CallSeatRow,
    CaseProgressRow,
    CommitmentRow,
    CommitmentShareRow,
    ProjectProgressRow,
)

_FOUND_ELIGIBLE = ("ELIGIBLE", "SELECTED", "RESERVE", "NOT_SELECTED")


class CallUnknown(NotFound):
    """No call of this id was published, or its publication has not arrived yet."""

    code = "call-unknown"
    title = Text("공고를 찾을 수 없습니다", "No such call")
    detail = Text("게시된 공고 {call_id}이(가) 없습니다.", "There is no published call {call_id}.")


class CaseCounts(View):
    """How many cases of one type and municipality stand where; every number counts applications or projects once."""

    type_code: str
    municipality_code: str
    seats: int
    applied: int
    eligible: int
    ineligible: int
    withdrawn: int
    selected: int
    reserve: int
    not_selected: int
    refused: int
    promoted: int
    confirmed: int


class MoneyBySource(View):
    """One budget line: what was confirmed, what projects of all its year's calls hold of it, and what is left."""

    source: str
    municipality_code: str | None
    confirmed_won: int | None
    committed_won: int
    left_won: int
    projects: int


class Progress(View):
    """The whole picture of one call."""

    call_id: UUID
    title_ko: str
    track: str
    fiscal_year: int
    cases: list[CaseCounts]
    money: list[MoneyBySource]
    sme_won: int


class PublicCell(View):
    """One municipality's numbers for everybody; null where fewer than the minimum could be worked out."""

    municipality_code: str
    applied: int | None
    confirmed: int | None


class PublicProgress(View):
    """What everybody may see of a call."""

    call_id: UUID
    title_ko: str
    track: str
    fiscal_year: int
    suppressed_below: int
    applied: int | None
    confirmed: int | None
    municipalities: list[PublicCell]


async def read_progress(tx: Transaction, call_id: UUID, *, municipality_code: str | None) -> Progress:
    """Everything, or one municipality's rows; raises CallUnknown."""
    call = await _call(tx, call_id)
    cases = await _cases(tx, call_id)
    money = await _money(tx, call)
    if municipality_code is not None:
        cases = [row for row in cases if row.municipality_code == municipality_code]
        money = [row for row in money if row.municipality_code == municipality_code]
    return Progress(
        call_id=call_id,
        title_ko=call.title_ko,
        track=call.track,
        fiscal_year=call.fiscal_year,
        cases=cases,
        money=money,
        sme_won=await _sme_won(tx, call_id, municipality_code),
    )


async def read_public_progress(tx: Transaction, call_id: UUID, *, minimum: int) -> PublicProgress:
    """Counts by municipality with small cells hidden; raises CallUnknown."""
    call = await _call(tx, call_id)
    async with as_service(tx):
        cases = await _cases(tx, call_id)
    places = sorted({row.municipality_code for row in cases})
    applied = {place: sum(row.applied for row in cases if row.municipality_code == place) for place in places}
    confirmed = {place: sum(row.confirmed for row in cases if row.municipality_code == place) for place in places}
    shown_applied, shown_confirmed = (domain.suppress(each, minimum=minimum) for each in (applied, confirmed))
    return PublicProgress(
        call_id=call_id,
        title_ko=call.title_ko,
        track=call.track,
        fiscal_year=call.fiscal_year,
        suppressed_below=minimum,
        applied=domain.suppress_total(sum(applied.values()), minimum=minimum),
        confirmed=domain.suppress_total(sum(confirmed.values()), minimum=minimum),
        municipalities=[
            PublicCell(municipality_code=place, applied=shown_applied[place], confirmed=shown_confirmed[place])
            for place in places
        ],
    )


async def _call(tx: Transaction, call_id: UUID) -> Row[*tuple[Any, ...]]:
    columns = (CallRow.title_ko, CallRow.track, CallRow.fiscal_year)
    found = (await tx.execute(select(*columns).where(CallRow.call_id == call_id))).one_or_none()
    if found is None:
        raise CallUnknown(call_id=call_id)
    return found


async def _cases(tx: Transaction, call_id: UUID) -> list[CaseCounts]:
    lines = await _by_line(
        tx, by_seat_line(CallSeatRow, func.sum(CallSeatRow.seats).label("seats")), CallSeatRow, call_id
    )
    state = CaseProgressRow.state
    cases = by_seat_line(
        CaseProgressRow,
        func.count().label("applied"),
        _count_of(state, *_FOUND_ELIGIBLE).label("eligible"),
        _count_of(state, "INELIGIBLE").label("ineligible"),
        _count_of(state, "WITHDRAWN").label("withdrawn"),
        _count_of(state, "SELECTED").label("selected"),
        _count_of(state, "RESERVE").label("reserve"),
        _count_of(state, "NOT_SELECTED").label("not_selected"),
    )
    projects = by_seat_line(
        ProjectProgressRow,
        _count_of(ProjectProgressRow.state, "NOT_FUNDED").label("refused"),
        func.count(case((ProjectProgressRow.promoted, 1))).label("promoted"),
        _count_of(ProjectProgressRow.state, "CONFIRMED").label("confirmed"),
    )
    for counted in (
        await _by_line(tx, cases, CaseProgressRow, call_id),
        await _by_line(tx, projects, ProjectProgressRow, call_id),
    ):
        for line, numbers in counted.items():
            lines[line] = lines.get(line, {}) | numbers
    zero = dict.fromkeys(CaseCounts.model_fields, 0)
    return [
        CaseCounts.model_validate(zero | numbers | {"type_code": line[0], "municipality_code": line[1]})
        for line, numbers in sorted(lines.items())
    ]


async def _money(tx: Transaction, call: Row[*tuple[Any, ...]]) -> list[MoneyBySource]:
    of_call = (BudgetLineRow.fiscal_year == call.fiscal_year, BudgetLineRow.track == call.track)
    held = (
        select(
            CommitmentShareRow.budget_line_id,
            func.sum(CommitmentShareRow.amount_won).label("committed_won"),
            func.count().label("projects"),
        )
        .join(CommitmentRow, CommitmentRow.project_id == CommitmentShareRow.project_id)
        .join(BudgetLineRow, BudgetLineRow.budget_line_id == CommitmentShareRow.budget_line_id)
        .where(CommitmentRow.state == "COMMITTED", *of_call)
        .group_by(CommitmentShareRow.budget_line_id)
        .subquery()
    )
    statement = (
        select(
            BudgetLineRow.source,
            BudgetLineRow.municipality_code,
            BudgetLineRow.confirmed_won,
            func.coalesce(held.c.committed_won, 0).label("committed_won"),
            BudgetLineRow.left_won,
            func.coalesce(held.c.projects, 0).label("projects"),
        )
        .outerjoin(held, held.c.budget_line_id == BudgetLineRow.budget_line_id)
        .where(*of_call)
        .order_by(BudgetLineRow.source, BudgetLineRow.municipality_code)
    )
    return [MoneyBySource.model_validate(row) for row in await tx.execute(statement)]


async def _sme_won(tx: Transaction, call_id: UUID, municipality_code: str | None) -> int:
    statement = (
        select(func.coalesce(func.sum(CommitmentShareRow.amount_won), 0))
        .join(CommitmentRow, CommitmentRow.project_id == CommitmentShareRow.project_id)
        .where(CommitmentRow.call_id == call_id, CommitmentRow.state == "COMMITTED", CommitmentShareRow.source == "SME")
    )
    if municipality_code is not None:
        statement = statement.where(CommitmentRow.municipality_code == municipality_code)
    return int((await tx.execute(statement)).scalar_one())


async def _by_line(
    tx: Transaction, statement: Select[*tuple[Any, ...]], rows: Lined, call_id: UUID
) -> dict[tuple[str, str], dict[str, int]]:
    found = (await tx.execute(statement.where(rows.call_id == call_id))).mappings()
    return {
        (row["type_code"], row["municipality_code"]): {
            name: int(number) for name, number in row.items() if name not in {"type_code", "municipality_code"}
        }
        for row in found
    }


def _count_of(state: InstrumentedAttribute[str], *values: str) -> ColumnElement[int]:
    return func.count(case((state.in_(values), 1)))
