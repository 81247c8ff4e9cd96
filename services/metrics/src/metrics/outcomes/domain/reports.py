"""A report of figures: REPORTED by the firm, then VERIFIED or RETURNED by another person; nothing said is ever changed.

A correction is the next number of its wave. The highest verified number counts, and those before it stay.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from metrics.outcomes.domain.definitions import BaselineRule, OutcomeRules, UnitKind, Wave
from metrics.outcomes.domain.refusals import (
    BaselinePeriodWrong,
    CorrectionReasonMissing,
    FindingMissing,
    KpiUnknown,
    OutcomeReportHasChanged,
    OwnReport,
    PeriodWrong,
    RateAboveWhole,
    ReportDecided,
    ReportRepeated,
    WaveNotOpen,
)
from metrics.outcomes.domain.waves import Window, covers_months, day_of


class ReportState(StrEnum):
    """What is known of a report; only what is VERIFIED counts."""

    REPORTED = "REPORTED"
    VERIFIED = "VERIFIED"
    RETURNED = "RETURNED"


class Grade(StrEnum):
    """Where a figure comes from: A machine log, B extract of ERP or MES, C paper record, D statement."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Correction(StrEnum):
    """Why a figure that was reported is reported again."""

    MISTAKE = "MISTAKE"
    BETTER_EVIDENCE = "BETTER_EVIDENCE"
    ASKED_BY_VERIFIER = "ASKED_BY_VERIFIER"


class Decision(StrEnum):
    """What the Technopark says of a report."""

    VERIFY = "VERIFY"
    RETURN = "RETURN"


class Finding(StrEnum):
    """Why a report is returned."""

    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    FIGURES_CONTRADICT_EVIDENCE = "FIGURES_CONTRADICT_EVIDENCE"
    WRONG_PERIOD = "WRONG_PERIOD"
    WRONG_DEFINITION = "WRONG_DEFINITION"


class Silence(StrEnum):
    """Why a firm does not answer in a wave. It stays in the denominator all the same."""

    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    CLOSED = "CLOSED"
    MERGED = "MERGED"
    RELOCATED = "RELOCATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One KPI of a report: two whole numbers, from which the value follows."""

    kpi: str
    numerator: int
    denominator: int
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as far as outcomes ask. Whose it is, and its track, are unknown until its selection was heard of."""

    project_id: UUID
    company_id: UUID | None
    municipality_code: str
    track: str | None
    type_code: str
    agreed_at: datetime | None
    completed_at: datetime | None
    terminated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a firm said of one wave, once; `checked_outliers` are the KPIs whose odd size the verifier confirmed."""

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
    figures: tuple[Figure, ...]
    reason: Correction | None
    evidence_sha256: str
    state: ReportState
    finding: Finding | None
    checked_outliers: tuple[str, ...]
    reported_by: str
    reported_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    version: int

    def figure(self, kpi: str) -> Figure | None:
        return next((each for each in self.figures if each.kpi == kpi), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a report says, without who and when."""

    wave: Wave
    period_from: date
    period_to: date
    product_changed: bool
    figures: tuple[Figure, ...]
    reason: Correction | None
    evidence_sha256: str


def new_report(
    id_: UUID,
    project: Project,
    company_id: UUID,
    content: Content,
    earlier: Sequence[Report],
    rules: OutcomeRules,
    *,
    by: str,
    now: datetime,
) -> Report:
    """The next report of a wave, after those of `earlier` in their order."""
    for at, figure in enumerate(content.figures):
        _check_figure(figure, at, content.figures, rules)
    if earlier:
        if _says_the_same(earlier[-1], content):
            raise ReportRepeated(number=earlier[-1].number)
        if content.reason is None:
            raise CorrectionReasonMissing(field="/reason")
    return Report(
        id=id_,
        project_id=project.project_id,
        company_id=company_id,
        municipality_code=project.municipality_code,
        wave=content.wave,
        number=len(earlier) + 1,
        rule_version=rules.version,
        period_from=content.period_from,
        period_to=content.period_to,
        product_changed=content.product_changed,
        figures=content.figures,
        reason=content.reason,
        evidence_sha256=content.evidence_sha256,
        state=ReportState.REPORTED,
        finding=None,
        checked_outliers=(),
        reported_by=by,
        reported_at=now,
        decided_by=None,
        decided_at=None,
        version=1,
    )


def check_baseline_period(content: Content, project: Project, rule: BaselineRule, *, now: datetime) -> None:
    """A baseline is of the months before the agreement, or before today while there is none."""
    last = day_of(project.agreed_at or now)
    latest = min(last, day_of(now))
    ordered = content.period_from <= content.period_to <= latest
    if not ordered or not covers_months(content.period_from, content.period_to, rule.months_min):
        raise BaselinePeriodWrong(period_to=latest.isoformat(), months=rule.months_min, field="/period_to")


def check_wave_period(content: Content, window: Window, *, now: datetime) -> None:
    """A wave's figures are of its own period, which is over."""
    today = day_of(now)
    if today < window.opens_on:
        raise WaveNotOpen(opens_on=window.opens_on.isoformat())
    last = window.period_to or today
    inside = window.period_from <= content.period_from <= content.period_to <= last
    if not inside or not covers_months(content.period_from, content.period_to, window.months_min):
        raise PeriodWrong(
            period_from=window.period_from.isoformat(),
            period_to=last.isoformat(),
            months=window.months_min,
            field="/period_from",
        )


def check_version(report: Report, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if report.version != read_version:
        raise OutcomeReportHasChanged(current_version=report.version)


def decided(
    report: Report,
    decision: Decision,
    finding: Finding | None,
    checked_outliers: Collection[str],
    *,
    by: str,
    now: datetime,
) -> Report:
    """What a second person says of a report."""
    if report.state is not ReportState.REPORTED:
        raise ReportDecided(state=report.state)
    if report.reported_by == by:
        raise OwnReport
    if (decision is Decision.RETURN) != (finding is not None):
        raise FindingMissing(field="/finding")
    known = [each.kpi for each in report.figures]
    if not set(checked_outliers) <= set(known):
        raise KpiUnknown(known=", ".join(known), field="/checked_outliers")
    state = ReportState.VERIFIED if decision is Decision.VERIFY else ReportState.RETURNED
    checked = tuple(sorted(set(checked_outliers))) if state is ReportState.VERIFIED else ()
    return replace(report, state=state, finding=finding, checked_outliers=checked, decided_by=by, decided_at=now)


def _check_figure(figure: Figure, at: int, figures: Sequence[Figure], rules: OutcomeRules) -> None:
    kpi = rules.kpi(figure.kpi)
    if kpi is None or any(figure.kpi == other.kpi for other in figures[:at]):
        known = ", ".join(each.code for each in rules.kpis)
        raise KpiUnknown(known=known, field=f"/figures/{at}/kpi")
    if kpi.unit_kind is UnitKind.PERCENT and figure.numerator > figure.denominator:
        raise RateAboveWhole(kpi=figure.kpi, field=f"/figures/{at}/numerator")


def _says_the_same(report: Report, content: Content) -> bool:
    def in_order(figures: Sequence[Figure]) -> list[Figure]:
        return sorted(figures, key=lambda each: each.kpi)

    return (
        in_order(report.figures) == in_order(content.figures)
        and report.product_changed == content.product_changed
        and report.evidence_sha256 == content.evidence_sha256
        and (report.period_from, report.period_to) == (content.period_from, content.period_to)
    )
