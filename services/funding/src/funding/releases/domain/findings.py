"""What two officers found out at the bank about an order of which it did not say what became; the worker waits."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funding.releases.domain.refusals import (
    FindingDecided,
    FindingHasChanged,
    FindingMalformed,
    FindingOwnDecision,
    OrderStillAsked,
    ReleaseNotUnclear,
)
from funding.releases.domain.release import Release, ReleaseState


class FoundOutcome(StrEnum):
    """What the bank's paper says."""

    PAID = "PAID"
    NOT_PAID = "NOT_PAID"
    """Nor will it be: the bank has no such order, or cancelled it."""


class FindingReason(StrEnum):
    """Why it is decided by hand."""

    BANK_NEVER_ANSWERED = "BANK_NEVER_ANSWERED"
    BANK_LOST_THE_ORDER = "BANK_LOST_THE_ORDER"
    BANK_ANSWERED_WRONGLY = "BANK_ANSWERED_WRONGLY"


class FindingState(StrEnum):
    """While one is proposed the worker neither brings the order again nor asks about it."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    MOOT = "MOOT"
    """The bank said itself what became of the order before anybody had decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding about one release, with the hash of the bank's paper."""

    id: UUID
    release_id: UUID
    outcome: FoundOutcome
    bank_transaction: str | None
    reason: FindingReason
    evidence_sha256: str
    state: FindingState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    version: int = 1


def check_proposal(release: Release, outcome: FoundOutcome, bank_transaction: str | None, *, unclear: bool) -> None:
    """Only what is shown to people as unclear is theirs to find out; what was paid has the bank's number."""
    if release.state is not ReleaseState.ORDERED or not unclear:
        raise ReleaseNotUnclear(state=release.state)
    if (outcome is FoundOutcome.PAID) != (bank_transaction is not None):
        raise FindingMalformed(field="/bank_transaction")


def decide(
    finding: Finding, state: FindingState, *, read_version: int, ordered_by: str | None, by: str, now: datetime
) -> Finding:
    """A second person, who did not order the payment, confirms or rejects it."""
    if finding.version != read_version:
        raise FindingHasChanged(current_version=finding.version)
    if finding.state is not FindingState.PROPOSED:
        raise FindingDecided(state=finding.state)
    if by in {finding.proposed_by, ordered_by}:
        raise FindingOwnDecision
    return replace(finding, state=state, decided_by=by, decided_at=now)


def moot(finding: Finding, *, now: datetime) -> Finding:
    """The bank's own answer came first: there is nothing left to decide, and nobody did."""
    if finding.state is not FindingState.PROPOSED:
        raise FindingDecided(state=finding.state)
    return replace(finding, state=FindingState.MOOT, decided_at=now)


def check_at_rest(outcome: FoundOutcome, *, at_rest: bool) -> None:
    """Whoever asked the bank last may still be bringing it the order: that is over before it counts as unpaid."""
    if outcome is FoundOutcome.NOT_PAID and not at_rest:
        raise OrderStillAsked
