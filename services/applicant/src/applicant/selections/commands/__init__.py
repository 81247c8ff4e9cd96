"""How places are given: a ranking is proposed and decided by a second person, reserves move up, objectors come back."""

from applicant.selections.commands.ask_again import ask_again
from applicant.selections.commands.decide_in_stages import (
    approver_of,
    begin_decision,
    decisions_under_way,
    end_refused,
    work_decision,
)
from applicant.selections.commands.decide_selection import decide_selection
from applicant.selections.commands.funding_answers import (
    take_commitment,
    take_confirmed_line,
    take_refusal,
    take_release,
)
from applicant.selections.commands.promote_reserves import promote_reserves
from applicant.selections.commands.propose_ranking import propose_ranking
from applicant.selections.commands.reinstate_case import deciders, hold_selection, reinstate_case
from applicant.selections.commands.request_ranking import (
    end_refused_request,
    proposer_of,
    request_ranking,
    requests_under_way,
    work_request,
)
from applicant.selections.commands.what_if import rank_past_cohort
from applicant.selections.domain.requests import RankingRequest
from applicant.selections.domain.stages import Decision

__all__ = [
    "Decision",
    "RankingRequest",
    "approver_of",
    "ask_again",
    "begin_decision",
    "decide_selection",
    "deciders",
    "decisions_under_way",
    "end_refused",
    "end_refused_request",
    "hold_selection",
    "promote_reserves",
    "propose_ranking",
    "proposer_of",
    "rank_past_cohort",
    "reinstate_case",
    "request_ranking",
    "requests_under_way",
    "take_commitment",
    "take_confirmed_line",
    "take_refusal",
    "take_release",
    "work_decision",
    "work_request",
]
