"""What counts toward 300: a worksite once, where it came furthest, on the day asked about."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.gauge import domain, store
from metrics.gauge.domain import Counts, Site, Stage

DAY = timedelta(days=1)
START = datetime(2024, 5, 20, tzinfo=UTC)
_RULE = store.rule_in_force(date(2024, 6, 1))
assert _RULE is not None
RULE = _RULE


def site(number: int = 1, *, worksite: int | None = None, **moments: int | str) -> Site:
    """A project of Jeonju's Track B; moments are days after the start."""
    values: dict[str, object] = dict.fromkeys(
        ("selected_at", "ended_at", "agreed_at", "inspected_at", "suspended_at", "resumed_at", "completed_at")
    )
    values |= {"terminated_at": None, "termination_cause": None, "fault_party": None, "selected_at": START}
    values |= {name: START + days * DAY for name, days in moments.items() if isinstance(days, int)}
    return Site(
        project_id=UUID(int=number),
        worksite_id=None if worksite is None else UUID(int=worksite),
        track="B",
        type_code="JS1",
        municipality_code="52110",
        **values,  # type: ignore[arg-type]
    )


def counted(*sites: Site, days: int = 100) -> Counts:
    found = domain.count(sites, RULE, at=START + days * DAY)
    return found.get(("52110", "B"), Counts())


@pytest.mark.parametrize(
    ("moments", "stage"),
    [
        ({}, Stage.PLANNED),
        ({"ended_at": 1}, Stage.WITHDRAWN),
        ({"agreed_at": 10}, Stage.AGREED),
        ({"agreed_at": 10, "completed_at": 50}, Stage.COMPLETED),
        ({"agreed_at": 10, "completed_at": 50, "terminated_at": 60}, Stage.TERMINATED),
        ({"agreed_at": 10, "terminated_at": 60}, Stage.TERMINATED),
    ],
)
def test_a_project_is_where_its_latest_moment_puts_it(moments: dict[str, int], stage: Stage) -> None:
    assert domain.stage_of(site(**moments), START + 100 * DAY) is stage


def test_neither_selected_nor_agreed_counts_but_completed_does() -> None:
    assert counted(site()).counted == 0
    assert counted(site(agreed_at=10, inspected_at=40)).counted == 0
    assert counted(site(agreed_at=10, completed_at=50)).counted == 1


def test_a_worksite_counts_once_even_with_two_completed_projects() -> None:
    two = counted(site(1, worksite=7, completed_at=50), site(2, worksite=7, completed_at=60))
    assert (two.counted, two.completed) == (1, 1)
    assert counted(site(1, worksite=7, completed_at=50), site(2, worksite=8, completed_at=60)).counted == 2


def test_a_worksite_that_completed_once_stays_counted_while_its_next_project_is_planned_or_terminated() -> None:
    for later in ({}, {"terminated_at": 70}, {"ended_at": 70}):
        assert counted(site(1, worksite=7, completed_at=50), site(2, worksite=7, **later)).counted == 1


def test_a_terminated_project_leaves_the_count_on_its_day_and_says_so() -> None:
    left = site(agreed_at=10, completed_at=50, terminated_at=60)
    assert counted(left, days=59).counted == 1
    assert (counted(left, days=60).counted, counted(left, days=60).terminated) == (0, 1)
    (correction,) = domain.corrections([left], at=START + 60 * DAY)
    assert (correction.counted_from, correction.left_at) == (START + 50 * DAY, START + 60 * DAY)
    assert domain.corrections([left], at=START + 59 * DAY) == []
    assert domain.corrections([site(terminated_at=60)], at=START + 99 * DAY) == [], "it was never counted"


@pytest.mark.parametrize(
    ("reached", "confirmed", "few"),
    [
        ([], [0] * 9, False),
        ([0] * 9, [0] * 9, False),  # all of them
        ([0] * 8, [0] * 9, True),  # one is left
        ([0] * 5, [0] * 9, True),
        ([0] * 4, [0] * 9, False),  # five are left
        ([0] * 8, [0] * 9 + [30] * 7, True),  # and seven of the next call, of which none can have come so far
        ([0] * 8 + [30], [0] * 9 + [30] * 7, False),  # seven of both, and nobody knows of which
        ([0] * 9, [0] * 6, True),  # three that no call has told of
        ([0] * 9, [], False),
    ],
)
def test_a_count_beside_the_confirmed_leaves_few_or_none_or_many(
    reached: list[int], confirmed: list[int], few: bool
) -> None:
    def chosen(days: list[int]) -> list[Site]:
        return [site(number, selected_at=day) for number, day in enumerate(days)]

    assert domain.leaves_few(chosen(reached), chosen(confirmed), minimum=5) is few


def test_a_suspended_build_is_still_agreed_until_it_goes_on() -> None:
    stopped = site(agreed_at=10, suspended_at=20, resumed_at=30)
    assert [counted(stopped, days=days).suspended for days in (19, 20, 29, 30)] == [0, 1, 1, 0]
    again = site(agreed_at=10, suspended_at=40, resumed_at=30)
    assert counted(again, days=41).suspended == 1


def test_the_rule_names_its_target_its_sources_and_its_plan() -> None:
    assert (RULE.target_total, RULE.target_year) == (300, 2027)
    assert "founding article" in RULE.target_source
    assert [(each.target_year, "press" in each.source) for each in RULE.alternates] == [(2026, True)]
    assert domain.planned_by(RULE.plan, date(2024, 12, 30)) is None
    assert [domain.planned_by(RULE.plan, day).total for day in (date(2024, 12, 31), date(2026, 6, 1))] == [100, 200]
    assert store.rule_in_force(date(2021, 1, 1)) is None


_MOMENTS = st.dictionaries(
    st.sampled_from(["ended_at", "agreed_at", "completed_at", "terminated_at"]), st.integers(0, 40)
)


@given(st.lists(st.tuples(st.integers(1, 4), _MOMENTS), max_size=8), st.integers(0, 40))
def test_every_unit_is_in_exactly_one_stage(projects: list[tuple[int, dict[str, int]]], days: int) -> None:
    sites = [site(number, worksite=worksite, **moments) for number, (worksite, moments) in enumerate(projects, start=1)]
    counts = counted(*sites, days=days)
    stages = counts.planned + counts.agreed + counts.completed + counts.withdrawn + counts.terminated
    assert stages == len({worksite for worksite, _ in projects})
    assert counts.counted == counts.completed
