"""What a transfer is: signed whole-won entries on typed accounts that sum to zero, posted once and never changed.

A positive entry says where money now stands, a negative one where it came from. PostgreSQL repeats every rule here
as a trigger or a CHECK, so that raw SQL cannot break what this file promises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from contracts.types import Won


class AccountKind(StrEnum):
    """What an account stands for, and with it which sign its balance may have."""

    APPROPRIATION = "APPROPRIATION"
    """What a council or funder gave to a budget line: never above zero."""
    AVAILABLE = "AVAILABLE"
    """What a budget line can still commit: never below zero (rule F-05)."""
    COMMITTED = "COMMITTED"
    """What a budget line has promised to projects and not yet reserved for a release: never below zero."""
    PENDING = "PENDING"
    """What a budget line has reserved for releases that are under way: never below zero."""
    PAID = "PAID"
    """What has left a budget line for good: never below zero."""
    LAPSED = "LAPSED"
    """What a budget line had promised and will not pay any more: never below zero."""
    REFUND_DUE = "REFUND_DUE"
    """What is owed back to a budget line: never below zero."""
    REFUNDED = "REFUNDED"
    """What its treasury has back: never below zero."""
    INTEREST = "INTEREST"
    """What a budget line's money earned where it lay: never above zero (rule F-09)."""
    PENALTY = "PENALTY"
    """Surcharges and charges for paying late: never above zero."""
    SME_PLEDGE = "SME_PLEDGE"
    """What a company owes to its own project: never above zero."""
    SME_COMMITTED = "SME_COMMITTED"
    """The company's own share of its project: never below zero."""


class TransferKind(StrEnum):
    """Why money moved."""

    APPROPRIATION = "APPROPRIATION"
    COMMITMENT = "COMMITMENT"
    REVERSAL = "REVERSAL"
    RESERVATION = "RESERVATION"
    """Pending: one later transfer resolves it."""
    DISBURSEMENT = "DISBURSEMENT"
    """Resolves a reservation: it was paid."""
    VOID = "VOID"
    """Resolves a reservation: nothing was paid."""
    LAPSE = "LAPSE"
    """What was promised and not paid is given up."""
    REPAYMENT_ORDER = "REPAYMENT_ORDER"
    """Pending: what was paid is owed back, with its interest and a surcharge; one later transfer resolves it."""
    REPAYMENT = "REPAYMENT"
    """Resolves an order to repay: the treasury has it."""
    RELIEF = "RELIEF"
    """Resolves an order to repay: an objection to it was upheld."""


LINE_ACCOUNTS = (AccountKind.APPROPRIATION, AccountKind.AVAILABLE, AccountKind.COMMITTED)
RELEASE_ACCOUNTS = (AccountKind.PENDING, AccountKind.PAID)
REPAYMENT_ACCOUNTS = (
    AccountKind.LAPSED,
    AccountKind.REFUND_DUE,
    AccountKind.REFUNDED,
    AccountKind.INTEREST,
    AccountKind.PENALTY,
)
PROJECT_ACCOUNTS = (AccountKind.SME_PLEDGE, AccountKind.SME_COMMITTED)


class UnbalancedTransfer(ValueError):
    """The service tried to post entries that are no double entry: a fault of the code, never of the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of a budget line or of a project; a municipality's line is visible to that municipality."""

    id: UUID
    kind: AccountKind
    budget_line_id: UUID | None = None
    project_id: UUID | None = None
    municipality_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Entries that are posted together: amount by account id, summing to zero."""

    id: UUID
    kind: TransferKind
    entries: Mapping[UUID, Won]
    at: datetime
    project_id: UUID | None = None
    reverses: UUID | None = None
    resolves: UUID | None = None

    def __post_init__(self) -> None:
        if sum(self.entries.values()) != 0 or len(self.entries) < 2:  # noqa: PLR2004 double entry means at least two
            message = f"a transfer needs two entries or more that sum to zero, not {list(self.entries.values())}"
            raise UnbalancedTransfer(message)
        if 0 in self.entries.values():
            message = "an entry of 0 won moves nothing"
            raise UnbalancedTransfer(message)


def account_id(owner: UUID, kind: AccountKind) -> UUID:
    """The id of one account of a budget line or project: derived, so that posting never has to look it up."""
    return uuid5(owner, kind)


def line_accounts(
    line_id: UUID, municipality_code: str | None, kinds: Sequence[AccountKind] = LINE_ACCOUNTS
) -> list[Account]:
    """The accounts that every confirmed budget line has, or those that its first release or repayment adds."""
    return [
        Account(id=account_id(line_id, kind), kind=kind, budget_line_id=line_id, municipality_code=municipality_code)
        for kind in kinds
    ]


def project_accounts(project_id: UUID) -> list[Account]:
    """The company's side of a project."""
    return [Account(id=account_id(project_id, kind), kind=kind, project_id=project_id) for kind in PROJECT_ACCOUNTS]


def appropriation(transfer_id: UUID, line_id: UUID, amount_won: Won, at: datetime) -> Transfer:
    """A confirmed budget line becomes available."""
    entries = _moved(line_id, AccountKind.APPROPRIATION, AccountKind.AVAILABLE, amount_won)
    return Transfer(id=transfer_id, kind=TransferKind.APPROPRIATION, entries=entries, at=at)


