"""Carrying committed money over, which takes two people of the body whose money it is, and asking whether it was."""

from datetime import date, datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from contracts.funding import CarryOverConfirmed
from contracts.roles import MUNICIPALITY_ROLES
from contracts.types import Won
from funding.budgets import queries as budgets
from funding.carry_overs import domain, store
from funding.carry_overs.domain import CarryOver, CarryOverState, Cause
from funding.ledger import queries as ledger

__all__ = ["Cause", "check_payable", "confirm_carry_over", "propose_carry_over"]


async def propose_carry_over(
    tx: Transaction, budget_line_id: UUID, cause: Cause, reference: str, *, by: Principal, now: datetime
) -> UUID:
    """Propose to carry what a line has committed and not paid into the next year, by the number of its resolution."""
    line = await budgets.get_line(tx, budget_line_id, by=by)
    _check_own(line.municipality_code, by)
    domain.check_in_year(line.fiscal_year, _day(now))
    money, limit_won = await _standing(tx, line.id, year=line.fiscal_year + 1)
    carried = CarryOver(
        id=new_id(),
        budget_line_id=line.id,
        municipality_code=line.municipality_code,
        fiscal_year=line.fiscal_year,
        to_year=line.fiscal_year + 1,
        amount_won=Won(money.unpaid_won),
        paid_won=Won(money.paid_won),
        cause=cause,
        reference=reference,
        state=CarryOverState.PROPOSED,
        proposed_by=by.person,
        proposed_at=now,
    )
    domain.check_amount(carried, limit_won=limit_won)
    await store.add(tx, carried)
    await _journal(tx, carried, "carry-over-proposed", by=by, now=now)
    return carried.id


async def confirm_carry_over(
    tx: Transaction, carry_over_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Another person confirms: what is committed and unpaid now may be paid in the next year."""
    carried = await store.get_locked(tx, carry_over_id)
    if by.role in MUNICIPALITY_ROLES and carried.municipality_code != by.tenant:
        raise domain.CarryOverUnknown
    _check_own(carried.municipality_code, by)
    money, limit_won = await _standing(tx, carried.budget_line_id, year=carried.to_year)
    confirmed = domain.confirm(
        carried,
        amount_won=Won(money.unpaid_won),
        paid_won=Won(money.paid_won),
        limit_won=limit_won,
        read_version=read_version,
        by=by.person,
        now=now,
        today=_day(now),
    )
    await store.save(tx, confirmed)
    await _journal(tx, confirmed, "carry-over-confirmed", by=by, now=now)
    event = CarryOverConfirmed(
        budget_line_id=confirmed.budget_line_id,
        carry_over_id=confirmed.id,
        municipality_code=confirmed.municipality_code,
        fiscal_year=confirmed.fiscal_year,
        to_year=confirmed.to_year,
        amount_won=confirmed.amount_won,
        paid_won=confirmed.paid_won,
    )
    await outbox.record(tx, event, at=now)


async def check_payable(tx: Transaction, budget_line_id: UUID, *, now: datetime) -> None:
    """For a later feature: refuse what is reserved on a line whose year is over beyond what was carried over.

    Asked once the money is reserved: whoever else reserves on the line waits, so that nobody overlooks the other.
    """
    line, today = await budgets.year_of(tx, budget_line_id), _day(now)
    if domain.is_over(line.legal_regime, line.fiscal_year, today):
        money, limit_won = await _standing(tx, budget_line_id, year=today.year)
        used_won = money.paid_won + money.pending_won
        domain.check_limit(line.fiscal_year, today, used_won=used_won, limit_won=limit_won)


async def _standing(tx: Transaction, line_id: UUID, *, year: int) -> tuple[ledger.LineMoney, int]:
    money = await ledger.money_of(tx, [line_id])
    limits = await store.limits_of(tx, [line_id], year=year)
    return money.get(line_id, ledger.LineMoney()), limits.get(line_id, 0)


def _check_own(municipality_code: str | None, by: Principal) -> None:
    if (by.role in MUNICIPALITY_ROLES) != (municipality_code is not None):
        raise domain.CarryOverNotYours


def _day(now: datetime) -> date:
    return now.astimezone(KST).date()


async def _journal(tx: Transaction, carried: CarryOver, decision: str, *, by: Principal, now: datetime) -> None:
    await journal.record(
        tx,
        chain=f"budget-line/{carried.budget_line_id}",
        decision=decision,
        by=by,
        at=now,
        facts={
            "carry_over_id": str(carried.id),
            "to_year": carried.to_year,
            "amount_won": carried.amount_won,
            "paid_won": carried.paid_won,
            "cause": carried.cause.value,
            "state": carried.state.value,
        },
    )
