"""What is known of panels and scores: a member sees own cases and own sheets, the operator and the province see all."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from applicant.applications import queries as applications
from applicant.calls import queries as calls
from applicant.evaluations import store
from applicant.evaluations.domain import (
    CaseNotAssigned,
    ConflictKind,
    Consolidated,
    PanelRule,
    consolidate,
    is_complete,
)
from applicant.evaluations.store import ConflictRow, PanelCaseRow, PanelMemberRow, PanelRow, ScoreSheetRow
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of
from contracts.roles import Role

__all__ = [
    "AssignmentView",
    "CasePanelView",
    "Consolidated",
    "PanelList",
    "PanelView",
    "ScoreSheetList",
    "ScoreSheetView",
    "panel_of_case",
    "sheets_of_case",
]


class MemberView(View):
    id: UUID
    subject: str
    name: str
    affiliation: str


class PanelView(View):
    id: UUID
    call_id: UUID
    name: str
    type_code: str | None
    members: list[MemberView]
    cases: int


class PanelList(View):
    """All panels of one call; there are few, so the list has no pages."""

    items: list[PanelView]


class AssignmentView(View):
    """One case that a member is to judge, or left by declaring a conflict."""

    application_id: UUID
    call_id: UUID
    panel_id: UUID
    member_id: UUID
    assigned_at: datetime
    conflict: ConflictKind | None
    scored: bool


class ScoreSheetView(View):
    """A locked sheet; scores are hundredths of a point. `counts` is false once replaced, or after a conflict."""

    id: UUID
    application_id: UUID
    member_id: UUID
    version: int
    technical_score: int
    site_score: int
    bonus: int
    reason: str | None
    locked_at: datetime
    counts: bool


class ScoreSheetList(View):
    """All sheets of one case that the caller may see; there are few, so the list has no pages."""

    items: list[ScoreSheetView]


class SeatView(MemberView):
    """One seat at a case; `conflict` says why its member left it."""

    conflict: ConflictKind | None
    declared_at: datetime | None


class CasePanelView(View):
    """The panel that a case was given to, for those who examine it; its seats are few, so they have no parts."""

    panel_id: UUID
    name: str
    type_code: str | None
    assigned_at: datetime
    seats: list[SeatView]


_CASES_AT_ONCE = 5_000
"""A statement has three seconds, however many cases a call has."""


async def consolidated_scores(
    tx: Transaction, application_ids: Collection[UUID], *, size_min: int, trim_from: int, bonus_cap: int
) -> Mapping[UUID, Consolidated]:
    """The one score of each case that enough members have scored; a case that is missing is not complete."""
    rule = PanelRule(size_min, trim_from, bonus_cap)
    found: dict[UUID, Consolidated] = {}
    wanted = list(application_ids)
    for first in range(0, len(wanted), _CASES_AT_ONCE):
        locked = await store.latest_marks(tx, wanted[first : first + _CASES_AT_ONCE])
        found |= {
            application_id: consolidate(application_id, marks, rule)
            for application_id, marks in locked.items()
            if is_complete(marks, rule)
        }
    return found


async def view_panels(tx: Transaction, call_id: UUID) -> PanelList:
    """The panels of a call with their members."""
    await calls.get_published_call(tx, call_id)
    return PanelList(items=[await view_panel(tx, panel.id) for panel in await store.get_panels(tx, call_id)])


async def view_panel(tx: Transaction, panel_id: UUID) -> PanelView:
    """One panel with its members."""
    panel = await store.get_panel(tx, panel_id)
    members = select(PanelMemberRow.id, PanelMemberRow.subject, PanelMemberRow.name, PanelMemberRow.affiliation)
    seated = await tx.execute(members.where(PanelMemberRow.panel_id == panel_id).order_by(PanelMemberRow.id))
    cases = select(func.count()).where(PanelCaseRow.panel_id == panel_id)
    return PanelView(
        id=panel.id,
        call_id=panel.call_id,
        name=panel.name,
        type_code=panel.type_code,
        members=[MemberView.model_validate(row) for row in seated],
        cases=(await tx.execute(cases)).scalar_one(),
    )


async def list_assignments(
    tx: Transaction, page: PageRequest, *, by: Principal, call_id: UUID | None
) -> Page[AssignmentView]:
    """The caller's own cases, in no order of merit."""
    statement = (
        select(*_ASSIGNMENT)
        .join_from(PanelCaseRow, PanelRow, PanelRow.id == PanelCaseRow.panel_id)
        .join(PanelMemberRow, PanelMemberRow.panel_id == PanelRow.id)
        .outerjoin(
            ConflictRow,
            and_(ConflictRow.application_id == PanelCaseRow.application_id, ConflictRow.member_id == PanelMemberRow.id),
        )
        .where(PanelMemberRow.subject == by.subject)
    )
    if call_id is not None:
        statement = statement.where(PanelCaseRow.call_id == call_id)
    return await page_of(AssignmentView, tx, statement, page, by=[PanelCaseRow.application_id])


