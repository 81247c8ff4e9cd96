"""Closing the books of a completed project: what was spent, what each source really owes of it, and what goes back.

DUE -> SUBMITTED by the firm -> QUERIED and submitted again, or ATTESTED by the accountant -> FIXED by the province ->
CLOSED when every treasury has its refund. The one who reports, the one who attests and the one who fixes are three.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from contracts.types import Source, Won


class SettlementState(StrEnum):
    """How far it has come."""

    DUE = "DUE"
    SUBMITTED = "SUBMITTED"
    QUERIED = "QUERIED"
    ATTESTED = "ATTESTED"
    FIXED = "FIXED"
    CLOSED = "CLOSED"


class Query(StrEnum):
    """What the accountant cannot follow."""

    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    COST_NOT_ELIGIBLE = "COST_NOT_ELIGIBLE"
    INTEREST_NOT_SHOWN = "INTEREST_NOT_SHOWN"


class SettlementUnknown(NotFound):
    """No such settlement, or another tenant's or accountant's."""

    code = "settlement-unknown"
    title = Text("정산 건을 찾을 수 없습니다", "No such settlement")
    detail = Text(
        "완료된 과제의 정산 번호인지 확인해 주세요.", "Check that it is the settlement of a completed project."
    )


class SettlementHasChanged(StaleVersion):
    """Somebody acted on it after the caller had read it."""

    code = "settlement-has-changed"
    title = Text("정산 건이 그 사이에 바뀌었습니다", "The settlement has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class SettlementDecided(RuleRefused):
    """Each step is taken in its turn."""

    code = "settlement-decided"
    title = Text("지금 할 수 없는 처리입니다", "It is not at this step")
    detail = Text("정산의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The settlement is {state}. Nothing was changed.")


class SettlementOwnStep(RuleRefused):
    """Reporting, attesting and fixing are done by three people."""

    code = "settlement-own-step"
    title = Text("본인이 이미 관여한 정산입니다", "You have had a part in this settlement")
    detail = Text(
        "보고, 회계 확인, 금액 확정은 서로 다른 사람이 해야 합니다. 바뀐 것은 없습니다.",
        "Reporting, attesting and fixing are done by different people. Nothing was changed.",
    )


class SpentTooMuch(InvalidInput):
    """More than the agreed total cost is the firm's own matter, and changes no share."""

    code = "settlement-spent-too-much"
    title = Text("집행액이 총사업비를 넘습니다", "More was spent than was agreed")
    detail = Text(
        "총사업비는 {total_cost_won}원입니다. 넘는 금액은 기업이 따로 부담합니다. 저장된 것은 없습니다.",
        "The agreed cost is {total_cost_won} won; what is above it is the firm's alone. Nothing was stored.",
    )


