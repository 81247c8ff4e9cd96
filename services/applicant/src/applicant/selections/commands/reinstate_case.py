"""An objection was upheld after the call was decided: the case gets a place, or is the first to get the next one.

A place is a seat of its own type and municipality and money enough; without either it waits before all reserves (edge 8
of domain.md section 7.2). Nobody who has a place loses it.
"""

from datetime import datetime
from uuid import UUID

from applicant.applications import commands as applications
from applicant.applications.queries import Application
from applicant.calls import queries as calls
from applicant.selections.commands import inputs
from applicant.selections.commands.promote_reserves import free_money, promote
from applicant.selections.domain import places as rules
from applicant.selections.domain.budgets import shortage
from applicant.selections.domain.places import Reserve
from applicant.selections.domain.ranking import Line
from applicant.selections.store import places, rankings
from applicant.selections.store.reinstatements import add_reinstatement
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue


async def hold_selection(tx: Transaction, call_id: UUID) -> UUID | None:
    """Hold a call's places until the transaction ends; returns its decided ranking, if there is one."""
    return await rankings.lock_selection(tx, call_id)


async def deciders(tx: Transaction, ranking_id: UUID) -> frozenset[str]:
    """Who proposed and who decided a ranking."""
    return await rankings.deciders(tx, ranking_id)


async def reinstate_case(
    tx: Transaction, application: Application, ranking_id: UUID, *, evidence: str, by: Principal, now: datetime
) -> bool:
    """Bring an eligible case back into a decided call; whether it has a place now. The caller holds both."""
    call = await calls.get_published_call(tx, application.call_id)
    line = Line(application.type_code, application.municipality_code)
    cost_won = application.plan.total_cost_won
    need = inputs.need_of(
        call, type_code=line.type_code, municipality_code=line.municipality_code, total_cost_won=cost_won
    )
    await add_reinstatement(
        tx,
        application_id=application.id,
        call_id=call.id,
        company_id=application.company_id,
        line=line,
        total_cost_won=cost_won,
        need_won=need,
        at=now,
    )
    await places.put_first(tx, call.id, ranking_id, line, application.id)
    reserve = Reserve(line, application.id, application.company_id, cost_won, places.FIRST, need, rank=places.FIRST)
    counter = await places.find_place(tx, call.id, line)
    taken = None if counter is None else rules.take_any_place(counter)
    short = shortage(need, await free_money(tx, call, {line.municipality_code}))
    if taken is not None and short is None:
        await places.save_places(tx, call.id, taken)
        await promote(tx, call, reserve, evidence=evidence, by=by, now=now)
        return True
    facts: dict[str, JsonValue] = {
        "reserve_order": places.FIRST,
        "need_won": dict(need),
        "no_seat": taken is None,
        "short_budget": short.budget if short else None,
    }
    waiting = applications.Announcement(application.id, applications.Outcome.RESERVE, facts)
    await applications.announce_outcomes(
        tx, [waiting], rule_version=inputs.rule_version(call), evidence=(evidence,), by=by, now=now
    )
    return False
