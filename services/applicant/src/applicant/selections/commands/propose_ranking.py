"""The Technopark proposes a ranking: a snapshot that the province reads and decides on."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from applicant.applications import queries as applications
from applicant.calls import queries as calls
from applicant.selections.commands import inputs
from applicant.selections.commands.decide_selection import hold_undecided
from applicant.selections.domain import decision, ranking, requests
from applicant.selections.domain.decision import Ranking, RankingState
from applicant.selections.store import rankings
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id


async def propose_ranking(
    tx: Transaction,
    call_id: UUID,
    *,
    in_one_request: bool = False,
    in_one_answer: bool = False,
    by: Principal,
    now: datetime,
) -> Ranking:
    """Rank every eligible case of a closed call and keep each number that decided it; replaces earlier proposals.

    `in_one_request`: somebody waits for it; `in_one_answer`: and wants all of them at once. Either is refused when they
    are too many for that.
    """
    call = await calls.get_published_call(tx, call_id)
    decision.check_closed(call.terms.closes_at, now)
    await hold_undecided(tx, call_id)
    if in_one_request:
        requests.check_fits(await applications.count_eligible(tx, call_id), call_id)
    cases = await inputs.cases_to_rank(tx, call)
    if in_one_answer:
        decision.check_fits(len(cases), call_id)
    left_won = await inputs.budgets_left(tx, call, {case.municipality_code for case in cases})
    placements = ranking.rank(cases, inputs.rules_of(call), left_won)
    proposed = Ranking(
        id=new_id(),
        call_id=call_id,
        number=await rankings.next_number(tx, call_id),
        state=RankingState.PROPOSED,
        proposed_by=by.person,
        proposed_at=now,
        left_won=left_won,
        version=1,
    )
    await rankings.supersede(tx, call_id)
    await rankings.add_ranking(tx, proposed, placements)
    await journal.record(
        tx,
        chain=f"call/{call_id}",
        decision="ranking-proposed",
        by=by,
        at=now,
        facts={
            "ranking_id": str(proposed.id),
            "number": proposed.number,
            "outcomes": dict(Counter(placement.outcome.value for placement in placements)),
            "left_won": left_won,
        },
        rule_version=inputs.rule_version(call),
        evidence=[inputs.digest(placements)],
    )
    return proposed
