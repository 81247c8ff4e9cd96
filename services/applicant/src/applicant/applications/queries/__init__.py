"""Applications and their screenings as each caller may read them, and as later features build on them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from operator import eq, ge, lt
from typing import TypeAlias
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Select, false, func, literal, select, true
from sqlalchemy.sql.operators import in_op

from applicant.applications.domain.case import (
    Application,
    ApplicationNotFound,
    ApplicationStatus,
    Outcome,
)
from applicant.applications.domain.registers import Register
from applicant.applications.domain.rules import RuleOutcome
from applicant.applications.domain.screening import CheckState, Screening, ScreeningState
from applicant.applications.queries.eligible import (
    EligibleCase,
    count_eligible,
    count_in_screening,
    eligible_of_call,
    still_eligible,
)
from applicant.applications.store import cases, screenings
from applicant.applications.store.cases import ApplicationRow
from applicant.applications.store.screenings import RegisterCheckRow, ScreeningRow
from applicant.calls.queries import Moment
from applicant.companies.queries import own_company_id
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Column, Page, PageRequest, View, narrowed, order, paginate
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, Role

__all__ = [
    "Application",
    "ApplicationFilter",
    "ApplicationSort",
    "ApplicationStatus",
    "ApplicationView",
    "Assigned",
    "EligibleCase",
    "ListedApplication",
    "Outcome",
    "ScreeningRoundView",
    "ScreeningView",
    "application_view",
    "count_eligible",
    "count_in_screening",
    "count_other_live",
    "eligible_of_call",
    "get_application",
    "get_visible_application",
    "list_applications",
    "rounds_of_application",
    "still_eligible",
    "view_screening",
]

count_other_live = cases.count_other_live
"""Other live applications of the worksite in the fiscal year (rule R-09): for the commands of later features."""

Assigned: TypeAlias = Select[UUID]
"""The ids of a panel member's cases, as a statement: there may be more of them than one has parameters."""

get_application = cases.get_application
"""One application, whoever asks: for the commands of later features."""


class ApplicationSort(StrEnum):
    """The orders there are; `-` is the latest first. What has not been submitted counts as later than what has."""

    CREATED = "id"
    CREATED_LAST = "-id"
    SUBMITTED = "submitted_at"
    SUBMITTED_LAST = "-submitted_at"
    CHANGED = "changed_at"
    CHANGED_LAST = "-changed_at"


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """What a list is narrowed to: one of these states, and moments from one (included) to another (not included)."""

    call_id: UUID | None = None
    status: Collection[ApplicationStatus] = ()
    type_code: str | None = None
    municipality_code: str | None = None
    submitted_from: datetime | None = None
    submitted_before: datetime | None = None
    changed_from: datetime | None = None
    changed_before: datetime | None = None


class ConsentsView(View):
    data_use: bool
    credit_information: bool
    no_duplicate_aid: bool
    no_kickback: bool


class SupplementItemView(View):
    rule: str | None
    request: str


class SupplementView(View):
    items: list[SupplementItemView]
    requested_at: Moment
    due_at: Moment
    answered_at: Moment | None


class EligibilityView(View):
    """`appeal_until` is the last day to object to a refusal."""

    rule_version: str
    failed_rules: list[str]
    decided_at: Moment
    appeal_until: date | None


class ApplicationView(View):
    id: UUID
    company_id: UUID
    call_id: UUID
    fiscal_year: int
    type_code: str
    worksite_id: UUID
    municipality_code: str
    total_cost_won: int
    project_title: str
    plan_summary: str
    plan_sha256: str
    supplier_business_number: str
    self_pay_capacity_won: int
    concurrent_project: bool
    consents: ConsentsView
    status: ApplicationStatus
    created_at: Moment
    submitted_at: Moment | None
    supplement: SupplementView | None
    eligibility: EligibilityView | None
    outcome: Outcome | None
    withdrawn_at: Moment | None
    version: int


class ListedApplication(ApplicationView):
    """`changed_at` is when this version was recorded, in real time: what a machine that follows changes goes by."""

    changed_at: Moment


class SentenceView(View):
    ko: str
    en: str


class FindingView(View):
    rule: str
    outcome: RuleOutcome
    reason: SentenceView
    source: str
    evidence: list[str]


class WaitingView(View):
    """A register that has not answered: `problem` says what the last attempt met."""

    asked: Register = Field(alias="register")
    attempts: int
    problem: str | None
    next_attempt_at: Moment


class ScreeningView(View):
    """The latest round. `version` is the application's, for the decision's If-Match."""

    application_id: UUID
    round: int
    state: ScreeningState
    rule_version: str
    started_at: Moment
    checked_at: Moment | None
    findings: list[FindingView]
    waiting_on: list[WaitingView]
    version: int


class RegisterCheckView(View):
    """What one register was asked in a round, and the hash of what it answered; what it said is in the findings."""

    asked: Register = Field(alias="register")
    asked_on: date
    state: CheckState
    answered_at: Moment | None
    answer_sha256: str | None


class ScreeningRoundView(View):
    """One round with every register that was asked: for those who examine a case."""

    round: int
    state: ScreeningState
    rule_version: str
    started_at: Moment
    checked_at: Moment | None
    findings: list[FindingView]
    checks: list[RegisterCheckView]


async def get_visible_application(
    tx: Transaction, application_id: UUID, *, by: Principal, assigned: Assigned | None = None
) -> Application:
    """One application if the caller may see it; another's does not exist for the caller.

    `assigned` says which a panel member may see; without it, none.
    """
    statement = select(*cases.COLUMNS).where(ApplicationRow.id == application_id, _reach(by, assigned))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise ApplicationNotFound
    return cases.application_from(row)


