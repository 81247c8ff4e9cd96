"""Before a call is published: what it would have decided about a cohort of the past. It changes nothing."""

from dataclasses import replace
from uuid import UUID

from applicant.calls import queries as calls
from applicant.selections.commands import inputs
from applicant.selections.domain import ranking, what_if
from applicant.selections.domain.budgets import known_left
from applicant.selections.domain.ranking import Case
from applicant.selections.domain.what_if import WhatIf
from applicant.selections.store import rankings
from common.db import Transaction


async def rank_past_cohort(tx: Transaction, call_id: UUID, *, past_call_id: UUID) -> WhatIf:
    """Rank the decided cases of a past call by this call's numbers, planned budgets whole.

    Raises CallNotFound and PastCallUndecided.
    """
    call = await calls.get_call(tx, call_id)
    decided = await rankings.find_decided(tx, past_call_id)
    if decided is None:
        raise what_if.PastCallUndecided
    before = await rankings.get_placements(tx, decided.id)
    types = {each.type_code for each in call.terms.types}
    cases = [_under(call, placement.case) for placement in before if placement.case.type_code in types]
    planned = [(each.source, each.municipality_code, each.amount_won) for each in call.terms.planned_budget_lines]
    has_won = known_left(planned, [], {case.municipality_code for case in cases})
    after = ranking.rank(cases, inputs.rules_of(call), has_won)
    return what_if.compare(before, after, had_won=decided.left_won, has_won=has_won)


def _under(call: calls.Call, case: Case) -> Case:
    need_won = inputs.need_of(
        call,
        type_code=case.type_code,
        municipality_code=case.municipality_code,
        total_cost_won=case.total_cost_won,
    )
    return replace(case, need_won=need_won)
