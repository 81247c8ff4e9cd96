"""Single reports, and all of one project: when its waves are, what was said in them, and what of it counts."""

from datetime import date, datetime
from fractions import Fraction
from operator import eq
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from metrics.outcomes import store
from metrics.outcomes.domain.changes import (
    BaselineGiven,
    Case,
    Standing,
    baseline_given,
    change_of,
    short_baseline,
)
from metrics.outcomes.domain.definitions import ChangeKind, Wave, WaveAfter
from metrics.outcomes.domain.refusals import OutcomeProjectUnknown, OutcomeReportUnknown
from metrics.outcomes.domain.reports import Correction, Finding, Grade, Project, ReportState, Silence
from metrics.outcomes.domain.spread import in_bp
from metrics.outcomes.domain.waves import day_of
from metrics.outcomes.queries.cases import window_in
from metrics.outcomes.queries.definitions import rules_on
from metrics.outcomes.store import OutcomeReportRow

_WAVES_AFTER = tuple(Wave(each.value) for each in WaveAfter)

__all__ = ["OutcomeReportView", "ProjectOutcomes", "ReportState", "get_report", "list_reports", "read_project"]


class FigureView(View):
    """One KPI's two numbers, and where they come from."""

    kpi: str
    numerator: int
    denominator: int
    grade: Grade


class OutcomeReportView(View):
    """What a firm said of one wave; `number` counts its corrections."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    wave: Wave
    number: int
    rule_version: str
    period_from: date
    period_to: date
    product_changed: bool
    figures: list[FigureView]
    reason: Correction | None
    evidence_sha256: str
    state: ReportState
    finding: Finding | None
    checked_outliers: list[str]
    reported_at: datetime
    decided_at: datetime | None
    version: int


class BaselineStatus(View):
    """What counts as before. `given` says for ever whether that was known when the agreement came into force."""

    report_id: UUID | None
    given: BaselineGiven | None
    short: bool
    frozen_at: datetime | None


class KpiChange(View):
    """One KPI's change in one kind, positive where it is better; null with the reason where none counts."""

    kpi: str
    change_kind: ChangeKind
    standing: Standing
    improvement_bp: int | None


class WaveStatus(View):
    """One wave of a project: when it may be reported and by when, which report counts, and what it says."""

    wave: Wave
    opens_on: date
    due_on: date
    open: bool
    overdue: bool
    late: bool
    report_id: UUID | None
    reports: int
    silence: Silence | None
    changes: list[KpiChange]


class ProjectOutcomes(View):
    """All that is known of one project's outcomes; without a completion it has no waves yet."""

    project_id: UUID
    municipality_code: str
    type_code: str
    track: str | None
    agreed_at: datetime | None
    completed_at: datetime | None
    terminated_at: datetime | None
    rule_version: str
    baseline: BaselineStatus
    waves: list[WaveStatus]


async def list_reports(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    project_id: UUID | None,
    wave: Wave | None,
    state: ReportState | None,
) -> Page[OutcomeReportView]:
    """Reports, oldest first."""
    conditions = narrowed(
        (OutcomeReportRow.project_id, eq, project_id),
        (OutcomeReportRow.wave, eq, wave and wave.value),
        (OutcomeReportRow.state, eq, state and state.value),
    )
    statement = select(*OutcomeReportRow.__table__.columns).where(_visible(by), *conditions)
    return await page_of(OutcomeReportView, tx, statement, page, by=[OutcomeReportRow.id])


async def get_report(tx: Transaction, report_id: UUID, *, by: Principal) -> OutcomeReportView:
    """One report, if it is the caller's to see."""
    statement = select(*OutcomeReportRow.__table__.columns).where(OutcomeReportRow.id == report_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise OutcomeReportUnknown
    return OutcomeReportView.model_validate(row)


async def read_project(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> ProjectOutcomes:
    """One project's baseline and waves; raises OutcomeProjectUnknown."""
    project = await store.find_project(tx, project_id)
    if project is None or not _is_shown(project, by):
        raise OutcomeProjectUnknown
    rules = rules_on(day_of(now))
    said = await store.reports_of(tx, waves=list(Wave), project_ids=[project_id])
    silences = await store.silences_of(tx, waves=_WAVES_AFTER, at=now, project_ids=[project_id])
    baselines = [each for each in said if each.wave is Wave.BASELINE]
    cases = {
        wave: Case(
            project=project,
            baselines=baselines,
            reports=[each for each in said if each.wave is wave],
            silence=silences.get((project_id, wave)),
        )
        for wave in _WAVES_AFTER
    }
    first = cases[_WAVES_AFTER[0]]
    counting = first.baseline
    return ProjectOutcomes(
        project_id=project_id,
        municipality_code=project.municipality_code,
        type_code=project.type_code,
        track=project.track,
        agreed_at=project.agreed_at,
        completed_at=project.completed_at,
        terminated_at=project.terminated_at,
        rule_version=rules.version,
        baseline=BaselineStatus(
            report_id=counting.id if counting else None,
            given=baseline_given(first),
            short=counting is not None and short_baseline(counting, rules.baseline.months),
            frozen_at=project.agreed_at,
        ),
        waves=[status for wave in _WAVES_AFTER if (status := _wave(cases[wave], wave, now)) is not None],
    )


def _wave(case: Case, wave: Wave, now: datetime) -> WaveStatus | None:
    window = window_in(case.project, wave)
    if window is None:
        return None
    rules, counting = rules_on(day_of(now)), case.report
    answered = any(each.state is not ReportState.RETURNED for each in case.reports)
    changes = []
    for kpi in rules.kpis if case.reports else ():
        for kind in kpi.change_kinds:
            change = change_of(case, kpi, kind, store.rule_versions())
            changes.append(
                KpiChange(
                    kpi=kpi.code, change_kind=kind, standing=change.standing, improvement_bp=_bp(change.improvement)
                )
            )
    return WaveStatus(
        wave=wave,
        opens_on=window.opens_on,
        due_on=window.due_on,
        open=day_of(now) >= window.opens_on,
        overdue=now >= window.due_at and not answered,
        late=bool(case.reports) and case.reports[0].reported_at >= window.due_at,
        report_id=counting.id if counting else None,
        reports=len(case.reports),
        silence=case.silence,
        changes=changes,
    )


def _bp(value: Fraction | None) -> int | None:
    return None if value is None else in_bp(value)


def _is_shown(project: Project, by: Principal) -> bool:
    if by.role in COMPANY_ROLES:
        return project.company_id is not None and str(project.company_id) == by.tenant
    return by.role not in MUNICIPALITY_ROLES or project.municipality_code == by.tenant


def _visible(by: Principal) -> ColumnElement[bool]:
    if by.role in COMPANY_ROLES:
        # As text: a company token's tenant is a UUID by agreement, and anything else simply owns nothing.
        return cast(OutcomeReportRow.company_id, Text) == by.tenant
    if by.role in MUNICIPALITY_ROLES:
        return OutcomeReportRow.municipality_code == by.tenant
    return true()
