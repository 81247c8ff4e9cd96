"""Reading the ledger: whole transfers for the province and the auditor, its own lines' entries for a municipality."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import MUNICIPALITY_ROLES
from funding.ledger.domain import AccountKind, TransferKind
from funding.ledger.store import LedgerAccountRow, LedgerEntryRow, LedgerTransferRow


class EntryView(View):
    """One account's part of a transfer: positive where money now stands, negative where it came from."""

    account_id: UUID
    account_kind: AccountKind
    budget_line_id: UUID | None
    project_id: UUID | None
    municipality_code: str | None
    amount_won: int


class TransferView(View):
    """A posted transfer. Its entries sum to zero, and so do those of each budget line in it."""

    id: UUID
    kind: TransferKind
    project_id: UUID | None
    reverses_transfer_id: UUID | None
    programme_at: datetime
    recorded_at: datetime
    entries: list[EntryView]


async def list_transfers(
    tx: Transaction,
    *,
    by: Principal,
    page: PageRequest,
    kind: TransferKind | None,
    project_id: UUID | None,
    budget_line_id: UUID | None,
) -> Page[TransferView]:
    """The transfers that touch what the caller may see, oldest first."""
    touched = (
        select(LedgerEntryRow.transfer_id)
        .join(LedgerAccountRow, LedgerAccountRow.id == LedgerEntryRow.account_id)
        .where(_visible(by))
    )
    if budget_line_id is not None:
        touched = touched.where(LedgerAccountRow.budget_line_id == budget_line_id)
    statement = select(*LedgerTransferRow.__table__.columns).where(LedgerTransferRow.id.in_(touched))
    if kind is not None:
        statement = statement.where(LedgerTransferRow.kind == kind)
    if project_id is not None:
        statement = statement.where(LedgerTransferRow.project_id == project_id)
    rows, turns = await paginate(tx, statement, page, by=[LedgerTransferRow.id])
    entries = await _entries(tx, [row.id for row in rows], by)
    items = [TransferView(**row._mapping, entries=entries[row.id]) for row in rows]  # noqa: SLF001  documented access
    return Page(items=items, **turns)


async def _entries(tx: Transaction, transfer_ids: Sequence[UUID], by: Principal) -> dict[UUID, list[EntryView]]:
    rows = await tx.execute(
        select(
            LedgerEntryRow.transfer_id,
            LedgerEntryRow.account_id,
            LedgerAccountRow.kind.label("account_kind"),
            LedgerAccountRow.budget_line_id,
            LedgerAccountRow.project_id,
            LedgerAccountRow.municipality_code,
            LedgerEntryRow.amount_won,
        )
        .join(LedgerAccountRow, LedgerAccountRow.id == LedgerEntryRow.account_id)
        .where(LedgerEntryRow.transfer_id.in_(transfer_ids), _visible(by))
        .order_by(LedgerAccountRow.budget_line_id, LedgerAccountRow.kind)
    )
    found: dict[UUID, list[EntryView]] = defaultdict(list)
    for row in rows:
        found[row.transfer_id].append(EntryView.model_validate(row))
    return found


def _visible(by: Principal) -> ColumnElement[bool]:
    return LedgerAccountRow.municipality_code == by.tenant if by.role in MUNICIPALITY_ROLES else true()
