"""Looking at lines before their year ends, and telling those whose money it is what they lose."""

from datetime import datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from contracts.funding import BudgetLapseWarned
from funding.budgets import queries as budgets
from funding.carry_overs import queries as carry_overs
from funding.carry_overs.queries import LapsingView
from funding.lapse_warnings import domain, store
from funding.lapse_warnings.domain import LapseRules, LapseWarning

_AT_A_TIME = 50


async def warn_of_lapses(tx: Transaction, *, by: Principal, now: datetime) -> bool:
    """Look at lines that lose money with this year and were not looked at for its stage; False if there are none.

    Each line is looked at once a stage. A worker that is killed has looked at nothing and told nothing; of two that
    look at once, only who stored the look tells of it.
    """
    rules = store.rules_in_force(now)
    stage_days = domain.stage_at(rules, now)
    if stage_days is None:
        return False
    year = domain.year_of(now)
    seen = await store.looked_at(tx, lapses_in=year, stage_days=stage_days)
    own = [line.id for line in await budgets.confirmed_of(tx, fiscal_year=year) if line.id not in seen][:_AT_A_TIME]
    carried = [each for each in await carry_overs.lines_carried_into(tx, year) if each not in seen][:_AT_A_TIME]
    if not own and not carried:
        return False
    found = [
        *await carry_overs.lapsing_of(tx, own, fiscal_year=year, now=now),
        *await carry_overs.lapsing_once_carried(tx, carried, year=year, now=now),
    ]
    looks = [_look(each, year, stage_days, rules, now) for each in found]
    added: frozenset[UUID] = await store.add(tx, looks)
    told = [
        (look, each.days_left)
        for look, each in zip(looks, found, strict=True)
        if look.is_told and look.budget_line_id in added
    ]
    await outbox.record_many(tx, [_event(look, days_left) for look, days_left in told], at=now)
    await journal.record_many(tx, [_entry(look, rules) for look, _ in told], by=by, at=now)
    return True


def _look(found: LapsingView, year: int, stage_days: int, rules: LapseRules, now: datetime) -> LapseWarning:
    return LapseWarning(
        budget_line_id=found.budget_line_id,
        lapses_in=year,
        stage_days=stage_days,
        source=found.source.value,
        municipality_code=found.municipality_code,
        track=found.track,
        fiscal_year=found.fiscal_year,
        looked_at=now,
        uncommitted_won=found.uncommitted_won,
        unpaid_won=found.unpaid_won,
        carried_won=found.carried_won,
        lapsing_won=found.lapsing_won,
        rule_version=rules.version,
    )


def _event(look: LapseWarning, days_left: int) -> BudgetLapseWarned:
    return BudgetLapseWarned(
        budget_line_id=look.budget_line_id,
        source=look.source,
        municipality_code=look.municipality_code,
        fiscal_year=look.fiscal_year,
        track=look.track,
        stage_days=look.stage_days,
        days_left=days_left,
        last_day=domain.last_day(look.lapses_in),
        uncommitted_won=look.uncommitted_won,
        unpaid_won=look.unpaid_won,
        carried_won=look.carried_won,
        lapsing_won=look.lapsing_won,
        rule_version=look.rule_version,
    )


def _entry(look: LapseWarning, rules: LapseRules) -> journal.Entry:
    return journal.Entry(
        chain=f"budget-line/{look.budget_line_id}",
        decision="lapse-warned",
        facts={
            "lapses_in": look.lapses_in,
            "stage_days": look.stage_days,
            "uncommitted_won": look.uncommitted_won,
            "unpaid_won": look.unpaid_won,
            "carried_won": look.carried_won,
            "lapsing_won": look.lapsing_won,
        },
        rule_version=f"lapse/{rules.version}",
    )
