"""Making a split rule, which takes two people, and applying one to a cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from contracts.types import BasisPoints, Source, Won
from funding.splits import domain, store


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProposal:
    """What a person says about a new version; SME may be named, and pays the rest in any case."""

    version: str
    title: str
    shares: Sequence[tuple[Source, BasisPoints]]
    capped_sources: Sequence[Source]
    valid_from: date
    source_note: str


async def propose_rule(tx: Transaction, proposal: RuleProposal, *, by: Principal, now: datetime) -> None:
    """Propose a version; it decides about no won before somebody else has confirmed it."""
    rule = domain.propose_rule(
        version=proposal.version,
        title=proposal.title,
        shares=proposal.shares,
        capped_sources=proposal.capped_sources,
        valid_from=proposal.valid_from,
        source_note=proposal.source_note,
        by=by.subject,
        at=now,
    )
    await store.add(tx, rule)
    await _journal(tx, rule, "split-rule-proposed", by=by, now=now)


async def confirm_rule(tx: Transaction, version: str, *, by: Principal, now: datetime) -> None:
    """Put another person's proposal into force, for good."""
    rule = domain.confirm_rule(await store.get(tx, version, lock=True), by=by.subject, at=now)
    await store.save_confirmed(tx, rule)
    await _journal(tx, rule, "split-rule-confirmed", by=by, now=now)


async def split_cost(tx: Transaction, version: str, *, total_cost_won: Won, cap_won: Won, at: datetime) -> domain.Split:
    """Divide a cost by the confirmed rule of that version, in force on that day in Korea."""
    rule = domain.ensure_in_force(await store.get(tx, version), on=at.astimezone(KST).date())
    return domain.split_cost(rule, total_cost_won=total_cost_won, cap_won=cap_won)


async def _journal(tx: Transaction, rule: domain.SplitRule, decision: str, *, by: Principal, now: datetime) -> None:
    await journal.record(
        tx,
        chain=f"split-rule/{rule.version}",
        decision=decision,
        by=by,
        at=now,
        rule_version=rule.version,
        facts={
            "rates": [{"source": rate.source, "rate_bp": rate.rate_bp, "capped": rate.capped} for rate in rule.rates],
            "nominal_burden_bp": rule.nominal_burden_bp,
            "valid_from": rule.valid_from.isoformat(),
        },
    )