def commitment(
    transfer_id: UUID, project_id: UUID, *, line_shares: Mapping[UUID, Won], sme_won: Won, at: datetime
) -> Transfer:
    """Every public share leaves what its line has available, and the company pledges the rest."""
    entries: dict[UUID, Won] = {}
    for line_id, share_won in line_shares.items():
        entries |= _moved(line_id, AccountKind.AVAILABLE, AccountKind.COMMITTED, share_won)
    if sme_won:
        entries |= _moved(project_id, AccountKind.SME_PLEDGE, AccountKind.SME_COMMITTED, sme_won)
    return Transfer(id=transfer_id, kind=TransferKind.COMMITMENT, entries=entries, at=at, project_id=project_id)


def reversal(transfer_id: UUID, original: Transfer, at: datetime) -> Transfer:
    """The exact opposite of a posted transfer, which it names; history itself stays."""
    return Transfer(
        id=transfer_id,
        kind=TransferKind.REVERSAL,
        entries={account: Won(-amount_won) for account, amount_won in original.entries.items()},
        at=at,
        project_id=original.project_id,
        reverses=original.id,
    )


def reservation(transfer_id: UUID, project_id: UUID, line_id: UUID, amount_won: Won, at: datetime) -> Transfer:
    """Set a part of what a line has promised aside for one release, pending."""
    entries = _moved(line_id, AccountKind.COMMITTED, AccountKind.PENDING, amount_won)
    return Transfer(id=transfer_id, kind=TransferKind.RESERVATION, entries=entries, at=at, project_id=project_id)


def disbursement(transfer_id: UUID, reserved: Transfer, line_id: UUID, at: datetime) -> Transfer:
    """What was pending has been paid, whole."""
    amount_won = reserved.entries[account_id(line_id, AccountKind.PENDING)]
    return Transfer(
        id=transfer_id,
        kind=TransferKind.DISBURSEMENT,
        entries=_moved(line_id, AccountKind.PENDING, AccountKind.PAID, amount_won),
        at=at,
        project_id=reserved.project_id,
        resolves=reserved.id,
    )


def void(transfer_id: UUID, reserved: Transfer, at: datetime) -> Transfer:
    """What was pending goes back to what the line has promised, whole."""
    return Transfer(
        id=transfer_id,
        kind=TransferKind.VOID,
        entries={account: Won(-amount_won) for account, amount_won in reserved.entries.items()},
        at=at,
        project_id=reserved.project_id,
        resolves=reserved.id,
    )


def lapse(transfer_id: UUID, project_id: UUID, line_id: UUID, amount_won: Won, at: datetime) -> Transfer:
    """What a line had promised to a project and not paid will not be paid."""
    entries = _moved(line_id, AccountKind.COMMITTED, AccountKind.LAPSED, amount_won)
    return Transfer(id=transfer_id, kind=TransferKind.LAPSE, entries=entries, at=at, project_id=project_id)


def repayment_order(
    transfer_id: UUID,
    project_id: UUID,
    line_id: UUID,
    *,
    principal_won: Won,
    interest_won: Won,
    surcharge_won: Won,
    at: datetime,
) -> Transfer:
    """Of what a line has paid, so much is owed back, with what it earned and what is charged on top."""
    parts = {
        AccountKind.PAID: -principal_won,
        AccountKind.INTEREST: -interest_won,
        AccountKind.PENALTY: -surcharge_won,
        AccountKind.REFUND_DUE: principal_won + interest_won + surcharge_won,
    }
    entries = {account_id(line_id, kind): Won(amount_won) for kind, amount_won in parts.items() if amount_won}
    return Transfer(id=transfer_id, kind=TransferKind.REPAYMENT_ORDER, entries=entries, at=at, project_id=project_id)


def repayment(transfer_id: UUID, ordered: Transfer, line_id: UUID, *, late_won: Won, at: datetime) -> Transfer:
    """The treasury has what was owed, whole, and what is charged for paying late."""
    due_won = ordered.entries[account_id(line_id, AccountKind.REFUND_DUE)]
    parts = {
        AccountKind.REFUND_DUE: -due_won,
        AccountKind.PENALTY: -late_won,
        AccountKind.REFUNDED: due_won + late_won,
    }
    entries = {account_id(line_id, kind): Won(amount_won) for kind, amount_won in parts.items() if amount_won}
    return Transfer(
        id=transfer_id,
        kind=TransferKind.REPAYMENT,
        entries=entries,
        at=at,
        project_id=ordered.project_id,
        resolves=ordered.id,
    )


def relief(transfer_id: UUID, ordered: Transfer, at: datetime) -> Transfer:
    """Nothing is owed back after all: the exact opposite of the order."""
    return Transfer(
        id=transfer_id,
        kind=TransferKind.RELIEF,
        entries={account: Won(-amount_won) for account, amount_won in ordered.entries.items()},
        at=at,
        project_id=ordered.project_id,
        resolves=ordered.id,
    )


def _moved(owner: UUID, source: AccountKind, target: AccountKind, amount_won: Won) -> dict[UUID, Won]:
    return {account_id(owner, source): Won(-amount_won), account_id(owner, target): amount_won}