class InterestWithoutPayment(InvalidInput):
    """No source has paid, so nothing of theirs can have earned interest."""

    code = "settlement-interest-without-payment"
    title = Text("지급된 공공 재원이 없는 과제입니다", "No public money was paid")
    detail = Text(
        "지급액이 없으므로 반납할 이자도 없습니다. 저장된 것은 없습니다.",
        "Nothing was paid, so no interest is owed. Nothing was stored.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The settlement of one project. Amounts come with the report, the figures by source when they are fixed."""

    id: UUID
    project_id: UUID
    call_id: UUID
    company_id: UUID
    municipality_code: str
    total_cost_won: Won
    rule_version: str
    opened_at: datetime
    due_on: date
    state: SettlementState
    spent_won: Won | None = None
    interest_won: Won | None = None
    report_sha256: str | None = None
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    late_months: int | None = None
    late_cut_max_bp: int | None = None
    accountant: str | None = None
    query: Query | None = None
    attested_by: str | None = None
    attested_at: datetime | None = None
    attestation_sha256: str | None = None
    fixed_by: str | None = None
    fixed_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The firm's performance report: what was spent of the agreed cost, and what its account earned."""

    spent_won: Won
    interest_won: Won
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """One source's figures: its share of the agreed cost, what it paid, what it owes in truth, what goes back."""

    source: Source
    share_won: Won
    paid_won: Won
    fixed_won: Won
    interest_won: Won
    lapsed_won: Won

    @property
    def refund_won(self) -> Won:
        """Rule F-09: max(0, paid + interest - fixed); the firm refunds nothing to itself."""
        if self.source is Source.SME:
            return Won(0)
        return Won(max(0, self.paid_won + self.interest_won - self.fixed_won))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What one public source has paid and not asked back, and what it has not paid."""

    source: Source
    kept_won: Won
    left_won: Won


def check_version(settlement: Settlement, read_version: int) -> None:
    """Refuse to act on a version that is no longer the current one."""
    if settlement.version != read_version:
        raise SettlementHasChanged(current_version=settlement.version)


def submit(
    settlement: Settlement, report: Report, *, late_months: int, late_cut_max_bp: int, by: str, now: datetime
) -> Settlement:
    """The firm reports, also again after a query; how late it is was worked out by the caller (rule F-10)."""
    if settlement.state not in {SettlementState.DUE, SettlementState.QUERIED}:
        raise SettlementDecided(state=settlement.state)
    if report.spent_won > settlement.total_cost_won:
        raise SpentTooMuch(total_cost_won=settlement.total_cost_won, field="/spent_won")
    first = settlement.submitted_at is None
    return replace(
        settlement,
        state=SettlementState.SUBMITTED,
        spent_won=report.spent_won,
        interest_won=report.interest_won,
        report_sha256=report.sha256,
        submitted_by=by,
        submitted_at=now,
        late_months=late_months if first else settlement.late_months,
        late_cut_max_bp=late_cut_max_bp if first else settlement.late_cut_max_bp,
        query=None,
    )


def assign(settlement: Settlement, accountant: str) -> Settlement:
    """Give the pack to an accountant, who alone attests it."""
    if settlement.state is not SettlementState.SUBMITTED:
        raise SettlementDecided(state=settlement.state)
    return replace(settlement, accountant=accountant)


def query(settlement: Settlement, what: Query) -> Settlement:
    """The accountant sends it back with a question."""
    if settlement.state is not SettlementState.SUBMITTED:
        raise SettlementDecided(state=settlement.state)
    return replace(settlement, state=SettlementState.QUERIED, query=what)


def attest(settlement: Settlement, sha256: str, *, by: str, now: datetime) -> Settlement:
    """The accountant attests what was reported."""
    if settlement.state is not SettlementState.SUBMITTED:
        raise SettlementDecided(state=settlement.state)
    if by == settlement.submitted_by:
        raise SettlementOwnStep
    return replace(
        settlement, state=SettlementState.ATTESTED, attested_by=by, attested_at=now, attestation_sha256=sha256
    )


def check_may_fix(settlement: Settlement, by: str) -> None:
    """A third person fixes what was attested."""
    if settlement.state is not SettlementState.ATTESTED:
        raise SettlementDecided(state=settlement.state)
    if by in {settlement.submitted_by, settlement.attested_by}:
        raise SettlementOwnStep


def figures(
    shares: Sequence[tuple[Source, Won]],
    paid: Sequence[Paid],
    *,
    unspent: dict[Source, Won],
    interest: dict[Source, Won],
) -> list[SettlementLine]:
    """Rules F-07 and F-09, by source: what was saved lowers every share alike; what was not asked for lapses.

    The books of a settled project take no more payments.
    """
    paid_of = {each.source: each for each in paid}
    lines = []
    for source, share_won in shares:
        owed_won = share_won - unspent[source]
        line = paid_of.get(source)
        kept_won = owed_won if line is None else line.kept_won
        lines.append(
            SettlementLine(
                source=source,
                share_won=share_won,
                paid_won=Won(kept_won),
                fixed_won=Won(min(owed_won, kept_won)),
                interest_won=interest.get(source, Won(0)),
                lapsed_won=Won(0) if line is None else line.left_won,
            )
        )
    return lines


def fix(settlement: Settlement, *, by: str, now: datetime) -> Settlement:
    """The amounts stand."""
    return replace(settlement, state=SettlementState.FIXED, fixed_by=by, fixed_at=now)


def close(settlement: Settlement, *, now: datetime) -> Settlement:
    """Every treasury has its own."""
    if settlement.state is not SettlementState.FIXED:
        raise SettlementDecided(state=settlement.state)
    return replace(settlement, state=SettlementState.CLOSED, closed_at=now)
