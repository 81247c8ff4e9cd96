"""A completed project's books: reported by the firm, attested by an accountant, fixed by the province."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.funding import SettledShare, SettlementClosed, SettlementFixed, SettlementOpened, SettlementReported
from contracts.roles import COMPANY_ROLES, Role
from contracts.types import Source, Won
from funding.coverages import commands as coverages
from funding.releases.commands import ending
from funding.releases.commands import lines as release_lines
from funding.releases.commands.ending import ReleaseLine, ReleaseMode
from funding.repayments import commands as repayments
from funding.settlements import domain, store
from funding.settlements.domain import Paid, Query, Report, Settlement, SettlementLine

__all__ = [
    "Query",
    "Report",
    "assign_settlement",
    "attest_settlement",
    "close_paid_back",
    "fix_settlement",
    "open_settlement",
    "query_settlement",
    "submit_settlement",
]

_SERVICE = Principal.service("funding")


async def open_settlement(tx: Transaction, project_id: UUID, *, event_id: UUID, now: datetime) -> None:
    """The project is completed: its last part can be asked for, and its firm has two months to report.

    Told again, nothing changes.
    """
    await release_lines.open_gate(tx, project_id, release_lines.Gate.COMPLETED, event_id=event_id, now=now)
    coverage = await coverages.granted(tx, project_id)
    rules = repayments.rules_in_force(now)
    settlement = Settlement(
        id=new_id(),
        project_id=project_id,
        call_id=coverage.call_id,
        company_id=coverage.company_id,
        municipality_code=coverage.municipality_code,
        total_cost_won=Won(sum(line.amount_won for line in coverage.lines)),
        rule_version=rules.version,
        opened_at=now,
        due_on=repayments.last_day_of_months(now, rules.report_months),
        state=domain.SettlementState.DUE,
    )
    if not await store.add(tx, settlement):
        return
    event = SettlementOpened(**_told(settlement), due_on=settlement.due_on, rule_version=rules.version)
    await outbox.record(tx, event, at=now)
    facts: dict[str, JsonValue] = {"due_on": settlement.due_on.isoformat()}
    await _journal(tx, settlement, "settlement-opened", facts, by=_SERVICE, now=now, evidence=f"event/{event_id}")


async def submit_settlement(
    tx: Transaction, settlement_id: UUID, report: Report, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The firm reports what was spent; how late it is decides what its next subsidy may lose (rule F-10)."""
    settlement = await _locked(tx, settlement_id, read_version, by=by)
    if report.interest_won and not any(line.paid_won for line in await ending.lock_lines(tx, settlement.project_id)):
        raise domain.InterestWithoutPayment(field="/interest_won")
    late_months = repayments.months_late(settlement.due_on, now.astimezone(KST).date())
    cut_bp = repayments.rules_of(settlement.rule_version).late_cut_bp(late_months)
    submitted = domain.submit(
        settlement, report, late_months=late_months, late_cut_max_bp=cut_bp, by=by.person, now=now
    )
    await store.save(tx, submitted)
    event = SettlementReported(
        **_told(submitted),
        due_on=submitted.due_on,
        late_months=submitted.late_months or 0,
        rule_version=submitted.rule_version,
    )
    await outbox.record(tx, event, at=now)
    facts: dict[str, JsonValue] = {"late_months": submitted.late_months, "late_cut_max_bp": submitted.late_cut_max_bp}
    evidence = f"report/sha256:{report.sha256}"
    await _journal(tx, submitted, "settlement-submitted", facts, by=by, now=now, evidence=evidence)


