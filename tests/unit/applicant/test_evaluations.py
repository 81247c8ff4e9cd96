"""Panels and scores: trimmed means, locked versions, who may judge."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.evaluations import domain

NOW = datetime(2024, 5, 2, 1, tzinfo=UTC)
RULE = domain.PanelRule(size_min=3, trim_from=5, bonus_cap=1200)
CASE, MEMBER = UUID(int=1), UUID(int=2)
SEAT = domain.Assignment(CASE, MEMBER, conflict=None)


def sheet(technical: int, site: int = 0, bonus: int = 0, *, member: int = 2, version: int = 1) -> domain.ScoreSheet:
    marks = domain.Marks(technical, site, bonus)
    return domain.ScoreSheet(UUID(int=99), CASE, UUID(int=member), version, marks, None, NOW)


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([8000], 8000),
        ([8000, 6001], 7000),  # 70.005 is cut off, never rounded up over a pass mark
        ([1, 1, 0, 0], 0),
        ([0, 6000, 6000, 6000], 4500),  # four are too few to drop any
        ([0, 6000, 6000, 6000, 10_000], 6000),  # from five on the outliers go
        ([9000, 7000, 8000, 7500, 8500], 8000),
        ([7000, 7000, 7000, 7000, 7000], 7000),  # one of equal highs and lows goes, not all
        ([10_000, 10_000, 0, 0, 0], 3333),
        ([1, 2, 3, 4, 5, 100], 3),
    ],
)
def test_the_mean_drops_one_high_and_one_low_from_five_scores_on(scores, mean):
    assert domain.trimmed_mean(scores, RULE) == mean


def test_the_call_decides_from_how_many_scores_trimming_starts():
    strict = domain.PanelRule(size_min=3, trim_from=3, bonus_cap=0)
    assert domain.trimmed_mean([0, 5000, 10_000], strict) == 5000
    assert domain.trimmed_mean([0, 10_000], domain.PanelRule(1, 1, 0)) == 5000  # trimming never leaves nothing


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=15), st.randoms())
def test_a_mean_lies_between_its_scores_and_does_not_depend_on_their_order(scores, shuffler):
    mean = domain.trimmed_mean(scores, RULE)
    assert min(scores) <= mean <= max(scores)
    shuffler.shuffle(scores)
    assert domain.trimmed_mean(scores, RULE) == mean


@given(st.lists(st.integers(0, 9_999), min_size=5, max_size=9))
def test_one_hostile_evaluator_cannot_move_a_case_outside_the_others(others):
    hostile = domain.trimmed_mean([*others, 0], RULE)
    friendly = domain.trimmed_mean([*others, 10_000], RULE)
    assert min(others) <= hostile <= friendly <= max(others)


def test_consolidation_keeps_every_number_that_decided_it_and_no_name():
    sheets = [
        sheet(t, s, b, member=i)
        for i, (t, s, b) in enumerate(
            [(7000, 2000, 300), (6000, 1000, 300), (5000, 1500, 9000), (8000, 2000, 300), (1000, 500, 300)]
        )
    ]
    found = domain.consolidate(CASE, [each.marks for each in sheets], RULE)
    assert found.sheet_scores == (1500, 6500, 7000, 9000, 10_000)
    assert found.dropped == (1500, 10_000)
    assert found.score == 7500
    assert found.site_score == 1500
    assert found.bonus == 300  # the one sheet with 90 points of bonus was capped at 12 and then dropped
    assert found.total == 7800


def test_a_bonus_never_passes_the_cap_of_the_call():
    assert domain.consolidate(CASE, [sheet(5000, 0, 5000).marks] * 3, RULE).bonus == 1200


def test_three_sheets_make_a_case_complete_and_two_do_not():
    assert not domain.is_complete([sheet(1).marks, sheet(2).marks], RULE)
    assert domain.is_complete([sheet(1).marks, sheet(2).marks, sheet(3).marks], RULE)


@pytest.mark.parametrize(
    "marks", [domain.Marks(8001, 2000), domain.Marks(-1, 2000), domain.Marks(9000, -500), domain.Marks(1, 1, -1)]
)
def test_marks_outside_a_hundred_points_are_refused(marks):
    with pytest.raises(domain.ScoreOutOfRange):
        domain.lock_sheet(None, marks, sheet_id=UUID(int=9), assignment=SEAT, reason=None, now=NOW)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_locked_sheet_gets_no_second_version_without_a_reason(reason):
    with pytest.raises(domain.ReasonMissing):
        domain.lock_sheet(sheet(1), domain.Marks(2, 2), sheet_id=UUID(int=9), assignment=SEAT, reason=reason, now=NOW)


def test_a_changed_score_is_the_next_version_with_its_reason():
    changed = domain.lock_sheet(
        sheet(1), domain.Marks(2, 2), sheet_id=UUID(int=9), assignment=SEAT, reason="wrong column", now=NOW
    )
    assert (changed.version, changed.reason) == (2, "wrong column")


def test_a_correction_names_the_version_it_replaces_and_a_first_sheet_names_none():
    domain.check_replaces(None, None)
    domain.check_replaces(sheet(1, version=2), 2)
    for previous, named in ((None, 1), (sheet(1), None), (sheet(1, version=2), 1)):
        with pytest.raises(domain.SheetHasChanged):
            domain.check_replaces(previous, named)


def test_nobody_judges_unassigned_or_after_declaring_a_conflict():
    with pytest.raises(domain.CaseNotAssigned):
        domain.may_judge(None)
    with pytest.raises(domain.RemovedByConflict):
        domain.may_judge(domain.Assignment(CASE, MEMBER, domain.ConflictKind.KIN_INTEREST))
    assert domain.may_judge(SEAT) is SEAT


def test_a_panel_has_enough_members_each_once():
    domain.check_members(["a", "b", "c"], size_min=3)
    with pytest.raises(domain.PanelTooSmall):
        domain.check_members(["a", "b"], size_min=3)
    with pytest.raises(domain.MemberTwice):
        domain.check_members(["a", "b", "a"], size_min=3)


def panel(number: int, type_code: str | None) -> domain.Panel:
    return domain.Panel(UUID(int=number), UUID(int=0), f"panel {number}", type_code)


def test_cases_go_to_the_panel_of_their_type_with_the_least_to_do():
    panels = [panel(1, "JS1"), panel(2, "JS1"), panel(3, None)]
    cases = [(UUID(int=i), "JS1") for i in range(10, 14)] + [(UUID(int=20), "JS2")]
    given_to = domain.share_out(cases, panels, {UUID(int=1): 2})
    assert [given_to[UUID(int=i)].int for i in range(10, 14)] == [2, 2, 1, 2]
    assert given_to[UUID(int=20)] == UUID(int=3)


def test_a_case_without_a_panel_waits():
    assert domain.share_out([(UUID(int=1), "JS3")], [panel(1, "JS1")], {}) == {}


def test_the_fingerprint_of_an_assignment_is_of_what_was_given_in_any_order():
    one, two, panel, seat = (UUID(int=number) for number in range(1, 5))
    found = domain.fingerprint({one: panel, two: panel}, [(one, seat)])
    assert found == domain.fingerprint({two: panel, one: panel}, [(one, seat)])
    others = ({one: panel}, {one: panel, two: seat}, {one: panel, two: panel})
    assert len({found, *(domain.fingerprint(given, []) for given in others)}) == 4
