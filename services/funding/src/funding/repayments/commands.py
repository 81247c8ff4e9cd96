"""What is asked back: settlements and clawbacks order it, firms pay, each source's own treasury confirms."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.funding import RepaymentConfirmed, RepaymentOrdered, RepaymentRelieved
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from contracts.types import Source, Won
from funding.ledger import commands as ledger
from funding.releases.commands.ending import ReleaseLine
from funding.repayments import domain, store
from funding.repayments.domain import (
    Claim,
    ClosingRules,
    Origin,
    Payment,
    Repayment,
    months_after,
    months_late,
    share_out,
)

__all__ = [
    "Claim",
    "ClosingRules",
    "Origin",
    "Payment",
    "all_confirmed",
    "confirm_repayment",
    "deny_repayment",
    "last_day",
    "last_day_of_months",
    "months_late",
    "order_repayments",
    "record_repayment",
    "relieve_all",
    "rules_in_force",
    "rules_of",
    "share_out",
]

rules_in_force = store.rules_in_force
rules_of = store.rules_of


def last_day(start: datetime, days: int) -> date:
    """The last day of so many, counted from the next one; a holiday rolls over."""
    return store.last_working(start.astimezone(KST).date() + timedelta(days=days))


def last_day_of_months(start: datetime, months: int) -> date:
    """The last day of so many months; a holiday rolls over."""
    return store.last_working(months_after(start.astimezone(KST).date(), months))


async def order_repayments(
    tx: Transaction,
    origin: Origin,
    origin_id: UUID,
    lines: Sequence[ReleaseLine],
    claims: Sequence[Claim],
    *,
    rule_version: str,
    due_on: date,
    by: Principal,
    now: datetime,
) -> list[UUID]:
    """Order what each source asks back of lines at rest; a source that asks nothing gets no row."""
    line_of = {line.source: line for line in lines}
    ordered = []
    for claim in claims:
        if not claim.total_won:
            continue
        line = line_of[claim.source]
        order_id = await ledger.order_repayment(
            tx,
            line.project_id,
            line.budget_line_id,
            municipality_code=line.municipality_code if claim.source is Source.MUNICIPALITY else None,
            principal_won=claim.principal_won,
            interest_won=claim.interest_won,
            surcharge_won=claim.surcharge_won,
            at=now,
        )
        repayment = Repayment(
            id=new_id(),
            origin=origin,
            origin_id=origin_id,
            project_id=line.project_id,
            source=claim.source,
            company_id=line.company_id,
            municipality_code=line.municipality_code,
            budget_line_id=line.budget_line_id,
            principal_won=claim.principal_won,
            interest_won=claim.interest_won,
            surcharge_won=claim.surcharge_won,
            late_won=Won(0),
            rule_version=rule_version,
            due_on=due_on,
            state=domain.RepaymentState.ORDERED,
            order_id=order_id,
            ordered_by=by.person,
            ordered_at=now,
        )
        await store.add(tx, repayment)
        await _journal(tx, repayment, "repayment-ordered", by=by, now=now)
        event = RepaymentOrdered(**_told(repayment), due_on=due_on, rule_version=rule_version)
        await outbox.record(tx, event, at=now)
        ordered.append(repayment.id)
    return ordered


async def record_repayment(
    tx: Transaction, repayment_id: UUID, payment: Payment, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The firm says that it has paid; what its surcharge costs more for being late is worked out at once."""
    repayment = await _locked(tx, repayment_id, read_version, by=by)
    late_won = store.rules_of(repayment.rule_version).late_charge_won(
        repayment.surcharge_won, repayment.due_on, payment.paid_on
    )
    today = now.astimezone(KST).date()
    paid = domain.pay(repayment, payment, late_won=late_won, by=by.person, now=now, today=today)
    async with as_service(tx):
        await store.check_reference(tx, paid)
    await store.save(tx, paid)
    await _journal(tx, paid, "repayment-paid", {"paid_on": payment.paid_on.isoformat()}, by=by, now=now)


