"""The province decides a proposed ranking: it is made the decision as a whole, and every case hears its outcome."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from applicant.applications import commands as applications
from applicant.calls import queries as calls
from applicant.evaluations import commands as evaluations
from applicant.projects import commands as projects
from applicant.selections.commands import inputs
from applicant.selections.domain import decision, ranking, stages
from applicant.selections.domain.decision import Ranking
from applicant.selections.domain.places import Places
from applicant.selections.domain.ranking import Outcome, Placement
from applicant.selections.domain.stages import DecisionUnderWay
from applicant.selections.store import decisions, places, rankings
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.errors import Text


@dataclass(frozen=True, slots=True)
class Decided:
    """A ranking that is the decision since `at`, with the fingerprint of all that decided it."""

    call: calls.Call
    ranking: Ranking
    evidence: str
    at: datetime


async def decide_selection(
    tx: Transaction, call_id: UUID, number: int, *, read_version: int, by: Principal, now: datetime
) -> Ranking:
    """Make a proposal the decision and tell every case, in one transaction; one of many cases goes by stages."""
    call, proposed = await take_proposal(tx, call_id, number, read_version=read_version, by=by)
    stages.check_fits(await rankings.count_cases(tx, proposed.id), call_id)
    decided, placements = await make_decision(tx, call, proposed, by=by, now=now)
    await tell_cases(tx, decided, placements, by=by, now=now)
    return decided.ranking


async def take_proposal(
    tx: Transaction, call_id: UUID, number: int, *, read_version: int, by: Principal
) -> tuple[calls.Call, Ranking]:
    """Hold a call's selection for its decision on this ranking, which the caller has read and may decide."""
    call = await calls.get_published_call(tx, call_id)
    await hold_undecided(tx, call_id)
    proposed = await rankings.get_ranking(tx, call_id, number)
    decision.check_version(proposed, read_version)
    decision.decide_ranking(proposed, by=by.person)
    return call, proposed


async def hold_undecided(tx: Transaction, call_id: UUID) -> None:
    """Hold the selection of a call that is not decided and not about to be."""
    if await rankings.lock_selection(tx, call_id) is not None:
        raise decision.AlreadyDecided
    under_way = await decisions.find_under_way(tx, call_id)
    if under_way is not None:
        raise DecisionUnderWay(decision_id=under_way.id)


async def make_decision(
    tx: Transaction, call: calls.Call, proposed: Ranking, *, by: Principal, now: datetime
) -> tuple[Decided, list[Placement]]:
    """Decide all cases as proposed, the places of every line with them. Nothing that comes after can refuse.

    Money is judged by what was left when the ranking was proposed, which is what the approver has read; funding is
    asked by the events and has the last word. Scores and cases must still be as proposed.
    """
    decided = decision.decide_ranking(proposed, by=by.person)
    await evaluations.close_evaluation(tx, call.id, now=now)
    placements = await rankings.get_placements(tx, proposed.id)
    current = ranking.rank(await inputs.cases_to_rank(tx, call), inputs.rules_of(call), proposed.left_won)
    decision.check_current(placements, current)
    saved = await rankings.save_ranking(tx, decided)
    await rankings.record_decision(tx, saved, by=by.person, at=now)
    evidence = inputs.digest(placements)
    await _journal_decision(tx, call, saved, placements, evidence=evidence, by=by, now=now)
    await places.open_places(tx, call.id, _counters(call, placements))
    return Decided(call, saved, evidence, now), placements


async def tell_cases(
    tx: Transaction, decided: Decided, placements: Sequence[Placement], *, by: Principal, now: datetime
) -> None:
    """Open the projects of these cases, and tell each its outcome with its reason.

    All were selected at one moment, whenever they are told: money follows the rules of that day.
    """
    call, evidence = decided.call, decided.evidence
    opened = await projects.open_projects(
        tx,
        [_place(call, placement) for placement in _selected(placements)],
        evidence=[evidence],
        by=by,
        now=decided.at,
    )
    outcomes = [(placement, opened.get(placement.case.application_id)) for placement in placements]
    await places.add_outcomes(tx, call.id, decided.ranking.id, outcomes)
    await applications.announce_outcomes(
        tx,
        [_announcement(decided.ranking, placement) for placement in placements],
        rule_version=inputs.rule_version(call),
        evidence=(evidence,),
        by=by,
        now=now,
    )


def _selected(placements: Sequence[Placement]) -> list[Placement]:
    return [placement for placement in placements if placement.outcome is Outcome.SELECTED]


def _place(call: calls.Call, placement: Placement) -> projects.Place:
    case = placement.case
    return projects.Place(
        application_id=case.application_id,
        company_id=case.company_id,
        call_id=call.id,
        type_code=case.type_code,
        municipality_code=case.municipality_code,
        fiscal_year=call.terms.fiscal_year,
        track=call.terms.track.value,
        total_cost_won=case.total_cost_won,
        cap_won=calls.project_type(call.terms, case.type_code).cap_won,
        split_rule_version=call.terms.split_rule_version,
        need_won=case.need_won,
        promoted=False,
    )


def _counters(call: calls.Call, placements: Sequence[Placement]) -> list[Places]:
    taken = Counter(placement.case.line for placement in _selected(placements))
    return [Places(line, seats, taken=taken[line]) for line, seats in inputs.rules_of(call).seats.items()]


def _announcement(decided: Ranking, placement: Placement) -> applications.Announcement:
    case = placement.case
    return applications.Announcement(
        case.application_id,
        applications.Outcome(placement.outcome),
        {
            "ranking": decided.number,
            "place": placement.place,
            "reserve_order": placement.reserve_order,
            "score": case.score,
            "bonus": case.bonus,
            "site_score": case.site_score,
            "need_won": dict(case.need_won),
            "reason": placement.reason.code,
        },
        Text(placement.reason.ko, placement.reason.en),
        may_object=placement.outcome is not Outcome.SELECTED,
    )


async def _journal_decision(
    tx: Transaction,
    call: calls.Call,
    decided: Ranking,
    placements: Sequence[Placement],
    *,
    evidence: str,
    by: Principal,
    now: datetime,
) -> None:
    await journal.record(
        tx,
        chain=f"call/{call.id}",
        decision="selection-decided",
        by=by,
        at=now,
        facts={
            "ranking_id": str(decided.id),
            "number": decided.number,
            "outcomes": dict(Counter(placement.outcome.value for placement in placements)),
        },
        rule_version=inputs.rule_version(call),
        evidence=[evidence],
    )
