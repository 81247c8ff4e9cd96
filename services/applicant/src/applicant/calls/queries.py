"""Calls as the public and the staff read them, and as later features build on them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator
from sqlalchemy import select

from applicant.calls import store
from applicant.calls.domain import (
    Call,
    CallNotFound,
    CallState,
    CallTerms,
    OfferedSeats,
    PanelRule,
    PlannedBudgetLine,
    ProjectType,
    Rate,
    SeatLine,
    TieBreak,
    Track,
    estimate_shares,
    project_type,
)
from applicant.calls.store import CallRow
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.web import Page, PageRequest, Turns, View, paginate
from contracts.roles import PROVINCE_ROLES, Role
from contracts.types import Source

__all__ = [
    "Call",
    "CallState",
    "CallTerms",
    "CallView",
    "Moment",
    "OfferedSeats",
    "PanelRule",
    "PlannedBudgetLine",
    "ProjectType",
    "Rate",
    "SeatLine",
    "TieBreak",
    "Track",
    "estimate_shares",
    "get_draft",
    "get_published_call",
    "hold_call",
    "list_calls",
    "list_drafts",
    "project_type",
    "view_call",
]

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(KST))]
"""A moment shown in Korean time, in which every legal deadline is written."""

_SEE_DRAFTS = PROVINCE_ROLES | {Role.TECHNOPARK_OPERATOR, Role.AUDITOR}


class ProjectTypeView(View):
    type_code: str
    cap_won: int
    max_sales_won: int | None
    max_employees: int | None
    first_time_only: bool
    min_cost_won: int | None


class RateView(View):
    source: Source
    rate_bp: int
    capped: bool


class SeatLineView(View):
    type_code: str
    municipality_code: str
    seats: int


class PlannedBudgetLineView(View):
    source: Source
    municipality_code: str | None
    amount_won: int


class PanelRuleView(View):
    """Scores are hundredths of a point."""

    size_min: int
    trim_from: int
    pass_mark: int
    bonus_cap: int
    tie_break: list[TieBreak]


class CallView(View):
    id: UUID
    state: CallState
    track: Track
    title_ko: str
    title_en: str
    fiscal_year: int
    opens_at: Moment
    closes_at: Moment
    split_rule_version: str
    types: list[ProjectTypeView]
    rates: list[RateView]
    seat_lines: list[SeatLineView]
    planned_budget_lines: list[PlannedBudgetLineView]
    panel_rule: PanelRuleView
    screening_rule_version: str
    supplement_days: int
    published_at: Moment | None
    committee_date: date | None
    committee_resolution_number: str | None
    version: int


async def get_published_call(tx: Transaction, call_id: UUID) -> Call:
    """A call that is public and can no longer change; a draft does not exist for applications and panels."""
    return await store.get_published(tx, call_id)


async def get_call(tx: Transaction, call_id: UUID) -> Call:
    """A call, draft or published, for those who may see drafts."""
    return await store.get_call(tx, call_id)


hold_call = store.hold_call
"""A call, draft or published, that cannot be edited or published before this transaction ends."""


async def get_draft(tx: Transaction, call_id: UUID) -> Call:
    """A call that is still being drafted, for those who contribute to it; a published one is no draft."""
    call = await store.get_call(tx, call_id)
    if call.state is not CallState.DRAFT:
        raise CallNotFound
    return call


async def list_drafts(tx: Transaction, page: PageRequest) -> tuple[list[Call], Turns]:
    """Calls being drafted, newest first."""
    statement = select(*CallRow.__table__.columns).where(CallRow.state == CallState.DRAFT.value)
    rows, turns = await paginate(tx, statement, page, by=[CallRow.id], descending=True)
    return [store.call_from(row._mapping) for row in rows], turns  # noqa: SLF001  SQLAlchemy's documented access by column


async def view_call(tx: Transaction, call_id: UUID, *, by: Principal | None) -> CallView:
    """One call; drafts for staff only."""
    call = await store.get_call(tx, call_id)
    if call.state is CallState.DRAFT and not _sees_drafts(by):
        raise CallNotFound
    return call_view(call)


async def list_calls(
    tx: Transaction, page: PageRequest, *, by: Principal | None, fiscal_year: int | None, track: Track | None
) -> Page[CallView]:
    """Calls, newest first; drafts for staff only."""
    statement = select(*CallRow.__table__.columns)
    if not _sees_drafts(by):
        statement = statement.where(CallRow.state == CallState.PUBLISHED.value)
    if fiscal_year is not None:
        statement = statement.where(CallRow.fiscal_year == fiscal_year)
    if track is not None:
        statement = statement.where(CallRow.track == track.value)
    rows, turns = await paginate(tx, statement, page, by=[CallRow.id], descending=True)
    return Page[CallView](items=[call_view(store.call_from(row._mapping)) for row in rows], **turns)  # noqa: SLF001  SQLAlchemy's documented access by column


def call_view(call: Call) -> CallView:
    terms, publication = call.terms, call.publication
    return CallView(
        id=call.id,
        state=call.state,
        track=terms.track,
        title_ko=terms.title_ko,
        title_en=terms.title_en,
        fiscal_year=terms.fiscal_year,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        split_rule_version=terms.split_rule_version,
        types=[ProjectTypeView.model_validate(each) for each in terms.types],
        rates=[RateView.model_validate(each) for each in terms.rates],
        seat_lines=[SeatLineView.model_validate(each) for each in terms.seat_lines],
        planned_budget_lines=[PlannedBudgetLineView.model_validate(each) for each in terms.planned_budget_lines],
        panel_rule=PanelRuleView.model_validate(terms.panel_rule),
        screening_rule_version=terms.screening_rule_version,
        supplement_days=terms.supplement_days,
        published_at=None if publication is None else publication.published_at,
        committee_date=None if publication is None else publication.committee_date,
        committee_resolution_number=None if publication is None else publication.committee_resolution_number,
        version=call.version,
    )


def _sees_drafts(by: Principal | None) -> bool:
    return by is not None and by.role in _SEE_DRAFTS
