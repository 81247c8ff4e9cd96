"""What a firm's figures say of one KPI in one wave: a valid improvement, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from metrics.outcomes.domain.definitions import ChangeKind, Direction, Kpi, OutcomeRules
from metrics.outcomes.domain.reports import Project, Report, ReportState, Silence
from metrics.outcomes.domain.waves import covers_months

_WHOLE_BP = 10_000


class Standing(StrEnum):
    """Whether a due firm's improvement counts, and else why not."""

    VALID = "VALID"
    NOT_REPORTED = "NOT_REPORTED"
    UNVERIFIED = "UNVERIFIED"
    NO_BASELINE = "NO_BASELINE"
    DEFINITION_CHANGED = "DEFINITION_CHANGED"
    PRODUCT_CHANGED = "PRODUCT_CHANGED"
    ZERO_BASELINE = "ZERO_BASELINE"
    OUTLIER = "OUTLIER"


class BaselineGiven(StrEnum):
    """When the baseline that counts was given: a figure that comes after the agreement says so for ever."""

    FROZEN = "FROZEN"
    LATE = "LATE"
    AMENDED = "AMENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One project in one wave: all that was said by some moment, in its order."""

    project: Project
    baselines: Sequence[Report]
    reports: Sequence[Report]
    silence: Silence | None

    @property
    def baseline(self) -> Report | None:
        """The baseline that counts."""
        return _counting(self.baselines)

    @property
    def report(self) -> Report | None:
        """The report of the wave that counts."""
        return _counting(self.reports)

    def answered(self, kpi: str) -> bool:
        """Whether the firm has said anything of this KPI that was neither returned nor replaced."""
        since = self.report.number if self.report else 0
        said = [each for each in self.reports if each.number >= since and each.state is not ReportState.RETURNED]
        return any(each.figure(kpi) for each in said)


@dataclass(frozen=True, slots=True)
class Change:
    """The improvement, positive where it is better, or why there is none; `before` and `after` are the KPI's values."""

    standing: Standing
    improvement: Fraction | None = None
    before: Fraction | None = None
    after: Fraction | None = None


def as_of(report: Report, at: datetime) -> Report | None:
    """What was known of a report at a moment; none before it was made."""
    if report.reported_at > at:
        return None
    if report.decided_at is not None and report.decided_at > at:
        undecided = {"finding": None, "checked_outliers": (), "decided_by": None, "decided_at": None}
        return replace(report, state=ReportState.REPORTED, **undecided)  # type: ignore[arg-type]
    return report


def answered_by(reports: Sequence[Report], at: datetime) -> bool:
    """Whether a firm had reported anything in a wave by a moment that was not returned by then, verified or not."""
    known = (as_of(each, at) for each in reports)
    return any(each is not None and each.state is not ReportState.RETURNED for each in known)


def baseline_given(case: Case) -> BaselineGiven | None:
    """Whether the counting baseline was given before the agreement came into force; none without a baseline."""
    counting, agreed_at = case.baseline, case.project.agreed_at
    if counting is None:
        return None
    if agreed_at is None or counting.reported_at <= agreed_at:
        return BaselineGiven.FROZEN
    before = any(each.state is ReportState.VERIFIED and each.reported_at <= agreed_at for each in case.baselines)
    return BaselineGiven.AMENDED if before else BaselineGiven.LATE


def change_of(case: Case, kpi: Kpi, kind: ChangeKind, versions: Mapping[str, OutcomeRules]) -> Change:
    """One firm's change of one KPI, told in one kind."""
    _, changes = changes_of(case, kpi, versions, kinds=(kind,))
    return changes[kind]


def changes_of(
    case: Case, kpi: Kpi, versions: Mapping[str, OutcomeRules], *, kinds: Sequence[ChangeKind] | None = None
) -> tuple[bool, dict[ChangeKind, Change]]:
    """Whether a firm has answered of one KPI, and its change in every kind in which it is told, or in these."""
    wanted = kpi.change_kinds if kinds is None else kinds
    report, baseline = case.report, case.baseline
    answered = case.answered(kpi.code)
    after = report.figure(kpi.code) if report else None
    before = baseline.figure(kpi.code) if baseline else None
    if report is None or after is None:
        return answered, dict.fromkeys(wanted, Change(Standing.UNVERIFIED if answered else Standing.NOT_REPORTED))
    if baseline is None or before is None:
        return answered, dict.fromkeys(wanted, Change(Standing.NO_BASELINE))
    if any(edition_of(each, kpi, versions) != kpi.edition for each in (report, baseline)):
        return answered, dict.fromkeys(wanted, Change(Standing.DEFINITION_CHANGED))
    values = Fraction(before.numerator, before.denominator), Fraction(after.numerator, after.denominator)
    return answered, _compared(report, kpi, wanted, *values)


def _compared(
    report: Report, kpi: Kpi, kinds: Sequence[ChangeKind], before: Fraction, after: Fraction
) -> dict[ChangeKind, Change]:
    gain = after - before if kpi.direction is Direction.HIGHER_IS_BETTER else before - after
    relative = gain / before if before else None
    odd = relative is not None and abs(relative) * _WHOLE_BP > kpi.outlier_over_bp
    changes = {}
    for kind in kinds:
        standing = Standing.VALID
        if report.product_changed:
            standing = Standing.PRODUCT_CHANGED
        elif kind is ChangeKind.PERCENT and relative is None:
            standing = Standing.ZERO_BASELINE
        elif odd and kpi.code not in report.checked_outliers:
            standing = Standing.OUTLIER
        improvement = relative if kind is ChangeKind.PERCENT else gain
        changes[kind] = Change(standing, improvement if standing is Standing.VALID else None, before, after)
    return changes


def _counting(reports: Sequence[Report]) -> Report | None:
    verified = [each for each in reports if each.state is ReportState.VERIFIED]
    return max(verified, key=lambda each: each.number, default=None)


def edition_of(report: Report | None, kpi: Kpi, versions: Mapping[str, OutcomeRules]) -> int | None:
    """By which edition of a KPI's formula a report was made."""
    rules = versions.get(report.rule_version) if report else None
    defined = rules.kpi(kpi.code) if rules else None
    return defined.edition if defined else None


def short_baseline(baseline: Report, months: int) -> bool:
    """Whether a baseline covers fewer months than it should, which is said beside it."""
    return not covers_months(baseline.period_from, baseline.period_to, months)
