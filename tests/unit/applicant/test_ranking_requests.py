"""A ranking that is asked for ends once: with its number, or with the words of the rule that refuses it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from applicant.selections.domain import requests
from applicant.selections.domain.decision import ScreeningUnfinished
from applicant.selections.domain.requests import RankingRequest, RequestState, TooManyToRankAtOnce
from applicant.selections.domain.stages import Requester

NOW = datetime(2024, 5, 13, 5, tzinfo=UTC)
REQUESTED = RankingRequest(
    id=UUID(int=1),
    call_id=UUID(int=2),
    proposer=Requester("issuer", "operator", "technopark.operator", "jtp"),
    correlation_id="request",
    requested_at=NOW,
)


def test_it_ends_with_the_number_of_what_was_proposed():
    ended = requests.propose(REQUESTED, 3, now=NOW)
    assert (ended.state, ended.number, ended.ended_at, ended.refusal) == (RequestState.PROPOSED, 3, NOW, None)


def test_a_refusal_keeps_the_rules_own_words():
    refused = requests.refuse(REQUESTED, ScreeningUnfinished(count=12), now=NOW)
    assert (refused.state, refused.number, refused.ended_at) == (RequestState.REFUSED, None, NOW)
    assert refused.refusal is not None
    assert refused.refusal.code == "screening-unfinished"
    assert "12건" in refused.refusal.ko
    assert refused.refusal.en.startswith("12 applications")


@pytest.mark.parametrize("state", [RequestState.PROPOSED, RequestState.REFUSED])
def test_what_has_ended_does_not_end_again(state: RequestState):
    ended = replace(REQUESTED, state=state)
    with pytest.raises(ValueError, match="not REQUESTED"):
        requests.propose(ended, 1, now=NOW)
    with pytest.raises(ValueError, match="not REQUESTED"):
        requests.refuse(ended, ScreeningUnfinished(count=1), now=NOW)


def test_one_request_ranks_five_thousand_cases_and_not_one_more():
    requests.check_fits(5_000, REQUESTED.call_id)
    with pytest.raises(TooManyToRankAtOnce, match="ranking-requests"):
        requests.check_fits(5_001, REQUESTED.call_id)
