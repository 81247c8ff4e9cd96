"""When a source's share of a project may be released, and how many officers approve: data, one file per version."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.types import Source, Won

_WHOLE_BP = 10_000


class ReleaseMode(StrEnum):
    """How a source pays."""

    TRANCHE = "TRANCHE"
    """A part of the share after each gate, to the firm's project account."""
    DRAW = "DRAW"
    """Deposited money, drawn per e-tax invoice and paid to the supplier."""


class Gate(StrEnum):
    """What must have happened to a project before money follows."""

    AGREEMENT_EFFECTIVE = "AGREEMENT_EFFECTIVE"
    INTERIM_PASSED = "INTERIM_PASSED"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """The part of a share that one gate frees."""

    gate: Gate
    rate_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms:
    """How one kind of source pays; its tranches together are the whole share."""

    source: Source
    mode: ReleaseMode
    tranches: tuple[Tranche, ...]
    source_note: str

    def __post_init__(self) -> None:
        whole = _WHOLE_BP if self.mode is ReleaseMode.TRANCHE else 0
        if sum(each.rate_bp for each in self.tranches) != whole:
            raise ValueError(f"the tranches of {self.source} are not the whole")

    def due_won(self, gate: Gate, share_won: Won) -> Won | None:
        """What the gate frees of a share; all gates together free it to the won, and None is no gate of this source."""
        before_bp = 0
        for each in self.tranches:
            reached_bp = before_bp + each.rate_bp
            if each.gate is gate:
                return Won(share_won * reached_bp // _WHOLE_BP - share_won * before_bp // _WHOLE_BP)
            before_bp = reached_bp
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """How many officers of the province and of the municipality approve from an amount on; no source means any."""

    source: Source | None
    from_won: int
    province: int
    municipality: int

    def __post_init__(self) -> None:
        if self.province + self.municipality < 2:  # noqa: PLR2004  one officer alone never releases money
            raise ValueError("two officers at least approve a release")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTerms:
    """A version of the terms, in force from a day on."""

    version: str
    valid_from: date
    note: str
    lines: tuple[LineTerms, ...]
    approvals: tuple[ApprovalRule, ...]
    approvals_note: str

    def of(self, source: Source) -> LineTerms:
        """How this source pays; every version knows every public source."""
        return {each.source: each for each in self.lines}[source]

    def approvals_due(self, source: Source, amount_won: Won) -> ApprovalRule:
        """The first rule that fits: own source before any, larger amounts before smaller."""
        fitting = [rule for rule in self.approvals if rule.source in {source, None} and rule.from_won <= amount_won]
        return max(fitting, key=lambda rule: (rule.source is not None, rule.from_won))
