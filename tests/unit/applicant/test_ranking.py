"""Ranking within type x municipality x budget: nobody above the seats, nobody passed over, a reason for everybody."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.selections.domain import ranking
from applicant.selections.domain.budgets import budget_key
from applicant.selections.domain.ranking import Case, Line, Outcome, Rules, TieBreak

CLOSED = datetime(2024, 4, 3, 8, tzinfo=UTC)
JEONJU, GUNSAN = "52110", "52130"
ALL_TIES = (TieBreak.SITE_SCORE, TieBreak.FIRST_TIMER, TieBreak.EARLIER_SUBMISSION)


def case(number: int, total_score: int = 8000, **changed: object) -> Case:
    municipality = str(changed.get("municipality_code", JEONJU))
    need = {"PROVINCE": 20_000_000, budget_key("MUNICIPALITY", municipality): 10_000_000}
    whole = Case(
        application_id=UUID(int=number),
        company_id=UUID(int=number + 1000),
        type_code="JS1",
        municipality_code=municipality,
        total_cost_won=54_000_000,
        need_won=need,
        score=total_score,
        bonus=0,
        site_score=1500,
        sheet_scores=(total_score,) * 3,
        dropped_scores=(),
        first_timer=False,
        submitted_at=CLOSED,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def rules(seats: dict[Line, int], tie_break: tuple[TieBreak, ...] = ALL_TIES) -> Rules:
    return Rules(seats=seats, pass_mark=6000, tie_break=tie_break)


def outcomes(placements: list[ranking.Placement]) -> dict[int, str]:
    return {p.case.application_id.int: str(p.outcome) for p in placements}


JS1_JEONJU = Line("JS1", JEONJU)


def test_seats_fill_in_order_of_score_and_the_rest_above_the_mark_wait_in_order():
    found = ranking.rank([case(1, 7000), case(2, 9000), case(3, 8000), case(4, 5999)], rules({JS1_JEONJU: 1}), {})
    assert [(p.case.application_id.int, p.place, p.outcome, p.reserve_order) for p in found] == [
        (2, 1, Outcome.SELECTED, None),
        (3, 2, Outcome.RESERVE, 1),
        (1, 3, Outcome.RESERVE, 2),
        (4, 4, Outcome.NOT_SELECTED, None),
    ]
    assert [p.reason.code for p in found] == ["SELECTED", "SEATS_TAKEN", "SEATS_TAKEN", "BELOW_PASS_MARK"]
    assert found[3].reason.en == "The score 59.99 is below the pass mark 60.00."
    assert "59.99점" in found[3].reason.ko


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"site_score": 1501}, {"site_score": 1500}),
        ({"first_timer": True}, {"first_timer": False}),
        ({"submitted_at": CLOSED - timedelta(seconds=1)}, {"submitted_at": CLOSED}),
        ({"site_score": 1600}, {"site_score": 1500, "first_timer": True}),
        ({"first_timer": True}, {"submitted_at": CLOSED - timedelta(days=9)}),
        ({}, {}),  # at last the lower application id
    ],
)
def test_ties_are_broken_in_the_order_of_the_call(better, worse):
    found = ranking.rank([case(2, **worse), case(1, **better)], rules({JS1_JEONJU: 1}), {})
    assert outcomes(found) == {1: "SELECTED", 2: "RESERVE"}


def test_another_call_may_break_ties_in_another_order():
    early, on_site = case(1, submitted_at=CLOSED - timedelta(days=1)), case(2, site_score=2000)
    by_time = rules({JS1_JEONJU: 1}, (TieBreak.EARLIER_SUBMISSION, TieBreak.SITE_SCORE))
    assert outcomes(ranking.rank([early, on_site], by_time, {})) == {1: "SELECTED", 2: "RESERVE"}
    assert outcomes(ranking.rank([early, on_site], rules({JS1_JEONJU: 1}), {})) == {1: "RESERVE", 2: "SELECTED"}


def test_a_line_stops_at_the_municipalitys_budget_and_lets_nobody_cheaper_pass():
    key = budget_key("MUNICIPALITY", JEONJU)
    cheap = case(3, 7000, need_won={"PROVINCE": 1, key: 1})
    left = {"PROVINCE": 10**9, key: 15_000_000}
    found = ranking.rank([case(1, 9000), case(2, 8000), cheap], rules({JS1_JEONJU: 3}), left)
    assert outcomes(found) == {1: "SELECTED", 2: "RESERVE", 3: "RESERVE"}
    assert found[1].reason.code == found[2].reason.code == "BUDGET_SHORT"
    assert "5000000" in found[1].reason.en
    assert key in found[1].reason.en


def test_a_bonus_counts_towards_the_pass_mark_and_the_place():
    found = ranking.rank([case(1, 5900, bonus=100), case(2, 5999)], rules({JS1_JEONJU: 1}), {})
    assert outcomes(found) == {1: "SELECTED", 2: "NOT_SELECTED"}


def test_a_short_municipality_stops_no_other_and_the_province_goes_to_the_better():
    left = {"PROVINCE": 40_000_000, budget_key("MUNICIPALITY", JEONJU): 0, budget_key("MUNICIPALITY", GUNSAN): 10**9}
    gunsan = [case(n, score, municipality_code=GUNSAN) for n, score in ((2, 8000), (3, 7500), (4, 7000))]
    found = ranking.rank([case(1, 9900), *gunsan], rules({JS1_JEONJU: 1, Line("JS1", GUNSAN): 3}), left)
    assert outcomes(found) == {1: "RESERVE", 2: "SELECTED", 3: "SELECTED", 4: "RESERVE"}
    assert "budget PROVINCE is short" in found[3].reason.en


def test_a_source_that_nobody_plans_money_for_does_not_bound_the_ranking():
    found = ranking.rank([case(1)], rules({JS1_JEONJU: 1}), {"SAMSUNG": 0})
    assert outcomes(found) == {1: "SELECTED"}


def test_without_a_seat_line_nobody_is_selected():
    assert outcomes(ranking.rank([case(1)], rules({}), {})) == {1: "RESERVE"}


MUNICIPALITIES = [JEONJU, GUNSAN, "52720"]
CASES = st.lists(
    st.builds(
        lambda number, score, site, first, late, kind, where, cost: case(
            number,
            score,
            site_score=site,
            first_timer=first,
            submitted_at=CLOSED - timedelta(seconds=late),
            type_code=kind,
            municipality_code=where,
            need_won={"PROVINCE": cost * 2, budget_key("MUNICIPALITY", where): cost},
        ),
        st.integers(1, 10**6),
        st.sampled_from([5000, 5999, 6000, 7000, 7001, 9000]),
        st.sampled_from([1000, 2000]),
        st.booleans(),
        st.integers(0, 2),
        st.sampled_from(["JS1", "JS2"]),
        st.sampled_from(MUNICIPALITIES),
        st.integers(1, 50),
    ),
    max_size=40,
    unique_by=lambda c: c.application_id,
)
SEATS = st.dictionaries(
    st.builds(Line, st.sampled_from(["JS1", "JS2"]), st.sampled_from(MUNICIPALITIES)), st.integers(0, 4)
)
LEFT = st.fixed_dictionaries(
    {"PROVINCE": st.integers(0, 2000), **{budget_key("MUNICIPALITY", m): st.integers(0, 400) for m in MUNICIPALITIES}}
)


@given(CASES, SEATS, LEFT)
def test_nobody_is_taken_above_the_seats_or_the_money_and_everybody_gets_a_reason(cases, seats, left):
    found = ranking.rank(cases, rules(seats), left)
    assert sorted(p.case.application_id for p in found) == sorted(c.application_id for c in cases)
    taken: dict[Line, int] = defaultdict(int)
    spent: dict[str, int] = defaultdict(int)
    for placement in found:
        assert placement.reason.ko
        assert placement.reason.en
        assert placement.reason.code
        if placement.outcome is Outcome.SELECTED:
            taken[placement.case.line] += 1
            for key, won in placement.case.need_won.items():
                spent[key] += won
    assert all(taken[line] <= seats.get(line, 0) for line in taken)
    assert all(spent[key] <= left[key] for key in spent)


@given(CASES, SEATS, LEFT)
def test_in_one_line_nobody_is_passed_over_and_the_pass_mark_is_never_crossed(cases, seats, left):
    by_line: dict[Line, list[ranking.Placement]] = defaultdict(list)
    for placement in ranking.rank(cases, rules(seats), left):
        by_line[placement.case.line].append(placement)
    for placements in by_line.values():
        assert [p.place for p in placements] == list(range(1, len(placements) + 1))
        order = [Outcome.SELECTED, Outcome.RESERVE, Outcome.NOT_SELECTED]
        ranks = [order.index(p.outcome) for p in placements]
        assert ranks == sorted(ranks)
        waiting = [p.reserve_order for p in placements if p.outcome is Outcome.RESERVE]
        assert waiting == list(range(1, len(waiting) + 1))
        assert all((p.outcome is Outcome.NOT_SELECTED) == (p.case.total_score < 6000) for p in placements)


@given(CASES, SEATS, LEFT, st.randoms())
def test_the_order_in_which_cases_are_read_changes_nothing(cases, seats, left, shuffler):
    before = ranking.rank(cases, rules(seats), left)
    shuffler.shuffle(cases)
    assert ranking.rank(cases, rules(seats), left) == before
