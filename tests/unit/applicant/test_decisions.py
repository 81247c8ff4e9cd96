"""A decision in stages only goes forward: made once, told to the last case, refused only before it is made."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from applicant.selections.domain import stages
from applicant.selections.domain.decision import RankingOutdated
from applicant.selections.domain.stages import Decision, DecisionState, Requester, SelectionTooLarge

NOW = datetime(2024, 5, 14, 5, tzinfo=UTC)
REQUESTED = Decision(
    id=UUID(int=1),
    call_id=UUID(int=2),
    number=1,
    approver=Requester("issuer", "approver", "province.approver", "52"),
    correlation_id="request",
    requested_at=NOW,
    cases=600,
)
OUTDATED = RankingOutdated(count=3, first=UUID(int=9))


def test_it_is_told_when_the_last_case_is():
    made = stages.make_decision(REQUESTED, evidence="sha256:x", now=NOW)
    assert (made.state, made.evidence, made.decided_at, made.told) == (DecisionState.DECIDED, "sha256:x", NOW, 0)
    half = stages.tell_more(made, 599, now=NOW)
    assert (half.state, half.told, half.ended_at) == (DecisionState.DECIDED, 599, None)
    over = stages.tell_more(half, 1, now=NOW)
    assert (over.state, over.told, over.ended_at) == (DecisionState.TOLD, 600, NOW)


def test_a_refusal_keeps_the_rules_own_words():
    refused = stages.refuse_decision(REQUESTED, OUTDATED, now=NOW)
    assert refused.state is DecisionState.REFUSED
    assert refused.refusal is not None
    assert refused.refusal.code == "ranking-outdated"
    assert refused.refusal.en.startswith("3 cases would come out differently")
    assert "3건" in refused.refusal.ko


@pytest.mark.parametrize("state", sorted(set(DecisionState) - {DecisionState.REQUESTED}))
def test_what_is_made_or_has_ended_is_not_made_again_and_refused_by_no_rule(state: DecisionState):
    with pytest.raises(ValueError, match="not REQUESTED"):
        stages.make_decision(replace(REQUESTED, state=state), evidence="x", now=NOW)
    with pytest.raises(ValueError, match="not REQUESTED"):
        stages.refuse_decision(replace(REQUESTED, state=state), OUTDATED, now=NOW)


@pytest.mark.parametrize("state", sorted(set(DecisionState) - {DecisionState.DECIDED}))
def test_nobody_is_told_before_it_is_made_or_after_its_end(state: DecisionState):
    with pytest.raises(ValueError, match="not DECIDED"):
        stages.tell_more(replace(REQUESTED, state=state), 1, now=NOW)


def test_one_request_decides_a_thousand_cases_and_not_one_more():
    stages.check_fits(1_000, REQUESTED.call_id)
    with pytest.raises(SelectionTooLarge, match="selection-decisions"):
        stages.check_fits(1_001, REQUESTED.call_id)