async def assign_settlement(
    tx: Transaction, settlement_id: UUID, accountant: str, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Give the pack to one accountant."""
    settlement = await _locked(tx, settlement_id, read_version, by=by)
    await store.save(tx, domain.assign(settlement, accountant))
    await _journal(tx, settlement, "settlement-assigned", {}, by=by, now=now)


async def query_settlement(
    tx: Transaction, settlement_id: UUID, what: Query, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The accountant asks, and the firm reports again."""
    settlement = await _locked(tx, settlement_id, read_version, by=by)
    queried = domain.query(settlement, what)
    await store.save(tx, queried)
    await _journal(tx, queried, "settlement-queried", {"query": what.value}, by=by, now=now)


async def attest_settlement(
    tx: Transaction, settlement_id: UUID, sha256: str, *, read_version: int, by: Principal, now: datetime
) -> None:
    """The accountant attests what was reported."""
    settlement = await _locked(tx, settlement_id, read_version, by=by)
    attested = domain.attest(settlement, sha256, by=by.person, now=now)
    await store.save(tx, attested)
    evidence = f"attestation/sha256:{sha256}"
    await _journal(tx, attested, "settlement-attested", {}, by=by, now=now, evidence=evidence)


async def fix_settlement(
    tx: Transaction, settlement_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Fix the amounts by source, give up what was not drawn, and order what goes back (rules F-07, F-09)."""
    lines = await ending.lines_at_rest(tx, await store.project_of(tx, settlement_id))
    settlement = await _locked(tx, settlement_id, read_version, by=by)
    domain.check_may_fix(settlement, by.person)
    rules = repayments.rules_of(settlement.rule_version)
    coverage = await coverages.granted(tx, settlement.project_id)
    figures = _figures(settlement, [(line.source, line.amount_won) for line in coverage.lines], lines)
    fixed = domain.fix(settlement, by=by.person, now=now)
    async with as_service(tx):
        for line in lines:
            await ending.give_up_rest(tx, line, now=now)
        await store.add_lines(tx, settlement.id, figures)
        await repayments.order_repayments(
            tx,
            repayments.Origin.SETTLEMENT,
            settlement.id,
            lines,
            [_claim(each) for each in figures if each.source is not Source.SME],
            rule_version=settlement.rule_version,
            due_on=repayments.last_day(now, rules.refund_days),
            by=by,
            now=now,
        )
        await store.save(tx, fixed)
    await _tell_fixed(tx, fixed, figures, by=by, now=now)


async def close_paid_back(tx: Transaction, *, now: datetime) -> bool:
    """Close one settlement whose treasuries all have their own; False if none waits."""
    settlement = await store.lock_paid_back(tx)
    if settlement is None:
        return False
    closed = domain.close(settlement, now=now)
    await store.save(tx, closed)
    await outbox.record(tx, SettlementClosed(**_told(closed)), at=now)
    await _journal(tx, closed, "settlement-closed", {}, by=_SERVICE, now=now)
    return True


def _figures(
    settlement: Settlement, shares: Sequence[tuple[Source, Won]], lines: Sequence[ReleaseLine]
) -> list[SettlementLine]:
    spent_won, interest_won = settlement.spent_won or 0, settlement.interest_won or 0
    unspent = repayments.share_out(settlement.total_cost_won - spent_won, dict(shares))
    in_account = [line for line in lines if line.mode is ReleaseMode.TRANCHE and line.kept_won]
    earning = {line.source: line.kept_won for line in in_account or lines}
    paid = [Paid(source=line.source, kept_won=line.kept_won, left_won=line.left_won) for line in lines]
    return domain.figures(shares, paid, unspent=unspent, interest=repayments.share_out(interest_won, earning))


def _claim(line: SettlementLine) -> repayments.Claim:
    return repayments.Claim(
        source=line.source,
        principal_won=Won(line.refund_won - line.interest_won),
        interest_won=line.interest_won,
        surcharge_won=Won(0),
    )


async def _locked(tx: Transaction, settlement_id: UUID, read_version: int, *, by: Principal) -> Settlement:
    settlement = await store.get_locked(tx, settlement_id)
    foreign_firm = by.role in COMPANY_ROLES and by.tenant != str(settlement.company_id)
    foreign_pack = by.role == Role.ACCOUNTANT and by.subject != settlement.accountant
    if foreign_firm or foreign_pack:
        raise domain.SettlementUnknown
    domain.check_version(settlement, read_version)
    return settlement


def _told(settlement: Settlement) -> dict[str, Any]:
    return {
        "project_id": settlement.project_id,
        "settlement_id": settlement.id,
        "call_id": settlement.call_id,
        "municipality_code": settlement.municipality_code,
    }


async def _tell_fixed(
    tx: Transaction, fixed: Settlement, figures: Sequence[SettlementLine], *, by: Principal, now: datetime
) -> None:
    shares = [
        SettledShare(
            source=line.source.value,
            share_won=line.share_won,
            paid_won=line.paid_won,
            fixed_won=line.fixed_won,
            interest_won=line.interest_won,
            refund_won=line.refund_won,
            lapsed_won=line.lapsed_won,
        )
        for line in figures
    ]
    event = SettlementFixed(
        **_told(fixed),
        spent_won=fixed.spent_won or 0,
        refund_won=sum(line.refund_won for line in figures),
        late_months=fixed.late_months or 0,
        late_cut_max_bp=fixed.late_cut_max_bp or 0,
        shares=shares,
    )
    await outbox.record(tx, event, at=now)
    by_source: list[JsonValue] = [msgspec.structs.asdict(share) for share in shares]
    await _journal(tx, fixed, "settlement-fixed", {"lines": by_source}, by=by, now=now)


async def _journal(
    tx: Transaction,
    settlement: Settlement,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: str | None = None,
) -> None:
    await journal.record(
        tx,
        chain=f"project/{settlement.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version=settlement.rule_version,
        facts={
            "settlement_id": str(settlement.id),
            "state": settlement.state.value,
            "spent_won": settlement.spent_won,
            "interest_won": settlement.interest_won,
            **facts,
        },
        evidence=() if evidence is None else (evidence,),
    )
