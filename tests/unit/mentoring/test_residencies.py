"""A residency's life, and what one more team would change: the rules by themselves."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from mentoring.plans.domain.matching import Question, prove
from mentoring.plans.domain.plan import Plan, PlanState
from mentoring.plans.domain.what_if import (
    WHAT_IFS_MAX,
    PlanNotMatched,
    TooManyWhatIfs,
    WhatIf,
    WhatIfMalformed,
    ask,
    compare,
    vary,
)
from mentoring.residencies import domain
from mentoring.residencies.domain import DeclineReason, Residency, ResidencyState
from mentoring.solver import solve
from tests.unit.mentoring.test_matching import MONDAY, made_of, mentor, project, rotation, team

NOW = datetime(2024, 5, 20, 1, tzinfo=UTC)
DUE = NOW + timedelta(days=7)
RESIDENCY = Residency(
    id=UUID(int=1),
    rotation_id=UUID(int=2),
    project_id=UUID(int=3),
    team_id=UUID(int=4),
    plan_id=UUID(int=5),
    municipality_code="52110",
    first_week=date(2024, 6, 3),
    weeks=8,
    assigned_at=NOW,
    answer_due_at=DUE,
    changed_at=NOW,
    rule_version="2024-M-1",
)


def accepted() -> Residency:
    return domain.accept(RESIDENCY, version=1, by="samsung", now=NOW)


def test_an_answer_is_in_time_until_the_moment_at_which_it_is_due():
    just = domain.accept(RESIDENCY, version=1, by="samsung", now=DUE - timedelta(microseconds=1))
    assert just.state is ResidencyState.ACCEPTED
    with pytest.raises(domain.AnswerTooLate):
        domain.accept(RESIDENCY, version=1, by="samsung", now=DUE)
    assert domain.lapse(RESIDENCY, now=DUE - timedelta(microseconds=1)) is None
    assert domain.lapse(accepted(), now=DUE) is None
    lapsed = domain.lapse(RESIDENCY, now=DUE)
    assert lapsed is not None
    assert (lapsed.state, lapsed.version) == (ResidencyState.LAPSED, 2)


def test_it_is_declined_until_it_has_started_and_starts_in_its_weeks():
    declined = domain.decline(accepted(), DeclineReason.TEAM_UNAVAILABLE, version=2, by="samsung", now=DUE)
    assert (declined.state, declined.decline_reason) == (ResidencyState.DECLINED, DeclineReason.TEAM_UNAVAILABLE)
    with pytest.raises(domain.ResidencyNotYet):
        domain.start(accepted(), suspended_on=None, version=2, today=date(2024, 6, 2), now=NOW)
    started = domain.start(accepted(), suspended_on=None, version=2, today=date(2024, 6, 3), now=NOW)
    for refused in (domain.decline(accepted(), DeclineReason.DATES_DO_NOT_FIT, version=2, by="s", now=NOW), started):
        with pytest.raises(domain.ResidencyNotInState):
            domain.decline(refused, DeclineReason.DATES_DO_NOT_FIT, version=3, by="samsung", now=DUE)
        with pytest.raises(domain.ResidencyNotInState):
            domain.move(refused, now=DUE)
    with pytest.raises(domain.ResidencyStale):
        domain.end(started, version=2, today=date(2024, 7, 26), now=NOW)
    assert domain.end(started, version=3, today=date(2024, 7, 26), now=NOW).ended_on == date(2024, 7, 26)


GIVEN = made_of(
    [replace(team(1), members=(mentor(10), mentor(11), mentor(12)))],
    [rotation(101, 1, week=4)],
    [project(201), project(202, barred=1)],
)
WHAT_IF = WhatIf(
    id=UUID(int=900),
    plan_id=UUID(int=5),
    like_team_id=UUID(int=1),
    mentor_ids=(),
    rotations=((MONDAY + timedelta(weeks=1), 8),),
    requested_by="lead",
    requested_at=NOW,
)
PLAN = Plan(
    id=UUID(int=5),
    rule_version="2024-M-1",
    may_move=False,
    given=GIVEN.said(),
    input_sha256=GIVEN.sha256(),
    requested_by="lead",
    requested_at=NOW,
    state=PlanState.PROPOSED,
    matched={"pairs": [{"project_id": str(UUID(int=201)), "first_week": "2024-07-01"}]},
)


def changed(asked: WhatIf) -> dict[str, object]:
    question = Question.of(vary(GIVEN, asked))
    return compare(PLAN.matched or {}, prove(question, solve(question.said())))


def test_one_more_team_has_no_conflicts_of_its_own_and_a_team_of_two_has_its_mentors():
    more = changed(WHAT_IF)
    assert (more["placed_before"], more["placed"], more["loses"]) == (1, 2, [])
    two = changed(replace(WHAT_IF, mentor_ids=(UUID(int=11), UUID(int=12))))
    assert (two["placed"], [each["project_id"] for each in two["gains"]]) == (2, [str(UUID(int=202))])
    barred = changed(replace(WHAT_IF, mentor_ids=(UUID(int=10), UUID(int=11))))
    # Mentor 10 takes the conflict along: the firm that bars it can now have the two who stay.
    assert barred["placed"] == 2
    assert barred["shifted"] == [
        {"project_id": str(UUID(int=201)), "first_week_before": "2024-07-01", "first_week": "2024-06-10"}
    ]


def test_a_team_whose_every_mentor_leaves_is_no_more():
    varied = vary(GIVEN, replace(WHAT_IF, mentor_ids=(UUID(int=10), UUID(int=11), UUID(int=12))))
    assert [each.id for each in varied.teams] == [WHAT_IF.id]
    assert [each.team_id for each in varied.rotations] == [WHAT_IF.id]


@pytest.mark.parametrize("wrong", [
    {"like_team_id": UUID(int=77)},
    {"mentor_ids": (UUID(int=77),)},
    {"rotations": ((MONDAY, 8),)},
    {"rotations": ((MONDAY + timedelta(days=8), 8),)},
    {"rotations": ((MONDAY + timedelta(weeks=1), 8), (MONDAY + timedelta(weeks=8), 8))},
])  # fmt: skip
def test_a_what_if_that_cannot_be_is_refused(wrong: dict[str, object]):
    with pytest.raises(WhatIfMalformed):
        ask(PLAN, GIVEN, replace(WHAT_IF, **wrong), before=0)


def test_only_a_matched_plan_has_what_ifs_and_not_without_end():
    assert ask(PLAN, GIVEN, WHAT_IF, before=WHAT_IFS_MAX - 1) is WHAT_IF
    with pytest.raises(TooManyWhatIfs):
        ask(PLAN, GIVEN, WHAT_IF, before=WHAT_IFS_MAX)
    with pytest.raises(PlanNotMatched):
        ask(replace(PLAN, state=PlanState.REQUESTED), GIVEN, WHAT_IF, before=0)
