"""A call's progress: cases and money, whole for those who run it and suppressed for everybody else."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from common.acting import as_service
from common.db import Transaction
from common.errors import NotFound, Text
from common.web import View
from metrics.progress import domain
from metrics.progress.store import (
    BudgetLineRow,
    CallRow,
    CallSeatRow,
    CaseProgressRow,
    CommitmentRow,
    CommitmentShareRow,
    ProjectProgressRow,
)

hide_small, hide_small_total = domain.suppress, domain.suppress_total

_UNDECIDED = ("SUBMITTED", "SUPPLEMENT_REQUESTED", "SUPPLEMENTED", "ELIGIBLE")
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


async def confirmed_projects(tx: Transaction) -> set[UUID]:
    """For a later feature: the projects that the progress of their calls counts as confirmed."""
    row = ProjectProgressRow
    return set((await tx.execute(select(row.project_id).where(row.state == "CONFIRMED"))).scalars())


def every_case(
    *, fiscal_year: int | None, call_id: UUID | None, municipality_code: str | None
) -> Select[*tuple[Any, ...]]:
    """For a later feature: each case the caller sees with its project and funding's answer, for row after row."""
    one, project = CaseProgressRow, ProjectProgressRow
    columns = (
        one.application_id,
        one.call_id,
        CallRow.track,
        CallRow.fiscal_year,
        one.type_code,
        one.municipality_code,
        one.state,
        one.changed_at,
        project.project_id,
        project.state.label("project_state"),
        project.promoted,
        CommitmentRow.state.label("money_state"),
        CommitmentRow.total_cost_won,
    )
    statement = (
        select(*columns)
        .outerjoin(CallRow, CallRow.call_id == one.call_id)
        .outerjoin(project, project.application_id == one.application_id)
        .outerjoin(CommitmentRow, CommitmentRow.project_id == project.project_id)
        .order_by(one.application_id)
    )
    for column, wanted in (
        (CallRow.fiscal_year, fiscal_year),
        (one.call_id, call_id),
        (one.municipality_code, municipality_code),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return statement


def awards_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: what public sources have committed to each project of a year's calls, oldest first.

    Samsung's part is private money. A commitment that was heard of before its id was kept has none until a rebuild.
    """
    shares = public_shares().where(CommitmentShareRow.source != "SAMSUNG").subquery("share")
    return (
        select(
            CommitmentRow.project_id,
            CommitmentRow.commitment_id,
            CommitmentRow.call_id,
            CommitmentRow.municipality_code,
            CommitmentRow.changed_at,
            CallRow.title_ko,
            CallRow.track,
            func.sum(shares.c.amount_won).cast(BigInteger).label("amount_won"),
            func.array_agg(shares.c.source).filter(shares.c.amount_won > 0).label("sources"),
        )
        .join(CallRow, CallRow.call_id == CommitmentRow.call_id)
        .join(shares, shares.c.project_id == CommitmentRow.project_id)
        .where(
            CallRow.fiscal_year == fiscal_year,
            CommitmentRow.state == "COMMITTED",
            CommitmentRow.commitment_id.is_not(None),
        )
        .group_by(CommitmentRow.project_id, CallRow.call_id)
        .order_by(CommitmentRow.changed_at, CommitmentRow.project_id)
    )


def published_calls(call_id: UUID | None = None) -> Select[*tuple[Any, ...]]:
    """For a later feature: published calls with the sum of their seats, the latest window first, or one of them."""
    seats = (
        select(CallSeatRow.call_id, func.sum(CallSeatRow.seats).cast(BigInteger).label("seats"))
        .group_by(CallSeatRow.call_id)
        .subquery("seats")
    )
    statement = (
        select(*CallRow.__table__.columns, func.coalesce(seats.c.seats, 0).label("seats"))
        .outerjoin(seats, seats.c.call_id == CallRow.call_id)
        .order_by(CallRow.opens_at.desc(), CallRow.call_id)
    )
    return statement if call_id is None else statement.where(CallRow.call_id == call_id)


def count_of_calls() -> Select[*tuple[Any, ...]]:
    """For a later feature: how many calls were published."""
    return select(func.count()).select_from(CallRow)


def lines_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: a year's confirmed budget lines, with the municipality whose money it is, if it is one's."""
    row = BudgetLineRow
    columns = (row.budget_line_id, row.track, row.source, row.municipality_code, row.confirmed_won, row.left_won)
    return select(*columns).where(row.fiscal_year == fiscal_year, row.confirmed_won.is_not(None))


def committed_projects_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: the projects of a year's calls that funding has committed money to."""
    return (
        select(CommitmentRow.project_id, CallRow.track, CommitmentRow.municipality_code)
        .join(CallRow, CallRow.call_id == CommitmentRow.call_id)
        .where(CallRow.fiscal_year == fiscal_year, CommitmentRow.state == "COMMITTED")
    )


def public_shares() -> Select[*tuple[Any, ...]]:
    """For a later feature: what each public source was asked for in each project."""
    share = CommitmentShareRow
    return select(share.project_id, share.source, share.amount_won).where(share.source != "SME")


def seats_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: the seat lines of a year's calls, with the call's track and the end of its window."""
    seat = CallSeatRow
    return (
        select(seat.call_id, seat.type_code, seat.municipality_code, seat.seats, CallRow.track, CallRow.closes_at)
        .join(CallRow, CallRow.call_id == seat.call_id)
        .where(CallRow.fiscal_year == fiscal_year)
    )


def held_of(calls: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature: how many projects hold a place of these calls, by seat line.

    One that was terminated holds it too: nobody takes it over.
    """
    row = ProjectProgressRow
    places = _counted(row, func.count()).add_columns(row.call_id).group_by(row.call_id)
    return places.where(row.call_id.in_(calls), row.state.in_(("SELECTED", "CONFIRMED")))


def reserves_of(calls: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature: how many reserves wait for a place of these calls, by seat line; who moved up waits not."""
    row = CaseProgressRow
    waiting = _counted(row, func.count()).add_columns(row.call_id).group_by(row.call_id)
    return waiting.where(row.call_id.in_(calls), row.state == "RESERVE")


def undecided_of(calls: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature: which of these calls have cases that wait for their decision."""
    row = CaseProgressRow
    return select(row.call_id).distinct().where(row.call_id.in_(calls), row.state.in_(_UNDECIDED))


def unanswered_tracks(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: the tracks of a year in which selected projects wait for funding's answer."""
    row = ProjectProgressRow
    waiting = select(CallRow.track).distinct().join(row, row.call_id == CallRow.call_id)
    return waiting.where(CallRow.fiscal_year == fiscal_year, row.state == "SELECTED")


async def _call(tx: Transaction, call_id: UUID) -> Row[*tuple[Any, ...]]:
    columns = (CallRow.title_ko, CallRow.track, CallRow.fiscal_year)
    found = (await tx.execute(select(*columns).where(CallRow.call_id == call_id))).one_or_none()
    if found is None:
        raise CallUnknown(call_id=call_id)
    return found


async def _cases(tx: Transaction, call_id: UUID) -> list[CaseCounts]:
    lines = await _by_line(tx, _counted(CallSeatRow, func.sum(CallSeatRow.seats).label("seats")), CallSeatRow, call_id)
    state = CaseProgressRow.state
    cases = _counted(
        CaseProgressRow,
        func.count().label("applied"),
        _count_of(state, *_FOUND_ELIGIBLE).label("eligible"),
        _count_of(state, "INELIGIBLE").label("ineligible"),
        _count_of(state, "WITHDRAWN").label("withdrawn"),
        _count_of(state, "SELECTED").label("selected"),
        _count_of(state, "RESERVE").label("reserve"),
        _count_of(state, "NOT_SELECTED").label("not_selected"),
    )
    projects = _counted(
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


_Lined = type[CallSeatRow] | type[CaseProgressRow] | type[ProjectProgressRow]


def _counted(rows: _Lined, *numbers: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(rows.type_code, rows.municipality_code, *numbers).group_by(rows.type_code, rows.municipality_code)


async def _by_line(
    tx: Transaction, statement: Select[*tuple[Any, ...]], rows: _Lined, call_id: UUID
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
