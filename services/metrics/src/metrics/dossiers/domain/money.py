"""What the funding service tells of a project's money, and the table that a page makes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.types import Source


@dataclass(frozen=True, slots=True)
class Share:
    """One source's part."""

    source: Source
    amount_won: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which source was short, and by how much."""

    rule: str
    short_source: Source
    needed_won: int
    left_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Funding's decision on one project."""

    project_id: UUID
    total_cost_won: int
    cap_won: int
    split_rule_version: str
    nominal_burden_bp: int
    effective_burden_bp: int
    state: str
    shares: tuple[Share, ...]
    refusal: Refusal | None
    decided_at: datetime
    released_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """Whether one source's part is there, on which paper."""

    source: Source
    amount_won: int
    evidence_sha256: str | None
    covered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Whether all of the money that was agreed is there."""

    state: str
    lines: tuple[CoverageLine, ...]
    opened_at: datetime
    completed_at: datetime | None
    granted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPay:
    """What the firm has proven of its own part."""

    self_pay_won: int
    proven_won: int
    held_won: int
    unverified_won: int
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was paid of one source's part."""

    source: Source
    committed_won: int
    open_won: int
    paid_won: int
    lapsed_won: int
    returned_won: int
    left_won: int
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """All sources' lines of a project."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One payment, from its request to the ledger."""

    source: Source
    gate: str
    terms_version: str
    amount_won: int
    payee: str
    invoice_sha256: str | None
    state: str
    void_reason: str | None
    requested_at: datetime
    approved_at: datetime | None
    ordered_at: datetime | None
    confirmed_at: datetime | None
    voided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The settlement, from its opening to its end."""

    rule_version: str
    due_on: date
    state: str
    spent_won: int | None
    report_sha256: str | None
    query: str | None
    opened_at: datetime
    submitted_at: datetime | None
    attested_at: datetime | None
    fixed_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repayment:
    """What one source asks back."""

    source: Source
    principal_won: int
    interest_won: int
    surcharge_won: int
    late_won: int
    rule_version: str
    due_on: date
    state: str
    ordered_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None

    @property
    def total_won(self) -> int:
        """All that is to be paid back."""
        return self.principal_won + self.interest_won + self.surcharge_won + self.late_won


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Taking money back after a breach."""

    ground: str
    rule_version: str
    state: str
    opened_at: datetime
    noticed_at: datetime | None
    opinion_until: date | None
    finding_sha256: str | None
    decided_at: datetime | None
    objection_until: date | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMoney:
    """A row of the table of money; none is what is not known, since its part was not answered or is not there yet."""

    source: Source
    share_won: int
    covered: bool | None
    paid_won: int | None
    open_won: int | None
    left_won: int | None
    holds: tuple[str, ...]


def money_by_source(
    shares: Iterable[Share], coverage: Coverage | None, lines: Lines | None, self_pay: SelfPay | None
) -> list[SourceMoney]:
    """Each source's part, whether it is there, and what was paid of it; the firm's own part is what it has proven."""
    covered = {line.source: line.covered_at is not None for line in coverage.lines} if coverage else {}
    paid = {line.source: line for line in lines.lines} if lines else {}
    rows = []
    for share in shares:
        line = paid.get(share.source)
        own = self_pay if share.source is Source.SME else None
        rows.append(
            SourceMoney(
                source=share.source,
                share_won=share.amount_won,
                covered=covered.get(share.source),
                paid_won=own.proven_won if own else line.paid_won if line else None,
                open_won=line.open_won if line else None,
                left_won=own.self_pay_won - own.proven_won if own else line.left_won if line else None,
                holds=line.holds if line else (),
            )
        )
    return rows


def sum_won(amounts: Sequence[int | None]) -> int | None:
    """The sum, where all of it is known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