async def confirm_repayment(
    tx: Transaction, repayment_id: UUID, receipt_reference: str, *, read_version: int, by: Principal, now: datetime
) -> Repayment:
    """The source's own treasury has the money; returns the claim, whose settlement or clawback may now be closed."""
    repayment = await _locked(tx, repayment_id, read_version, by=by)
    _check_treasury(repayment, by)
    domain.check_may_end(repayment, by.person)
    async with as_service(tx):
        resolution_id = await ledger.repay(
            tx, repayment.order_id, repayment.budget_line_id, late_won=repayment.late_won, at=now
        )
    confirmed = domain.confirm(repayment, receipt_reference, resolution_id, by=by.person, now=now)
    await store.save(tx, confirmed)
    await _journal(tx, confirmed, "repayment-confirmed", by=by, now=now)
    await outbox.record(tx, RepaymentConfirmed(**_told(confirmed), late_won=confirmed.late_won), at=now)
    return confirmed


async def deny_repayment(
    tx: Transaction, repayment_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The treasury does not find it: it is due again, and the claim says so."""
    repayment = await _locked(tx, repayment_id, read_version, by=by)
    _check_treasury(repayment, by)
    denied = domain.deny(repayment, by=by.person)
    await store.save(tx, denied)
    await _journal(tx, denied, "repayment-denied", by=by, now=now)


async def all_confirmed(tx: Transaction, origin_id: UUID) -> bool:
    """Whether every treasury has what one settlement or clawback asked back."""
    return domain.all_ended(await store.of_origin(tx, origin_id))


async def relieve_all(tx: Transaction, origin_id: UUID, *, by: Principal, now: datetime) -> None:
    """An objection was upheld: nothing that was asked back is owed; raises RepaymentDecided once a treasury has it."""
    for repayment in await store.of_origin(tx, origin_id):
        domain.relieve(repayment, repayment.order_id, by=by.person, now=now)
        resolution_id = await ledger.relieve(tx, repayment.order_id, at=now)
        relieved = domain.relieve(repayment, resolution_id, by=by.person, now=now)
        await store.save(tx, relieved)
        await _journal(tx, relieved, "repayment-relieved", by=by, now=now)
        await outbox.record(tx, RepaymentRelieved(**_told(relieved)), at=now)


async def _locked(tx: Transaction, repayment_id: UUID, read_version: int, *, by: Principal) -> Repayment:
    repayment = await store.get_locked(tx, repayment_id)
    foreign_firm = by.role in COMPANY_ROLES and by.tenant != str(repayment.company_id)
    foreign_place = by.role in MUNICIPALITY_ROLES and by.tenant != repayment.municipality_code
    if foreign_firm or foreign_place:
        raise domain.RepaymentUnknown
    domain.check_version(repayment, read_version)
    return repayment


def _check_treasury(repayment: Repayment, by: Principal) -> None:
    if (by.role in MUNICIPALITY_ROLES) != (repayment.source is Source.MUNICIPALITY):
        raise domain.RepaymentNotYours(source=repayment.source)


def _told(repayment: Repayment) -> dict[str, Any]:
    return {
        "repayment_id": repayment.id,
        "project_id": repayment.project_id,
        "municipality_code": repayment.municipality_code,
        "source": repayment.source.value,
        "budget_line_id": repayment.budget_line_id,
        "origin": repayment.origin.value,
        "origin_id": repayment.origin_id,
        "principal_won": repayment.principal_won,
        "interest_won": repayment.interest_won,
        "surcharge_won": repayment.surcharge_won,
    }


async def _journal(
    tx: Transaction,
    repayment: Repayment,
    decision: str,
    facts: Mapping[str, JsonValue] | None = None,
    *,
    by: Principal,
    now: datetime,
) -> None:
    evidence = () if repayment.evidence_sha256 is None else (f"bank/sha256:{repayment.evidence_sha256}",)
    await journal.record(
        tx,
        chain=f"project/{repayment.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version=repayment.rule_version,
        facts={
            "repayment_id": str(repayment.id),
            "origin": repayment.origin.value,
            "source": repayment.source.value,
            "principal_won": repayment.principal_won,
            "interest_won": repayment.interest_won,
            "surcharge_won": repayment.surcharge_won,
            "late_won": repayment.late_won,
            "state": repayment.state.value,
            "order_id": str(repayment.order_id),
            "resolution_id": None if repayment.resolution_id is None else str(repayment.resolution_id),
            **(facts or {}),
        },
        evidence=evidence,
    )
