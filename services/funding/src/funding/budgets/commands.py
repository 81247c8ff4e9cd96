"""What people and the commitments feature do with budget lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from contracts.funding import BudgetLineConfirmed, LineBalance
from contracts.roles import MUNICIPALITY_ROLES, Role
from contracts.types import Source, Won
from funding.budgets import domain, store
from funding.ledger import commands as ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProposal:
    """What a person says about a new line."""

    source: Source
    track: str
    fiscal_year: int
    municipality_code: str | None
    amount_won: Won
    legal_regime: domain.LegalRegime
    funder: str


async def propose_line(tx: Transaction, proposal: LineProposal, *, by: Principal, now: datetime) -> UUID:
    """Propose a line of one's own organisation; it can be drawn on once somebody else has confirmed it."""
    own_proposers = (
        (Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_CLIENT)
        if proposal.source is Source.MUNICIPALITY
        else (Role.PROVINCE_OFFICER,)
    )
    line = domain.propose_line(
        line_id=new_id(),
        source=proposal.source,
        track=proposal.track,
        fiscal_year=proposal.fiscal_year,
        municipality_code=proposal.municipality_code,
        amount_won=proposal.amount_won,
        legal_regime=proposal.legal_regime,
        funder=proposal.funder,
        by=by.subject,
        at=now,
    )
    if by.role not in own_proposers or (line.municipality_code is not None and by.tenant != line.municipality_code):
        raise domain.BudgetLineNotYours
    await store.add(tx, line)
    await _journal(tx, line, "budget-line-proposed", by=by, now=now)
    return line.id


async def confirm_line(tx: Transaction, line_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Confirm another person's proposal: its money becomes available, in the ledger and for all who listen."""
    line = await store.get_locked(tx, line_id)
    _ensure_may_confirm(line, by)
    confirmed = domain.confirm_line(line, version=version, by=by.subject, at=now)
    await store.save_confirmed(tx, confirmed)
    await ledger.appropriate(tx, line.id, municipality_code=line.municipality_code, amount_won=line.amount_won, at=now)
    await _journal(tx, confirmed, "budget-line-confirmed", by=by, now=now)
    await outbox.record(
        tx,
        BudgetLineConfirmed(
            budget_line_id=line.id,
            source=line.source,
            municipality_code=line.municipality_code,
            fiscal_year=line.fiscal_year,
            track=line.track,
            amount_won=line.amount_won,
            legal_regime=line.legal_regime,
            balance=_balance(confirmed),
        ),
        at=now,
    )


async def lock_lines(
    tx: Transaction, *, track: str, fiscal_year: int, sources: Mapping[Source, str | None]
) -> list[LineBalance]:
    """What the confirmed lines of these sources have left; nobody else draws on them before this commit."""
    lines = await store.lock_lines_of(tx, track=track, fiscal_year=fiscal_year, sources=sources)
    return [_balance(line) for line in lines if line.state is domain.LineState.CONFIRMED]


async def draw(tx: Transaction, line_shares: Mapping[UUID, Won]) -> list[LineBalance]:
    """Promise these amounts; raises BudgetExceeded where a line has less left (rule F-05)."""
    lines = await store.lock_by_ids(tx, line_shares.keys())
    drawn = [domain.draw(line, line_shares[line.id]) for line in lines]
    for line in drawn:
        await store.move_committed(tx, line, by_won=line_shares[line.id])
    return [_balance(line) for line in drawn]


async def give_back(tx: Transaction, line_shares: Mapping[UUID, Won]) -> list[LineBalance]:
    """Return promised amounts to their lines."""
    lines = await store.lock_by_ids(tx, line_shares.keys())
    freed = [domain.give_back(line, line_shares[line.id]) for line in lines]
    for line in freed:
        await store.move_committed(tx, line, by_won=-line_shares[line.id])
    return [_balance(line) for line in freed]


def _ensure_may_confirm(line: domain.BudgetLine, by: Principal) -> None:
    if by.role in MUNICIPALITY_ROLES and line.municipality_code != by.tenant:
        raise domain.BudgetLineUnknown(budget_line_id=line.id)
    if by.role != (Role.MUNICIPALITY_APPROVER if line.municipality_code else Role.PROVINCE_TREASURER):
        raise domain.BudgetLineNotYours


def _balance(line: domain.BudgetLine) -> LineBalance:
    return LineBalance(
        budget_line_id=line.id,
        source=line.source,
        municipality_code=line.municipality_code,
        fiscal_year=line.fiscal_year,
        track=line.track,
        left_won=line.left_won,
        line_version=line.version,
    )


async def _journal(tx: Transaction, line: domain.BudgetLine, decision: str, *, by: Principal, now: datetime) -> None:
    await journal.record(
        tx,
        chain=f"budget-line/{line.id}",
        decision=decision,
        by=by,
        at=now,
        facts={
            "source": line.source,
            "track": line.track,
            "fiscal_year": line.fiscal_year,
            "municipality_code": line.municipality_code,
            "amount_won": line.amount_won,
            "legal_regime": line.legal_regime,
            "line_version": line.version,
        },
    )
