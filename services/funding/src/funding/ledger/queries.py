"""Reading the ledger: whole transfers for the province and the auditor, its own lines' entries for a municipality."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from funding.ledger.domain import AccountKind, TransferKind
from funding.ledger.store import LedgerAccountRow, LedgerEntryRow, LedgerTransferRow
from funding.visibility import seen_in_its_area


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
    resolves_transfer_id: UUID | None
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


async def transfers_named(tx: Transaction, transfer_ids: Sequence[UUID], *, by: Principal) -> list[TransferView]:
    """These transfers, as far as the caller may see them, oldest first."""
    statement = select(*LedgerTransferRow.__table__.columns).where(LedgerTransferRow.id.in_(transfer_ids))
    rows = (await tx.execute(statement.order_by(LedgerTransferRow.id))).all()
    entries = await _entries(tx, [row.id for row in rows], by)
    return [TransferView(**row._mapping, entries=entries[row.id]) for row in rows]  # noqa: SLF001  documented access


@dataclass(frozen=True, slots=True)
class LineMoney:
    """Of one line at one moment: what is promised and not paid, and what was ever paid, asked back or not."""

    unpaid_won: int = 0
    pending_won: int = 0
    """Of the unpaid, what is reserved for releases under way."""
    paid_won: int = 0


async def money_of(tx: Transaction, line_ids: Sequence[UUID]) -> dict[UUID, LineMoney]:
    """For a later feature: the lines that the caller may see, in one statement, so as of one moment."""
    rows = await tx.execute(money_by_line(line_ids))
    return {line_id: LineMoney(*map(int, money)) for line_id, *money in rows if line_id is not None}


def money_by_line(line_ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature's statement: a row per line that the caller may see, its columns as LineMoney says them."""
    amount, kind = LedgerEntryRow.amount_won, LedgerAccountRow.kind
    sums = {
        "unpaid_won": kind.in_([AccountKind.COMMITTED, AccountKind.PENDING]),
        "pending_won": kind == AccountKind.PENDING,
        "paid_won": (kind == AccountKind.PAID) & (LedgerTransferRow.kind == TransferKind.DISBURSEMENT),
    }
    return (
        select(
            LedgerAccountRow.budget_line_id,
            *(func.coalesce(func.sum(amount).filter(which), 0).label(name) for name, which in sums.items()),
        )
        .join(LedgerEntryRow, LedgerEntryRow.account_id == LedgerAccountRow.id)
        .join(LedgerTransferRow, LedgerTransferRow.id == LedgerEntryRow.transfer_id)
        .where(LedgerAccountRow.budget_line_id.in_(line_ids))
        .group_by(LedgerAccountRow.budget_line_id)
    )


_PLACES: Mapping[AccountKind, str] = {
    AccountKind.APPROPRIATION: "Equity:Appropriation",
    AccountKind.AVAILABLE: "Assets:Available",
    AccountKind.COMMITTED: "Assets:Committed",
    AccountKind.PENDING: "Assets:Pending",
    AccountKind.PAID: "Expenses:Paid",
    AccountKind.LAPSED: "Expenses:Lapsed",
    AccountKind.REFUND_DUE: "Assets:RefundDue",
    AccountKind.REFUNDED: "Assets:Refunded",
    AccountKind.INTEREST: "Income:Interest",
    AccountKind.PENALTY: "Income:Penalty",
    AccountKind.SME_PLEDGE: "Equity:SmePledge",
    AccountKind.SME_COMMITTED: "Assets:SmeCommitted",
}
_HEAD = 'option "title" "Jeonbuk smart-factory programme, ledger"\noption "operating_currency" "KRW"'


async def write_beancount(tx: Transaction, *, by: Principal, budget_line_id: UUID | None) -> bytes:
    """The ledger for an accountant's own program: every entry, and at the end what each account must come to.

    beancount adds the entries up itself and compares them with the balances that PostgreSQL keeps: both are read in one
    statement, so as of one moment.
    """
    touched = _visible(by)
    if budget_line_id is not None:
        touched &= LedgerAccountRow.budget_line_id == budget_line_id
    rows = await tx.execute(
        select(
            LedgerTransferRow.id,
            LedgerTransferRow.kind,
            LedgerTransferRow.programme_at,
            LedgerEntryRow.amount_won,
            LedgerAccountRow.kind.label("account_kind"),
            LedgerAccountRow.budget_line_id,
            LedgerAccountRow.project_id,
            LedgerAccountRow.balance_won,
        )
        .join(LedgerEntryRow, LedgerEntryRow.transfer_id == LedgerTransferRow.id)
        .join(LedgerAccountRow, LedgerAccountRow.id == LedgerEntryRow.account_id)
        .where(touched)
        .order_by(LedgerTransferRow.programme_at, LedgerTransferRow.id, LedgerEntryRow.amount_won)
    )
    opened, balances = dict[str, str](), dict[str, int]()
    lines, last, transfer_id = list[str](), date.min, None
    for row in rows:
        last = row.programme_at.astimezone(KST).date()
        owner = ("budget_line", row.budget_line_id) if row.budget_line_id is not None else ("project", row.project_id)
        name = f"{_PLACES[AccountKind(row.account_kind)]}:N{owner[1].hex.upper()}"
        opened.setdefault(name, f'{last.isoformat()} open {name} KRW\n  {owner[0]}: "{owner[1]}"')
        balances[name] = row.balance_won
        if row.id != transfer_id:
            transfer_id = row.id
            lines.append(f'\n{last.isoformat()} * "{row.kind}"\n  transfer: "{row.id}"')
        lines.append(f"  {name}  {row.amount_won} KRW")
    after = (last + timedelta(days=1)).isoformat()
    ends = [f"{after} balance {name}  {balance_won} KRW" for name, balance_won in balances.items()]
    return "\n".join([_HEAD, "", *opened.values(), *lines, "", *ends, ""]).encode()


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
    return seen_in_its_area(by, LedgerAccountRow.municipality_code)
