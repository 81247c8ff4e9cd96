"""One release as a saga in one row: what was asked for, who approved, whether the bank paid, what the ledger says.

RESERVED -> APPROVED -> ORDERED -> CONFIRMED -> POSTED. Before ORDERED it can be given up, and its reservation goes back
to the line (VOIDED). From ORDERED on it only goes forward: to POSTED, or to VOIDED because the bank said that it did
not pay. What the bank did not say is asked again, and after a deadline shown to people; it is never ordered anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.types import Source, Won
from funding.releases.domain.refusals import (
    ApprovalNotYours,
    LineHeld,
    ReleaseDecided,
    ReleaseExceedsLine,
    ReleaseHasChanged,
    ReleaseModeDiffers,
    ReleaseOwnDecision,
    TrancheAmountDiffers,
)
from funding.releases.domain.terms import Gate, LineTerms, ReleaseMode


class ReleaseState(StrEnum):
    """How far a release has come."""

    RESERVED = "RESERVED"
    APPROVED = "APPROVED"
    ORDERED = "ORDERED"
    CONFIRMED = "CONFIRMED"
    POSTED = "POSTED"
    VOIDED = "VOIDED"


class VoidReason(StrEnum):
    """Why nothing was paid."""

    REJECTED = "REJECTED"
    BANK_REFUSED = "BANK_REFUSED"
    PROJECT_ENDED = "PROJECT_ENDED"
    FISCAL_YEAR_OVER = "FISCAL_YEAR_OVER"
    """Not ordered before its money's year ended, and not among what was carried over."""


class Rejection(StrEnum):
    """What an approver found wrong."""

    EVIDENCE_INSUFFICIENT = "EVIDENCE_INSUFFICIENT"
    AMOUNT_WRONG = "AMOUNT_WRONG"
    PAYEE_WRONG = "PAYEE_WRONG"
    NOT_DELIVERED = "NOT_DELIVERED"


class Body(StrEnum):
    """Which body an approval is of."""

    PROVINCE = "PROVINCE"
    MUNICIPALITY = "MUNICIPALITY"


class Payee(StrEnum):
    """Who is paid: the firm into its project account, or the supplier of an invoice."""

    ADOPTER = "ADOPTER"
    SUPPLIER = "SUPPLIER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """One public source's share of a project in force, with what is under way and what was paid."""

    project_id: UUID
    source: Source
    call_id: UUID
    company_id: UUID
    municipality_code: str
    budget_line_id: UUID
    mode: ReleaseMode
    terms_version: str
    committed_won: Won
    open_won: Won
    paid_won: Won
    lapsed_won: Won
    """Given up when the project was settled or ended."""
    returned_won: Won
    """Of what was paid, asked back."""

    @property
    def left_won(self) -> Won:
        """What can still be asked for (rule F-05)."""
        return Won(self.committed_won - self.open_won - self.paid_won - self.lapsed_won)

    @property
    def kept_won(self) -> Won:
        """What was paid and not asked back."""
        return Won(self.paid_won - self.returned_won)


@dataclass(frozen=True, slots=True)
class Approval:
    """One officer's yes."""

    body: Body
    approver: str
    approved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """The supplier's e-tax invoice that a draw pays, by its number and the hash of its document."""

    number: str
    sha256: str
    supplier_business_number: str
    supplier_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release. Its id is our reference at the bank: the same order under it is the same payment."""

    id: UUID
    project_id: UUID
    source: Source
    call_id: UUID
    company_id: UUID
    municipality_code: str
    budget_line_id: UUID
    mode: ReleaseMode
    terms_version: str
    gate: Gate
    amount_won: Won
    payee: Payee
    payee_account: str
    supplier_business_number: str | None
    invoice_number: str | None
    invoice_sha256: str | None
    province_approvals_due: int
    municipality_approvals_due: int
    state: ReleaseState
    reservation_id: UUID
    requested_by: str
    requested_at: datetime
    approved_at: datetime | None = None
    ordered_by: str | None = None
    ordered_at: datetime | None = None
    standing_id: UUID | None = None
    """The firm's standing that the order rests on."""
    bank_transaction: str | None = None
    confirmed_at: datetime | None = None
    posted_at: datetime | None = None
    voided_at: datetime | None = None
    void_reason: VoidReason | None = None
    resolution_id: UUID | None = None
    version: int = 1


