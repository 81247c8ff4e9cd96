"""A ranking of any number of cases: asked for by a person, made by the worker in one transaction.

Ranking reads every score of the call, for which a request has no time when there are many; a worker has. It is the same
ranking by the same function, proposed in the name of who asked for it.
"""

from datetime import datetime
from uuid import UUID

from applicant.calls import queries as calls
from applicant.selections.commands.decide_selection import hold_undecided
from applicant.selections.commands.propose_ranking import propose_ranking
from applicant.selections.commands.requesters import principal, requester
from applicant.selections.domain import decision
from applicant.selections.domain import requests as rules
from applicant.selections.domain.requests import RankingRequest, RankingUnderWay
from applicant.selections.store import requests
from common import context, journal
from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from common.event import new_id


async def request_ranking(tx: Transaction, call_id: UUID, *, by: Principal, now: datetime) -> RankingRequest:
    """Take an operator's request; what refuses it at once is refused at once, the rest by the worker."""
    call = await calls.get_published_call(tx, call_id)
    decision.check_closed(call.terms.closes_at, now)
    await hold_undecided(tx, call_id)
    under_way = await requests.find_under_way(tx, call_id)
    if under_way is not None:
        raise RankingUnderWay(request_id=under_way.id)
    id_ = new_id()
    begun = RankingRequest(
        id=id_,
        call_id=call_id,
        proposer=requester(by),
        correlation_id=context.correlation_id.get() or str(id_),
        requested_at=now,
    )
    await requests.add_request(tx, begun)
    return begun


async def requests_under_way(tx: Transaction) -> list[RankingRequest]:
    """What the worker has to rank, the oldest first."""
    return await requests.all_under_way(tx)


def proposer_of(begun: RankingRequest) -> Principal:
    """Whose ranking it is: the worker acts in that name."""
    return principal(begun.proposer)


async def work_request(tx: Transaction, id_: UUID, *, now: datetime) -> bool:
    """Make the ranking that was asked for; False when it is not ours to do. A rule that refuses is raised."""
    held = await requests.take_request(tx, id_)
    if held is None:
        return False
    proposed = await propose_ranking(tx, held.call_id, by=proposer_of(held), now=now)
    await requests.save_request(tx, rules.propose(held, proposed.number, now=now))
    return True


async def end_refused_request(tx: Transaction, id_: UUID, rule: DomainError, *, now: datetime) -> bool:
    """End a request that a rule refuses, with the rule's own words; no ranking was stored."""
    held = await requests.take_request(tx, id_)
    if held is None:
        return False
    await requests.save_request(tx, rules.refuse(held, rule, now=now))
    await journal.record(
        tx,
        chain=f"call/{held.call_id}",
        decision="ranking-refused",
        by=proposer_of(held),
        at=now,
        facts={"request_id": str(held.id), "rule": rule.code},
        rule_version=f"call/{held.call_id}",
    )
    return True
