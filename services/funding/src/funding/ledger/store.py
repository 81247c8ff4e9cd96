"""The ledger's tables, which only ever grow; triggers and CHECKs of migration 0002 are what protects them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import Won
from funding.ledger.domain import Account, Transfer, TransferKind
from funding.tables import Tables


class LedgerAccountRow(Tables):
    """`balance_won` is moved by a trigger with every entry; the app role may not write it."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        Index("ledger_account_budget_line_id_kind_idx", "budget_line_id", "kind", unique=True),
        Index("ledger_account_project_id_kind_idx", "project_id", "kind", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    budget_line_id: Mapped[UUID | None]
    project_id: Mapped[UUID | None]
    municipality_code: Mapped[str | None]
    balance_won: Mapped[int] = mapped_column(server_default=text("0"))


class LedgerTransferRow(Tables):
    """`created_in` is the id of the transaction that posted it: no other may add entries."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        Index(
            "ledger_transfer_one_commitment_idx",
            "project_id",
            unique=True,
            postgresql_where=text("kind = 'COMMITMENT'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    project_id: Mapped[UUID | None] = mapped_column(index=True)
    reverses_transfer_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"), unique=True)
    resolves_transfer_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"), unique=True)
    programme_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_in: Mapped[int] = mapped_column(server_default=text("0"))


class LedgerEntryRow(Tables):
    """One account's part of a transfer."""

    __tablename__ = "ledger_entry"

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transfer.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True, index=True)
    amount_won: Mapped[int]


async def open_accounts(tx: Transaction, accounts: Sequence[Account]) -> None:
    """Accounts are opened once; opening them again changes nothing."""
    rows = [
        {
            "id": account.id,
            "kind": account.kind,
            "budget_line_id": account.budget_line_id,
            "project_id": account.project_id,
            "municipality_code": account.municipality_code,
        }
        for account in accounts
    ]
    await tx.execute(insert_or_skip(LedgerAccountRow).values(rows).on_conflict_do_nothing())


async def add(tx: Transaction, transfer: Transfer) -> None:
    """Post a transfer with its entries; at commit PostgreSQL checks that they sum to zero."""
    await tx.execute(
        insert(LedgerTransferRow).values(
            id=transfer.id,
            kind=transfer.kind,
            project_id=transfer.project_id,
            reverses_transfer_id=transfer.reverses,
            resolves_transfer_id=transfer.resolves,
            programme_at=transfer.at,
        )
    )
    # In one order for everybody: each entry locks its account, and two transfers of one line must not cross.
    entries = [
        {"transfer_id": transfer.id, "account_id": account_id, "amount_won": amount_won}
        for account_id, amount_won in sorted(transfer.entries.items())
    ]
    await tx.execute(insert(LedgerEntryRow).values(entries))


async def get(tx: Transaction, transfer_id: UUID) -> Transfer:
    """Read a posted transfer, which a row of this service names and which therefore exists."""
    head = (
        await tx.execute(
            select(
                LedgerTransferRow.kind,
                LedgerTransferRow.project_id,
                LedgerTransferRow.reverses_transfer_id,
                LedgerTransferRow.resolves_transfer_id,
                LedgerTransferRow.programme_at,
            ).where(LedgerTransferRow.id == transfer_id)
        )
    ).one()
    entries = await tx.execute(
        select(LedgerEntryRow.account_id, LedgerEntryRow.amount_won).where(LedgerEntryRow.transfer_id == transfer_id)
    )
    return Transfer(
        id=transfer_id,
        kind=TransferKind(head.kind),
        entries={account_id: Won(amount_won) for account_id, amount_won in entries},
        at=head.programme_at,
        project_id=head.project_id,
        reverses=head.reverses_transfer_id,
        resolves=head.resolves_transfer_id,
    )
