"""A hold stops a line's releases before their order; one person places it, two lift it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.types import Source
from funding.releases.domain.refusals import HoldBoundToProject, HoldHasChanged, HoldLifted, HoldNeedsSecondPerson


class HoldReason(StrEnum):
    """Why nothing may leave the line for now."""

    SUPPLIER_INSOLVENT = "SUPPLIER_INSOLVENT"
    FRAUD_SUSPECTED = "FRAUD_SUSPECTED"
    INSPECTION_FINDING = "INSPECTION_FINDING"
    PAYEE_DOUBTED = "PAYEE_DOUBTED"
    PROJECT_SUSPENDED = "PROJECT_SUSPENDED"
    PROJECT_ENDED = "PROJECT_ENDED"
    PROJECT_RECOVERY = "PROJECT_RECOVERY"
    """A case of clawback is open."""
    PROJECT_FIRM_STANDING = "PROJECT_FIRM_STANDING"
    """The tax office says that the firm is suspended, closed or in arrears (rules R-05 and R-06)."""


BY_PROJECT = frozenset(
    {
        HoldReason.PROJECT_SUSPENDED,
        HoldReason.PROJECT_ENDED,
        HoldReason.PROJECT_RECOVERY,
        HoldReason.PROJECT_FIRM_STANDING,
    }
)
"""Placed and lifted by the project's own course, not by a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold on one source's share of a project."""

    id: UUID
    project_id: UUID
    source: Source
    reason: HoldReason
    placed_by: str
    placed_at: datetime
    lift_proposed_by: str | None = None
    lift_proposed_at: datetime | None = None
    lifted_by: str | None = None
    lifted_at: datetime | None = None
    version: int = 1


def lift(hold: Hold, *, read_version: int, by: str, now: datetime) -> Hold:
    """The first person proposes, a second one lifts."""
    if hold.version != read_version:
        raise HoldHasChanged(current_version=hold.version)
    if hold.lifted_at is not None:
        raise HoldLifted
    if hold.reason in BY_PROJECT:
        raise HoldBoundToProject(reason=hold.reason)
    if hold.lift_proposed_by is None:
        return replace(hold, lift_proposed_by=by, lift_proposed_at=now)
    if hold.lift_proposed_by == by:
        raise HoldNeedsSecondPerson
    return replace(hold, lifted_by=by, lifted_at=now)
