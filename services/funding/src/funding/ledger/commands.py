"""Posting to the ledger, in the words of its callers. A transfer that is posted stays; only its opposite can follow."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.event import new_id
from contracts.types import Won
from funding.ledger import domain, store


async def appropriate(
    tx: Transaction, line_id: UUID, *, municipality_code: str | None, amount_won: Won, at: datetime
) -> UUID:
    """Open a budget line's accounts and make its money available."""
    await store.open_accounts(tx, domain.line_accounts(line_id, municipality_code))
    transfer = domain.appropriation(new_id(), line_id, amount_won, at)
    await store.add(tx, transfer)
    return transfer.id


async def commit_shares(
    tx: Transaction, project_id: UUID, *, line_shares: Mapping[UUID, Won], sme_won: Won, at: datetime
) -> UUID:
    """Reserve every public share on its line, with the company's pledge beside them."""
    await store.open_accounts(tx, domain.project_accounts(project_id))
    transfer = domain.commitment(new_id(), project_id, line_shares=line_shares, sme_won=sme_won, at=at)
    await store.add(tx, transfer)
    return transfer.id


async def reverse(tx: Transaction, transfer_id: UUID, *, at: datetime) -> UUID:
    """Undo a transfer by posting its opposite, which names it; a second reversal breaks a unique key."""
    transfer = domain.reversal(new_id(), await store.get(tx, transfer_id), at)
    await store.add(tx, transfer)
    return transfer.id


async def reserve(
    tx: Transaction, project_id: UUID, line_id: UUID, *, municipality_code: str | None, amount_won: Won, at: datetime
) -> UUID:
    """Set money of a line aside for one release: pending until `disburse` or `void` names it, once."""
    await store.open_accounts(tx, domain.line_accounts(line_id, municipality_code, domain.RELEASE_ACCOUNTS))
    transfer = domain.reservation(new_id(), project_id, line_id, amount_won, at)
    await store.add(tx, transfer)
    return transfer.id


async def disburse(tx: Transaction, reservation_id: UUID, line_id: UUID, *, at: datetime) -> UUID:
    """What was reserved has been paid; that it is resolved twice breaks a unique key."""
    transfer = domain.disbursement(new_id(), await store.get(tx, reservation_id), line_id, at)
    await store.add(tx, transfer)
    return transfer.id


async def void(tx: Transaction, reservation_id: UUID, *, at: datetime) -> UUID:
    """What was reserved is not paid and goes back to what the line has promised."""
    transfer = domain.void(new_id(), await store.get(tx, reservation_id), at)
    await store.add(tx, transfer)
    return transfer.id


async def lapse(
    tx: Transaction, project_id: UUID, line_id: UUID, *, municipality_code: str | None, amount_won: Won, at: datetime
) -> UUID:
    """What a line had promised to a project and not paid will not be paid: its budget year is over, nobody gets it."""
    await store.open_accounts(tx, domain.line_accounts(line_id, municipality_code, domain.REPAYMENT_ACCOUNTS))
    transfer = domain.lapse(new_id(), project_id, line_id, amount_won, at)
    await store.add(tx, transfer)
    return transfer.id


async def order_repayment(
    tx: Transaction,
    project_id: UUID,
    line_id: UUID,
    *,
    municipality_code: str | None,
    principal_won: Won,
    interest_won: Won,
    surcharge_won: Won,
    at: datetime,
) -> UUID:
    """A part of what a line has paid is owed back: due until `repay` or `relieve` names it, once."""
    await store.open_accounts(tx, domain.line_accounts(line_id, municipality_code, domain.REPAYMENT_ACCOUNTS))
    transfer = domain.repayment_order(
        new_id(),
        project_id,
        line_id,
        principal_won=principal_won,
        interest_won=interest_won,
        surcharge_won=surcharge_won,
        at=at,
    )
    await store.add(tx, transfer)
    return transfer.id


async def repay(tx: Transaction, order_id: UUID, line_id: UUID, *, late_won: Won, at: datetime) -> UUID:
    """The treasury has what was owed; that it is resolved twice breaks a unique key."""
    transfer = domain.repayment(new_id(), await store.get(tx, order_id), line_id, late_won=late_won, at=at)
    await store.add(tx, transfer)
    return transfer.id


async def relieve(tx: Transaction, order_id: UUID, *, at: datetime) -> UUID:
    """What was ordered back is not owed after all."""
    transfer = domain.relief(new_id(), await store.get(tx, order_id), at)
    await store.add(tx, transfer)
    return transfer.id
