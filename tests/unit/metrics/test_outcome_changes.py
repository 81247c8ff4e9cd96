"""What two pairs of numbers say: percent or points, and the traps in which they say nothing (edge 9 of domain.md section 7.2)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from metrics.outcomes import store
from metrics.outcomes.domain.changes import BaselineGiven, Case, Standing, as_of, baseline_given, change_of
from metrics.outcomes.domain.definitions import ChangeKind, Kpi, Wave
from metrics.outcomes.domain.reports import Figure, Grade, Project, Report, ReportState, Silence

NOW = datetime(2026, 1, 5, tzinfo=UTC)
AGREED = datetime(2024, 6, 3, tzinfo=UTC)
DAY = timedelta(days=1)
_RULES = store.rules_in_force(date(2024, 6, 1))
assert _RULES is not None
RULES = _RULES
PERCENT, POINTS = ChangeKind.PERCENT, ChangeKind.POINTS
PROJECT = Project(
    project_id=UUID(int=1),
    company_id=UUID(int=2),
    municipality_code="52110",
    track="B",
    type_code="JS2",
    agreed_at=AGREED,
    completed_at=AGREED + 300 * DAY,
    terminated_at=None,
)


def kpi(code: str) -> Kpi:
    found = RULES.kpi(code)
    assert found is not None
    return found


def report(wave: Wave, code: str, numerator: int, denominator: int, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "id": UUID(int=3),
        "project_id": PROJECT.project_id,
        "company_id": UUID(int=2),
        "municipality_code": "52110",
        "wave": wave,
        "number": 1,
        "rule_version": "2024-1",
        "period_from": date(2023, 6, 1),
        "period_to": date(2024, 5, 31),
        "product_changed": False,
        "figures": (Figure(kpi=code, numerator=numerator, denominator=denominator, grade=Grade.B),),
        "reason": None,
        "evidence_sha256": "0" * 64,
        "state": ReportState.VERIFIED,
        "finding": None,
        "checked_outliers": (),
        "reported_by": "firm",
        "reported_at": AGREED - DAY,
        "decided_by": "technopark",
        "decided_at": AGREED + DAY,
        "version": 2,
    }
    return Report(**(values | changes))


def case(code: str, before: tuple[int, int], after: tuple[int, int], **changes: Any) -> Case:
    baseline = report(Wave.BASELINE, code, *before)
    after_it = report(Wave.COMPLETION, code, *after, **({"reported_at": NOW, "decided_at": NOW} | changes))
    return Case(project=PROJECT, baselines=[baseline], reports=[after_it], silence=None)


@pytest.mark.parametrize(
    ("code", "before", "after", "kind", "improvement"),
    [
        ("P1", (100, 10), (144, 10), PERCENT, Fraction(44, 100)),
        ("Q1", (100, 1000), (47, 1000), PERCENT, Fraction(53, 100)),
        ("Q1", (100, 1000), (47, 1000), POINTS, Fraction(53, 1000)),
        ("Q1", (10, 1000), (20, 1000), PERCENT, Fraction(-1)),  # worse is negative, whichever way better is
        ("D1", (80, 100), (94, 100), POINTS, Fraction(14, 100)),
        ("D1", (80, 100), (94, 100), PERCENT, Fraction(14, 80)),  # the same two numbers, another change
        ("C1", (1000, 10), (760, 10), PERCENT, Fraction(24, 100)),
        ("D2", (100, 10), (61, 10), PERCENT, Fraction(39, 100)),
    ],
)
def test_an_improvement_is_positive_and_told_in_one_kind(
    code: str, before: tuple[int, int], after: tuple[int, int], kind: ChangeKind, improvement: Fraction
) -> None:
    change = change_of(case(code, before, after), kpi(code), kind, store.rule_versions())
    assert (change.standing, change.improvement) == (Standing.VALID, improvement)


def test_a_baseline_without_defects_has_no_percent_but_has_points() -> None:
    zero = case("Q1", (0, 1000), (5, 1000))
    percent = change_of(zero, kpi("Q1"), PERCENT, store.rule_versions())
    points = change_of(zero, kpi("Q1"), POINTS, store.rule_versions())
    assert (percent.standing, percent.improvement) == (Standing.ZERO_BASELINE, None)
    assert (points.standing, points.improvement) == (Standing.VALID, Fraction(-5, 1000))


def test_an_outlier_counts_only_once_somebody_has_looked() -> None:
    odd = case("P1", (100, 10), (401, 10))
    looked_at = case("P1", (100, 10), (401, 10), checked_outliers=("P1",))
    at_the_band = case("P1", (100, 10), (400, 10))
    standings = [
        change_of(each, kpi("P1"), PERCENT, store.rule_versions()).standing for each in (odd, looked_at, at_the_band)
    ]
    assert standings == [Standing.OUTLIER, Standing.VALID, Standing.VALID]


def test_another_product_or_another_formula_is_not_compared() -> None:
    other = case("P1", (100, 10), (120, 10), product_changed=True)
    assert change_of(other, kpi("P1"), PERCENT, store.rule_versions()).standing is Standing.PRODUCT_CHANGED
    newer = replace(RULES, version="2027-1", kpis=tuple(replace(each, edition=2) for each in RULES.kpis))
    versions = {**store.rule_versions(), "2027-1": newer}
    later = case("P1", (100, 10), (120, 10), rule_version="2027-1")
    assert change_of(later, newer.kpis[0], PERCENT, versions).standing is Standing.DEFINITION_CHANGED


def test_the_last_verified_report_counts_and_a_returned_one_does_not() -> None:
    first, second, third = (
        report(Wave.COMPLETION, "P1", number, 10, number=at, reported_at=NOW + at * DAY, decided_at=NOW + at * DAY)
        for at, number in ((1, 110), (2, 120), (3, 130))
    )
    baseline = report(Wave.BASELINE, "P1", 100, 10)

    def counting(*reports: Report) -> Fraction | None:
        one = Case(project=PROJECT, baselines=[baseline], reports=reports, silence=None)
        return change_of(one, kpi("P1"), PERCENT, store.rule_versions()).improvement

    assert counting(first, second) == Fraction(20, 100)
    assert counting(first, second, replace(third, state=ReportState.RETURNED)) == Fraction(20, 100)
    assert counting(first, second, replace(third, state=ReportState.REPORTED, decided_at=None)) == Fraction(20, 100)
    assert counting(first, second, third) == Fraction(30, 100)


def test_who_does_not_answer_stays_and_says_why() -> None:
    silent = Case(project=PROJECT, baselines=[], reports=[], silence=Silence.CLOSED)
    waiting = case("P1", (100, 10), (120, 10), state=ReportState.REPORTED, decided_at=None, decided_by=None)
    unfounded = replace(case("P1", (100, 10), (120, 10)), baselines=[])
    standings = [
        change_of(each, kpi("P1"), PERCENT, store.rule_versions()).standing for each in (silent, waiting, unfounded)
    ]
    assert standings == [Standing.NOT_REPORTED, Standing.UNVERIFIED, Standing.NO_BASELINE]
    assert (silent.answered("P1"), waiting.answered("P1"), waiting.answered("Q1")) == (False, True, False)


def test_a_baseline_given_after_the_agreement_says_so_for_ever() -> None:
    on_time = report(Wave.BASELINE, "P1", 100, 10)
    late = report(Wave.BASELINE, "P1", 90, 10, number=2, reported_at=AGREED + DAY)

    def given(*baselines: Report) -> BaselineGiven | None:
        return baseline_given(Case(project=PROJECT, baselines=baselines, reports=[], silence=None))

    assert given() is None
    assert given(on_time) is BaselineGiven.FROZEN
    assert given(replace(late, number=1)) is BaselineGiven.LATE
    assert given(on_time, late) is BaselineGiven.AMENDED
    assert given(on_time, replace(late, state=ReportState.RETURNED)) is BaselineGiven.FROZEN
    assert given(replace(on_time, state=ReportState.RETURNED), late) is BaselineGiven.LATE


def test_a_past_moment_knows_neither_later_reports_nor_later_decisions() -> None:
    made = report(Wave.COMPLETION, "P1", 120, 10, reported_at=NOW, decided_at=NOW + DAY, checked_outliers=("P1",))
    assert as_of(made, NOW - DAY) is None
    undecided = as_of(made, NOW)
    assert undecided is not None
    assert (undecided.state, undecided.checked_outliers, undecided.decided_by) == (ReportState.REPORTED, (), None)
    assert as_of(made, NOW + DAY) == made