_NOT_YET = datetime(9999, 12, 31, tzinfo=UTC)
_SUBMITTED = func.coalesce(ApplicationRow.submitted_at, literal(_NOT_YET, ApplicationRow.submitted_at.type)).label(
    "submitted_or_later"
)
_SORTS: Mapping[str, Column] = {
    "id": ApplicationRow.id,
    "submitted_at": _SUBMITTED,
    "changed_at": ApplicationRow.changed_at,
}


async def list_applications(
    tx: Transaction,
    page: PageRequest,
    wanted: ApplicationFilter,
    *,
    sort: ApplicationSort,
    by: Principal,
    assigned: Assigned | None = None,
) -> Page[ListedApplication]:
    """The applications the caller may see. `assigned` says which a panel member may see."""
    statement = select(*cases.COLUMNS, _SUBMITTED).where(_reach(by, assigned), *_narrowed(wanted))
    rows, turns = await paginate(tx, statement, page, **order(sort, by=_SORTS, unique=ApplicationRow.id))
    items = [_listed(cases.application_from(row._mapping), row.changed_at) for row in rows]  # noqa: SLF001  SQLAlchemy's documented access
    return Page[ListedApplication](items=items, **turns)


async def view_screening(tx: Transaction, application_id: UUID, *, by: Principal) -> ScreeningView:
    """The latest round; the company reads the findings once they are decided."""
    application = await get_visible_application(tx, application_id, by=by)
    screening = await screenings.get_screening(tx, application_id)
    may_read = by.role not in COMPANY_ROLES or screening.state is ScreeningState.DECIDED
    return _screening_view(screening, application, with_findings=may_read)


async def rounds_of_application(tx: Transaction, application_id: UUID, portion: Portion) -> list[ScreeningRoundView]:
    """A part of the rounds of an application that the caller has been shown, the first one first."""
    rounds = select(*ScreeningRow.__table__.columns).where(ScreeningRow.application_id == application_id)
    found = list((await tx.execute(portion.of(rounds.order_by(ScreeningRow.round)))).mappings())
    checks: dict[int, list[RegisterCheckView]] = defaultdict(list)
    asked = select(*RegisterCheckRow.__table__.columns).where(
        RegisterCheckRow.application_id == application_id, RegisterCheckRow.round.in_([row["round"] for row in found])
    )
    for row in await tx.execute(asked.order_by(RegisterCheckRow.id)):
        checks[row.round].append(RegisterCheckView.model_validate(row))
    return [ScreeningRoundView.model_validate({**row, "checks": checks[row["round"]]}) for row in found]


def application_view(application: Application) -> ApplicationView:
    plan, supplement, eligibility = application.plan, application.supplement, application.eligibility
    return ApplicationView(
        id=application.id,
        company_id=application.company_id,
        call_id=application.call_id,
        fiscal_year=application.fiscal_year,
        type_code=application.type_code,
        worksite_id=application.worksite_id,
        municipality_code=application.municipality_code,
        total_cost_won=plan.total_cost_won,
        project_title=plan.project_title,
        plan_summary=plan.plan_summary,
        plan_sha256=plan.plan_sha256,
        supplier_business_number=plan.supplier_business_number,
        self_pay_capacity_won=plan.self_pay_capacity_won,
        concurrent_project=plan.concurrent_project,
        consents=ConsentsView.model_validate(plan.consents),
        status=application.status,
        created_at=application.created_at,
        submitted_at=application.submitted_at,
        supplement=None if supplement is None else SupplementView.model_validate(supplement),
        eligibility=None if eligibility is None else EligibilityView.model_validate(eligibility),
        outcome=application.outcome,
        withdrawn_at=application.withdrawn_at,
        version=application.version,
    )


def _listed(application: Application, changed_at: datetime) -> ListedApplication:
    return ListedApplication.model_validate({**dict(application_view(application)), "changed_at": changed_at})


def _narrowed(wanted: ApplicationFilter) -> list[ColumnElement[bool]]:
    row, states = ApplicationRow, [status.value for status in wanted.status]
    return narrowed(
        (row.call_id, eq, wanted.call_id),
        (row.status, in_op, states or None),
        (row.type_code, eq, wanted.type_code),
        (row.municipality_code, eq, wanted.municipality_code),
        (row.submitted_at, ge, wanted.submitted_from),
        (row.submitted_at, lt, wanted.submitted_before),
        (row.changed_at, ge, wanted.changed_from),
        (row.changed_at, lt, wanted.changed_before),
    )


def _screening_view(screening: Screening, application: Application, *, with_findings: bool) -> ScreeningView:
    findings = screening.findings if with_findings else ()
    return ScreeningView(
        application_id=screening.application_id,
        round=screening.round,
        state=screening.state,
        rule_version=screening.rule_version,
        started_at=screening.started_at,
        checked_at=screening.checked_at,
        findings=[FindingView.model_validate(each) for each in findings],
        waiting_on=[WaitingView.model_validate(each) for each in screening.waiting_on],
        version=application.version,
    )


def _reach(by: Principal, assigned: Assigned | None = None) -> ColumnElement[bool]:
    """What exists for this caller: its own, its area, its assigned cases; drafts stay private."""
    if by.role in COMPANY_ROLES:
        return ApplicationRow.company_id == own_company_id(by)
    handed_in = ApplicationRow.submitted_at.is_not(None)
    if by.role in MUNICIPALITY_ROLES:
        return handed_in & (ApplicationRow.municipality_code == by.tenant)
    if by.role == Role.PANEL_MEMBER:
        return false() if assigned is None else handed_in & ApplicationRow.id.in_(assigned)
    return handed_in & true()
