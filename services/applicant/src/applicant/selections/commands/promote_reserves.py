"""Reserves move up into the places that were given back: same type, same municipality, money enough."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from applicant.applications import commands as applications
from applicant.applications import queries as cases
from applicant.calls import queries as calls
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import DeadlineKind, DeadlineState
from applicant.projects import commands as projects
from applicant.projects import queries as pending
from applicant.selections.commands import inputs
from applicant.selections.domain import places as rules
from applicant.selections.domain.budgets import NeedWon, minus
from applicant.selections.domain.places import Places, Reserve, Skipped
from applicant.selections.domain.ranking import Line
from applicant.selections.store import decisions, places
from common import journal
from common.auth import Principal
from common.db import Transaction


async def vacate_place(tx: Transaction, call_id: UUID, line: Line) -> None:
    """Give a place of a line back, for the next reserve."""
    await places.save_places(tx, call_id, rules.vacate_place(await places.lock_place(tx, call_id, line)))


async def promote_reserves(tx: Transaction, call_id: UUID, *, evidence: str, by: Principal, now: datetime) -> int:
    """Fill the vacated places of a call with waiting reserves of their own lines; tells how many it filled.

    Nobody moves up before all cases of the call have been told and funding has answered every project of it; the last
    of them does this. So who moves up rests on what all answers left and not on which came first, and the better
    reserve comes first whatever its line. What selected projects of other calls still wait for counts as spent. The
    caller holds the call's selection.
    """
    if await decisions.find_under_way(tx, call_id) is not None:
        return 0
    vacated = await places.lock_vacated(tx, call_id)
    if not vacated:
        return 0
    call = await calls.get_published_call(tx, call_id)
    fiscal_year, track = call.terms.fiscal_year, call.terms.track.value
    if await pending.is_any_unanswered(tx, call_id, fiscal_year=fiscal_year, track=track):
        return 0
    reserves = await places.waiting_reserves(tx, call_id, [counter.line for counter in vacated])
    standing = await cases.still_eligible(tx, [each.application_id for each in reserves])
    left = await free_money(tx, call, {counter.line.municipality_code for counter in vacated})
    waiting = [each for each in reserves if each.application_id in standing]
    return await _fill(tx, call, vacated, waiting, left, evidence=evidence, by=by, now=now)


async def free_money(tx: Transaction, call: calls.Call, municipalities: set[str]) -> dict[str, int]:
    """What is left of each budget without what selected projects still wait for, those of untold cases included."""
    left = await inputs.budgets_left(tx, call, municipalities)
    # In this order: a case that is told in between is counted twice and not never.
    waiting = await _untold_needs(tx, call)
    waiting += await pending.pending_needs(tx, fiscal_year=call.terms.fiscal_year, track=call.terms.track.value)
    for need in waiting:
        left = minus(left, need)
    return left


async def _untold_needs(tx: Transaction, call: calls.Call) -> list[NeedWon]:
    """The needs of selected cases without a project yet, of all calls of the same year and track."""
    found: list[NeedWon] = []
    for call_id, needs in (await decisions.untold_needs(tx)).items():
        terms = (await calls.get_published_call(tx, call_id)).terms
        if (terms.fiscal_year, terms.track) == (call.terms.fiscal_year, call.terms.track):
            found += needs
    return found


async def _fill(
    tx: Transaction,
    call: calls.Call,
    vacated: Sequence[Places],
    waiting: Sequence[Reserve],
    left: dict[str, int],
    *,
    evidence: str,
    by: Principal,
    now: datetime,
) -> int:
    counters = {counter.line: counter for counter in vacated}
    in_order, passed_over, filled = iter(rules.best_first(waiting)), list[Skipped](), 0
    while True:
        chosen, skipped = rules.next_fundable(in_order, counters, left)
        passed_over += skipped
        if chosen is None:
            break
        application = await applications.lock_application(tx, chosen.application_id)
        if application.status != "ELIGIBLE":
            continue  # its firm took it back while this was being decided
        taken = rules.take_place(counters[chosen.line])
        counters[chosen.line] = taken
        left = minus(left, chosen.need_won)
        await places.save_places(tx, call.id, taken)
        await promote(tx, call, chosen, evidence=evidence, by=by, now=now)
        filled += 1
    await _explain(tx, call, waiting, passed_over, evidence=evidence, by=by, now=now)
    return filled


async def promote(
    tx: Transaction, call: calls.Call, reserve: Reserve, *, evidence: str, by: Principal, now: datetime
) -> None:
    """Open the project of a reserve whose place the caller has taken, and tell its firm.

    There is nothing left to object to; an objection that was filed already is decided all the same.
    """
    place = projects.Place(
        application_id=reserve.application_id,
        company_id=reserve.company_id,
        call_id=call.id,
        type_code=reserve.line.type_code,
        municipality_code=reserve.line.municipality_code,
        fiscal_year=call.terms.fiscal_year,
        track=call.terms.track.value,
        total_cost_won=reserve.total_cost_won,
        cap_won=calls.project_type(call.terms, reserve.line.type_code).cap_won,
        split_rule_version=call.terms.split_rule_version,
        need_won=reserve.need_won,
        promoted=True,
    )
    opened = await projects.open_projects(tx, [place], evidence=[evidence], by=by, now=now)
    await places.promote(tx, reserve.application_id, opened[reserve.application_id], at=now)
    window = DeadlineKind.OBJECTION_WINDOW
    await deadlines.settle_deadline(tx, reserve.application_id, window, DeadlineState.DROPPED, at=now)
    promoted = applications.Announcement(
        reserve.application_id,
        applications.Outcome.SELECTED,
        {"promoted_from_reserve": reserve.reserve_order, "need_won": dict(reserve.need_won)},
    )
    await applications.announce_outcomes(
        tx, [promoted], rule_version=inputs.rule_version(call), evidence=(evidence,), by=by, now=now
    )


async def _explain(
    tx: Transaction,
    call: calls.Call,
    waiting: Sequence[Reserve],
    passed_over: Sequence[Skipped],
    *,
    evidence: str,
    by: Principal,
    now: datetime,
) -> None:
    """Record why a reserve was passed over, once per budget that was short: every event looks at the places again."""
    known = {reserve.application_id: reserve.passed_over_for for reserve in waiting}
    # All that wait in a line whose budget is short are passed over at once: there may be hundreds.
    news = [each for each in passed_over if known.get(each.application_id) != each.shortage.budget]
    await places.record_skipped(tx, news)
    entries = [
        journal.Entry(
            chain=f"application/{each.application_id}",
            decision="reserve-passed-over",
            facts={
                "budget": each.shortage.budget,
                "needed_won": each.shortage.needed_won,
                "left_won": each.shortage.left_won,
            },
            rule_version=inputs.rule_version(call),
            evidence=[evidence],
        )
        for each in news
    ]
    await journal.record_many(tx, entries, by=by, at=now)