def check_request(line: ReleaseLine, terms: LineTerms, *, gate: Gate | None, invoice: bool, amount_won: Won) -> None:
    """A tranche is what its gate frees; a draw has an invoice; neither takes more than the line has left (F-05)."""
    if (line.mode is ReleaseMode.TRANCHE) != (gate is not None) or (line.mode is ReleaseMode.DRAW) != invoice:
        raise ReleaseModeDiffers(source=line.source, mode=line.mode)
    if gate is not None:
        due_won = terms.due_won(gate, line.committed_won)
        if due_won is None:
            raise ReleaseModeDiffers(source=line.source, mode=line.mode)
        if due_won != amount_won:
            raise TrancheAmountDiffers(due_won=due_won, field="/amount_won")
    if amount_won > line.left_won:
        raise ReleaseExceedsLine(left_won=line.left_won, amount_won=amount_won)


def check_free(holds: Sequence[str]) -> None:
    """A held line releases nothing, whatever step a release is at before the order."""
    if holds:
        raise LineHeld(reason=holds[0])


def check_version(release: Release, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if release.version != read_version:
        raise ReleaseHasChanged(current_version=release.version)


def approve(release: Release, approvals: Sequence[Approval], approval: Approval) -> Release:
    """One more officer says yes; with the last that is due the release is approved."""
    if release.state is not ReleaseState.RESERVED:
        raise ReleaseDecided(state=release.state)
    if approval.approver in {release.requested_by, *(each.approver for each in approvals)}:
        raise ReleaseOwnDecision
    due = {Body.PROVINCE: release.province_approvals_due, Body.MUNICIPALITY: release.municipality_approvals_due}
    given = {body: sum(each.body is body for each in approvals) for body in Body}
    if given[approval.body] >= due[approval.body]:
        raise ApprovalNotYours(body=approval.body)
    given[approval.body] += 1
    if given != due:
        return release
    return replace(release, state=ReleaseState.APPROVED, approved_at=approval.approved_at)


def check_may_reject(release: Release, by: str) -> None:
    """An officer who had no part in asking may reject until the payment is ordered."""
    if release.state not in {ReleaseState.RESERVED, ReleaseState.APPROVED}:
        raise ReleaseDecided(state=release.state)
    if by == release.requested_by:
        raise ReleaseOwnDecision


def check_may_order(release: Release, approvals: Sequence[Approval], by: str) -> None:
    """What is approved is ordered by somebody who had no part in it."""
    if release.state is not ReleaseState.APPROVED:
        raise ReleaseDecided(state=release.state)
    if by in {release.requested_by, *(each.approver for each in approvals)}:
        raise ReleaseOwnDecision


def order(release: Release, approvals: Sequence[Approval], *, standing_id: UUID, by: str, now: datetime) -> Release:
    """The treasurer orders the payment: the point after which there is only forward."""
    check_may_order(release, approvals, by)
    return replace(release, state=ReleaseState.ORDERED, ordered_by=by, ordered_at=now, standing_id=standing_id)


def confirm(release: Release, bank_transaction: str, *, now: datetime) -> Release:
    """The bank says that it paid."""
    if release.state is not ReleaseState.ORDERED:
        raise ReleaseDecided(state=release.state)
    return replace(release, state=ReleaseState.CONFIRMED, bank_transaction=bank_transaction, confirmed_at=now)


def post(release: Release, resolution_id: UUID, *, now: datetime) -> Release:
    """The ledger says so too: the end."""
    if release.state is not ReleaseState.CONFIRMED:
        raise ReleaseDecided(state=release.state)
    return replace(release, state=ReleaseState.POSTED, resolution_id=resolution_id, posted_at=now)


def void(release: Release, reason: VoidReason, resolution_id: UUID, *, now: datetime) -> Release:
    """Nothing was paid and nothing will be: after an order only because the bank said so."""
    may = (
        {ReleaseState.ORDERED} if reason is VoidReason.BANK_REFUSED else {ReleaseState.RESERVED, ReleaseState.APPROVED}
    )
    if release.state not in may:
        raise ReleaseDecided(state=release.state)
    return replace(release, state=ReleaseState.VOIDED, void_reason=reason, resolution_id=resolution_id, voided_at=now)
