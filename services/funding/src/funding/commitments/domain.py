"""Whether a selected project's shares fit into the budgets (rule F-05), and what becomes of the commitment later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, Text
from contracts.types import BasisPoints, Source, Won

BUDGET_RULE = "F-05"


class CommitmentState(StrEnum):
    """A refusal is final for its project; a commitment lasts until the project withdraws."""

    COMMITTED = "COMMITTED"
    REFUSED = "REFUSED"
    RELEASED = "RELEASED"


class CommitmentUnknown(NotFound):
    """Nothing was decided for this project, or it is not the caller's to see."""

    code = "commitment-unknown"
    title = Text("예산 확정 내역을 찾을 수 없습니다", "No such commitment")
    detail = Text(
        "과제 {project_id}의 예산 확정 내역을 찾을 수 없습니다.", "There is no commitment for project {project_id}."
    )


@dataclass(frozen=True, slots=True)
class SourceShare:
    """What one source is to pay; `budget_line_id` is set where a confirmed line was found."""

    source: Source
    amount_won: Won
    budget_line_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first source, in the rule's order, that lacks money."""

    source: Source
    needed_won: Won
    left_won: Won


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """The decision on one project: the split it rests on, and either a posted transfer or a shortage."""

    project_id: UUID
    id: UUID
    application_id: UUID
    call_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    fiscal_year: int
    track: str
    total_cost_won: Won
    cap_won: Won
    split_rule_version: str
    nominal_burden_bp: BasisPoints
    effective_burden_bp: BasisPoints
    shares: tuple[SourceShare, ...]
    state: CommitmentState
    decided_at: datetime
    shortage: Shortage | None = None
    transfer_id: UUID | None = None
    memorandum_id: UUID | None = None
    """The memorandum in force on the day of the decision, under which the sources pay."""
    reversal_id: UUID | None = None
    released_at: datetime | None = None
    turn: int | None = None
    """Which request of its call this answers, counted from 1; none where the selection itself had asked."""
    version: int = 1

    @property
    def line_shares(self) -> dict[UUID, Won]:
        """What was reserved, by budget line."""
        return {share.budget_line_id: share.amount_won for share in self.shares if share.budget_line_id is not None}


def find_shortage(shares: Sequence[SourceShare], left: Mapping[UUID, Won]) -> Shortage | None:
    """The first public share that does not fit; a source without a confirmed line has nothing left (rule F-05)."""
    for share in shares:
        if share.source is Source.SME:
            continue
        left_won = left.get(share.budget_line_id, Won(0)) if share.budget_line_id is not None else Won(0)
        if share.amount_won > left_won:
            return Shortage(share.source, share.amount_won, left_won)
    return None


def release(commitment: Commitment, *, reversal_id: UUID, at: datetime) -> Commitment:
    """The project gave its place back: every reserved won returns to its line."""
    return replace(
        commitment,
        state=CommitmentState.RELEASED,
        reversal_id=reversal_id,
        released_at=at,
        version=commitment.version + 1,
    )