def assigned_cases(by: Principal) -> applications.Assigned:
    """The cases a member may read: those assigned and not left by a conflict."""
    return (
        select(PanelCaseRow.application_id)
        .join(PanelMemberRow, PanelMemberRow.panel_id == PanelCaseRow.panel_id)
        .where(
            PanelMemberRow.subject == by.subject,
            ~exists().where(
                ConflictRow.application_id == PanelCaseRow.application_id, ConflictRow.member_id == PanelMemberRow.id
            ),
        )
    )


async def evaluators_of(tx: Transaction, application_id: UUID) -> frozenset[str]:
    """Everybody who locked a sheet for a case, by the subject that they were seated with, whether it counts or not."""
    statement = (
        select(PanelMemberRow.subject)
        .join_from(ScoreSheetRow, PanelMemberRow, PanelMemberRow.id == ScoreSheetRow.member_id)
        .where(ScoreSheetRow.application_id == application_id)
    )
    return frozenset((await tx.execute(statement)).scalars())


async def panel_of_case(tx: Transaction, application_id: UUID) -> CasePanelView | None:
    """The panel of a case that the caller has been shown, with its seats; none while nobody judges it."""
    given = (
        select(PanelCaseRow.panel_id, PanelRow.name, PanelRow.type_code, PanelCaseRow.assigned_at)
        .join_from(PanelCaseRow, PanelRow, PanelRow.id == PanelCaseRow.panel_id)
        .where(PanelCaseRow.application_id == application_id)
    )
    row = (await tx.execute(given)).mappings().one_or_none()
    if row is None:
        return None
    left = and_(ConflictRow.member_id == PanelMemberRow.id, ConflictRow.application_id == application_id)
    seats = (
        select(*PanelMemberRow.__table__.columns, ConflictRow.kind.label("conflict"), ConflictRow.declared_at)
        .outerjoin_from(PanelMemberRow, ConflictRow, left)
        .where(PanelMemberRow.panel_id == row["panel_id"])
    )
    held = await tx.execute(seats.order_by(PanelMemberRow.id))
    return CasePanelView.model_validate({**row, "seats": [SeatView.model_validate(seat) for seat in held]})


async def sheets_of_case(tx: Transaction, application_id: UUID, portion: Portion) -> list[ScoreSheetView]:
    """A part of the sheets of a case that the caller has been shown, in the order they were locked."""
    return await _sheets(tx, application_id, portion.of(_SHEETS.where(ScoreSheetRow.application_id == application_id)))


async def view_scores(tx: Transaction, application_id: UUID, *, by: Principal) -> ScoreSheetList:
    """The sheets of a case: a member is blind to those of others."""
    statement = _SHEETS.where(ScoreSheetRow.application_id == application_id)
    if by.role == Role.PANEL_MEMBER:
        seat = await store.get_assignment(tx, application_id, by.subject)
        if seat is None:
            raise CaseNotAssigned
        statement = statement.where(ScoreSheetRow.member_id == seat.member_id)
    else:
        await applications.get_visible_application(tx, application_id, by=by)
    return ScoreSheetList(items=await _sheets(tx, application_id, statement))


async def _sheets(tx: Transaction, application_id: UUID, statement: Select[Any]) -> list[ScoreSheetView]:
    counting = {sheet.id for sheet in (await store.latest_sheets(tx, [application_id])).get(application_id, ())}
    rows = (await tx.execute(statement)).mappings()
    return [ScoreSheetView(**row, counts=row["id"] in counting) for row in rows]


_SHEETS = select(*ScoreSheetRow.__table__.columns).order_by(ScoreSheetRow.locked_at, ScoreSheetRow.id)
_SHEET = exists().where(
    ScoreSheetRow.application_id == PanelCaseRow.application_id, ScoreSheetRow.member_id == PanelMemberRow.id
)
_ASSIGNMENT: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
    PanelCaseRow.application_id,
    PanelCaseRow.call_id,
    PanelCaseRow.panel_id,
    PanelMemberRow.id.label("member_id"),
    PanelCaseRow.assigned_at,
    ConflictRow.kind.label("conflict"),
    _SHEET.label("scored"),
)
