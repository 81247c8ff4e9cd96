"""A decision of any number of cases: asked for by a person, made as a whole by the worker, then told in portions.

Every stage is one transaction that holds the call's selection, and says in the decision's own row how far it came; so a
worker that is killed anywhere has either done a portion or not begun it, and two never do the same.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from applicant.applications import commands as applications
from applicant.calls import queries as calls
from applicant.selections.commands import inputs
from applicant.selections.commands.decide_selection import Decided, make_decision, take_proposal, tell_cases
from applicant.selections.commands.promote_reserves import promote_reserves, vacate_place
from applicant.selections.commands.requesters import principal, requester
from applicant.selections.domain import stages
from applicant.selections.domain.ranking import Outcome, Placement
from applicant.selections.domain.stages import Decision, DecisionState
from applicant.selections.store import decisions, places, rankings
from common import context, journal
from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from common.event import new_id
from common.journal import JsonValue

TOLD_AT_ONCE = 250
"""Cases of a portion: about half a second, for which whoever else wants the call's places waits."""


async def begin_decision(
    tx: Transaction, call_id: UUID, number: int, *, read_version: int, by: Principal, now: datetime
) -> Decision:
    """Take an approver's decision on a ranking that the approver has read; the worker makes it and tells of it."""
    _call, proposed = await take_proposal(tx, call_id, number, read_version=read_version, by=by)
    id_ = new_id()
    begun = Decision(
        id=id_,
        call_id=call_id,
        number=number,
        approver=requester(by),
        correlation_id=context.correlation_id.get() or str(id_),
        requested_at=now,
        cases=await rankings.count_cases(tx, proposed.id),
    )
    await decisions.add_decision(tx, begun)
    await _journal(tx, begun, "selection-decision-requested", by=by, now=now)
    return begun


async def decisions_under_way(tx: Transaction) -> list[Decision]:
    """What the worker has to go on with, the oldest first."""
    return await decisions.all_under_way(tx)


def approver_of(begun: Decision) -> Principal:
    """Whose decision it is: the worker acts in that name."""
    return principal(begun.approver)


async def work_decision(tx: Transaction, id_: UUID, *, now: datetime) -> bool:
    """Go one stage on: make the decision, or tell the next portion of cases; False when it is not ours to do.

    A rule that refuses is raised, and only while the decision is not made.
    """
    held = await decisions.take_decision(tx, id_)
    if held is None:
        return False
    await rankings.lock_selection(tx, held.call_id)
    call = await calls.get_published_call(tx, held.call_id)
    ranking = await rankings.get_ranking(tx, held.call_id, held.number)
    by = approver_of(held)
    if held.state is DecisionState.REQUESTED:
        made, _ = await make_decision(tx, call, ranking, by=by, now=now)
        await decisions.save_decision(tx, stages.make_decision(held, evidence=made.evidence, now=now))
        return True
    portion = await rankings.get_placements(tx, ranking.id, after=held.told, most=TOLD_AT_ONCE)
    decided = Decided(call, ranking, held.evidence or "", held.decided_at or now)
    await _tell(tx, decided, portion, by=by, now=now)
    saved = stages.tell_more(held, len(portion), now=now)
    await decisions.save_decision(tx, saved)
    if saved.state is DecisionState.TOLD:
        # What came back meanwhile waited for this: nobody moves up on money that an untold case has been promised.
        await promote_reserves(tx, call.id, evidence=decided.evidence, by=by, now=now)
    return True


async def end_refused(tx: Transaction, id_: UUID, rule: DomainError, *, now: datetime) -> bool:
    """End a decision that a rule refuses, with the rule's own words; nothing of it has happened."""
    held = await decisions.take_decision(tx, id_)
    if held is None:
        return False
    if held.state is not DecisionState.REQUESTED:
        raise rule
    await decisions.save_decision(tx, stages.refuse_decision(held, rule, now=now))
    await _journal(tx, held, "selection-decision-refused", by=approver_of(held), now=now, rule=rule.code)
    return True


async def _tell(
    tx: Transaction, decided: Decided, portion: Sequence[Placement], *, by: Principal, now: datetime
) -> None:
    """Tell a portion; a firm that has taken its application back since the decision is told nothing."""
    standing = await applications.hold_eligible(tx, [each.case.application_id for each in portion])
    there = [each for each in portion if each.case.application_id in standing]
    if there:
        await tell_cases(tx, decided, there, by=by, now=now)
    for left in (each for each in portion if each.case.application_id not in standing):
        await _pass_over(tx, decided, left, by=by, now=now)


async def _pass_over(tx: Transaction, decided: Decided, left: Placement, *, by: Principal, now: datetime) -> None:
    case, call = left.case, decided.call
    if left.outcome is Outcome.SELECTED:
        await vacate_place(tx, call.id, case.line)
    await places.add_withdrawn_outcome(tx, call.id, decided.ranking.id, left)
    await journal.record(
        tx,
        chain=f"application/{case.application_id}",
        decision="outcome-not-told",
        by=by,
        at=now,
        facts={"ranking": decided.ranking.number, "outcome": left.outcome.value, "because": "application-withdrawn"},
        rule_version=inputs.rule_version(call),
        evidence=[decided.evidence],
    )


async def _journal(
    tx: Transaction, begun: Decision, what: str, *, by: Principal, now: datetime, rule: str | None = None
) -> None:
    facts: dict[str, JsonValue] = {"decision_id": str(begun.id), "number": begun.number, "cases": begun.cases}
    if rule is not None:
        facts["rule"] = rule
    await journal.record(
        tx,
        chain=f"call/{begun.call_id}",
        decision=what,
        by=by,
        at=now,
        facts=facts,
        rule_version=f"call/{begun.call_id}",
    )
