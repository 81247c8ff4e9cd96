"""Cases as their parties see them: the firm its own, a municipality its area's, the programme's staff all."""

from dataclasses import dataclass
from datetime import datetime
from operator import eq
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, or_, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from metrics.outcomes.queries.proofs import ChangeKind, Grade, WaveAfter, is_superseded, is_terminated
from metrics.practices.domain.cases import PracticeFinding, PracticeState, WithdrawalReason
from metrics.practices.domain.refusals import GoodPracticeUnknown
from metrics.practices.store.cases import GoodPracticeRow

__all__ = ["GoodPracticeView", "PracticeFilter", "PracticeState", "get_practice", "list_practices"]


class PracticeKpiView(View):
    """A KPI that the case is about."""

    kpi: str
    change_kind: ChangeKind


class PracticeFigureView(View):
    """What the verified reports carry: the improvement, positive where it is better, and the grade of its evidence."""

    kpi: str
    change_kind: ChangeKind
    improvement_bp: int
    grade: Grade


class GoodPracticeView(View):
    """One case. `needs_verification` says that a report was corrected or the project ended since it was verified."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    criteria_version: str
    wave: WaveAfter
    title_ko: str
    title_en: str
    summary_ko: str
    summary_en: str
    sector: str
    size_band: str
    processes: list[str]
    technologies: list[str]
    kpis: list[PracticeKpiView]
    nominated_at: datetime
    state: PracticeState
    figures: list[PracticeFigureView]
    finding: PracticeFinding | None
    verified_at: datetime | None
    firm_name: str | None
    consented_at: datetime | None
    named: bool
    published_at: datetime | None
    withdrawal_reason: WithdrawalReason | None
    withdrawn_at: datetime | None
    needs_verification: bool
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeFilter:
    """What a list is narrowed to; none is anything."""

    municipality_code: str | None
    process: str | None
    technology: str | None

    def conditions(self) -> list[ColumnElement[bool]]:
        row = GoodPracticeRow
        return narrowed(
            (row.municipality_code, eq, self.municipality_code),
            (row.processes, _holds, self.process),
            (row.technologies, _holds, self.technology),
        )


async def list_practices(
    tx: Transaction,
    page: PageRequest,
    wanted: PracticeFilter,
    *,
    by: Principal,
    state: PracticeState | None,
    needs_verification: bool | None,
) -> Page[GoodPracticeView]:
    """Cases in the order in which they were nominated."""
    conditions = [
        *wanted.conditions(),
        *narrowed((GoodPracticeRow.state, eq, state and state.value), (doubtful(), _is_so, needs_verification)),
    ]
    statement = _cases().where(_visible(by), *conditions)
    return await page_of(GoodPracticeView, tx, statement, page, by=[GoodPracticeRow.id])


def every_practice(*, by: Principal, state: PracticeState | None) -> Select[*tuple[Any, ...]]:
    """For a later feature: the cases that the caller may see, for whoever reads row after row."""
    conditions = narrowed((GoodPracticeRow.state, eq, state and state.value))
    return _cases().where(_visible(by), *conditions).order_by(GoodPracticeRow.id)


async def get_practice(tx: Transaction, practice_id: UUID, *, by: Principal) -> GoodPracticeView:
    """One case, if it is the caller's to see."""
    row = (await tx.execute(_cases().where(GoodPracticeRow.id == practice_id, _visible(by)))).one_or_none()
    if row is None:
        raise GoodPracticeUnknown
    return GoodPracticeView.model_validate(row)


def doubtful() -> ColumnElement[bool]:
    """For lists of cases: whether what was verified no longer is what the reports carry."""
    row = GoodPracticeRow
    superseded = is_superseded(
        row.project_id, row.wave, baseline_number=row.baseline_number, report_number=row.report_number
    )
    living = row.state.in_([PracticeState.VERIFIED.value, PracticeState.PUBLISHED.value])
    return living & or_(superseded, is_terminated(row.project_id))


def _cases() -> Select[*tuple[Any, ...]]:
    return select(*GoodPracticeRow.__table__.columns, doubtful().label("needs_verification"))


def _holds(column: Any, code: str) -> ColumnElement[bool]:  # noqa: ANN401  a column, as `narrowed` has it
    held: ColumnElement[bool] = column.contains([code])
    return held


def _is_so(column: ColumnElement[bool], wanted: bool) -> ColumnElement[bool]:  # noqa: FBT001  as `narrowed` calls it
    return column if wanted else ~column


def _visible(by: Principal) -> ColumnElement[bool]:
    if by.role in COMPANY_ROLES:
        # As text: a company token's tenant is a UUID by agreement, and anything else simply owns nothing.
        return cast(GoodPracticeRow.company_id, Text) == by.tenant
    if by.role in MUNICIPALITY_ROLES:
        return GoodPracticeRow.municipality_code == by.tenant
    return true()
