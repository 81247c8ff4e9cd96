"""What a project's verified reports carry, for features that rest on it: which of them count, and do they still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from common.db import Transaction
from metrics.outcomes import store
from metrics.outcomes.domain.changes import Case, Change, change_of
from metrics.outcomes.domain.definitions import ChangeKind, Kpi, Wave, WaveAfter
from metrics.outcomes.domain.refusals import NoOutcomeRules, OutcomeProjectUnknown
from metrics.outcomes.domain.reports import Grade, ReportState
from metrics.outcomes.domain.spread import in_bp
from metrics.outcomes.domain.waves import day_of
from metrics.outcomes.queries.definitions import rules_on
from metrics.outcomes.store import OutcomeProjectRow, OutcomeReportRow

__all__ = [
    "ChangeKind",
    "Grade",
    "NoOutcomeRules",
    "OutcomeProjectUnknown",
    "Place",
    "Proven",
    "ProvenChange",
    "Wave",
    "WaveAfter",
    "day_of",
    "is_superseded",
    "is_terminated",
    "place_of",
    "prove",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose project it is, and where."""

    company_id: UUID
    municipality_code: str


@dataclass(frozen=True, slots=True)
class ProvenChange:
    """One KPI's change in one kind, or in its standing why there is none."""

    kpi: str
    change_kind: str
    standing: str
    improvement_bp: int | None
    grade: str | None


@dataclass(frozen=True, slots=True)
class Proven:
    """One project in one wave, by what counts now; the numbers are those of the reports of their wave."""

    company_id: UUID
    municipality_code: str
    completed: bool
    terminated: bool
    baseline_number: int | None
    report_number: int | None
    reports: Sequence[UUID]
    changes: Sequence[ProvenChange]


async def prove(tx: Transaction, project_id: UUID, wave: str, *, now: datetime) -> Proven:
    """Of a project that the caller sees and whose firm is known; raises OutcomeProjectUnknown."""
    project = await store.find_project(tx, project_id)
    if project is None or project.company_id is None:
        raise OutcomeProjectUnknown
    asked = Wave(wave)
    said = await store.reports_of(tx, waves=[Wave.BASELINE, asked], project_ids=[project_id])
    case = Case(
        project=project,
        baselines=[each for each in said if each.wave is Wave.BASELINE],
        reports=[each for each in said if each.wave is asked],
        silence=None,
    )
    counting = [each for each in (case.baseline, case.report) if each is not None]
    return Proven(
        company_id=project.company_id,
        municipality_code=project.municipality_code,
        completed=project.completed_at is not None,
        terminated=project.terminated_at is not None,
        baseline_number=case.baseline.number if case.baseline else None,
        report_number=case.report.number if case.report else None,
        reports=[each.id for each in counting],
        changes=[
            _told(case, kpi, kind, change_of(case, kpi, kind, store.rule_versions()))
            for kpi in rules_on(day_of(now)).kpis
            for kind in kpi.change_kinds
        ],
    )


async def place_of(tx: Transaction, project_id: UUID) -> Place:
    """Of a project that the caller sees and whose firm is known; raises OutcomeProjectUnknown."""
    project = await store.find_project(tx, project_id)
    if project is None or project.company_id is None:
        raise OutcomeProjectUnknown
    return Place(project.company_id, project.municipality_code)


def is_superseded(
    project_id: InstrumentedAttribute[UUID],
    wave: InstrumentedAttribute[str],
    *,
    baseline_number: InstrumentedAttribute[int | None],
    report_number: InstrumentedAttribute[int | None],
) -> ColumnElement[bool]:
    """For a list of what rests on reports: whether a later one was verified since, and counts in their place."""
    report = OutcomeReportRow
    later = or_(
        and_(report.wave == Wave.BASELINE.value, report.number > baseline_number),
        and_(report.wave == wave, report.number > report_number),
    )
    return (
        select(report.id)
        .where(report.project_id == project_id, report.state == ReportState.VERIFIED.value, later)
        .exists()
    )


def is_terminated(project_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """For the same list: whether the project was terminated, whenever that was."""
    project = OutcomeProjectRow
    return (
        select(project.project_id).where(project.project_id == project_id, project.terminated_at.is_not(None)).exists()
    )


def _told(case: Case, kpi: Kpi, kind: ChangeKind, change: Change) -> ProvenChange:
    figure = case.report.figure(kpi.code) if case.report else None
    return ProvenChange(
        kpi=kpi.code,
        change_kind=kind.value,
        standing=change.standing.value,
        improvement_bp=None if change.improvement is None else in_bp(change.improvement),
        grade=figure.grade.value if figure else None,
    )
