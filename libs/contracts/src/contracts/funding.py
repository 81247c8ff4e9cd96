"""What the funding service tells: budget lines, commitments, disbursements, standings, settlements, clawbacks, claims.

`left_won` with `line_version` says how fresh a balance is.
"""

from datetime import date
from uuid import UUID

import msgspec

from common.event import DomainEvent, event


class LineBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What one budget line has left after this event; a higher `line_version` is newer, whatever comes first."""

    budget_line_id: UUID
    source: str
    municipality_code: str | None = None
    fiscal_year: int
    track: str
    left_won: int
    line_version: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a project's total cost that one source pays. The SME's share has no budget line."""

    source: str
    municipality_code: str | None = None
    budget_line_id: UUID | None = None
    amount_won: int


@event(service="funding", aggregate="budget", happened="line-confirmed", version=1, key="budget_line_id")
class BudgetLineConfirmed(DomainEvent, frozen=True, kw_only=True):
    """A second person confirmed an appropriation: commitments may now draw on it."""

    budget_line_id: UUID
    source: str
    municipality_code: str | None = None
    fiscal_year: int
    track: str
    amount_won: int
    legal_regime: str
    balance: LineBalance


@event(service="funding", aggregate="budget", happened="carry-over-confirmed", version=1, key="budget_line_id")
class CarryOverConfirmed(DomainEvent, frozen=True, kw_only=True):
    """A second person carried what a line has committed and not paid into the next year.

    A later one of the same line takes its place: it says again how much is committed and unpaid, and how much is paid.
    """

    budget_line_id: UUID
    carry_over_id: UUID
    municipality_code: str | None = None
    fiscal_year: int
    to_year: int
    amount_won: int
    paid_won: int


@event(service="funding", aggregate="budget", happened="lapse-warned", version=1, key="budget_line_id")
class BudgetLapseWarned(DomainEvent, frozen=True, kw_only=True):
    """Money of a line lapses after `last_day` unless it is paid or carried over: told once at each of its stages.

    `stage_days` before that day the stage began; `lapsing_won` is what nobody committed and what is unpaid and not
    carried over. A line that loses nothing is not told of. What was carried into the year after `fiscal_year` lapses at
    the end of that one, and is told of before it with its own `last_day`; nothing carries it further.
    """

    budget_line_id: UUID
    source: str
    municipality_code: str | None = None
    fiscal_year: int
    track: str
    stage_days: int
    days_left: int
    last_day: date
    uncommitted_won: int
    unpaid_won: int
    carried_won: int
    lapsing_won: int
    rule_version: str


@event(service="funding", aggregate="commitment", happened="committed", version=1, key="project_id")
class ProjectCommitted(DomainEvent, frozen=True, kw_only=True):
    """A project's cost is split and every public share is reserved on its budget line."""

    project_id: UUID
    commitment_id: UUID
    call_id: UUID
    municipality_code: str
    fiscal_year: int
    track: str
    total_cost_won: int
    shares: list[Share]
    nominal_burden_bp: int
    effective_burden_bp: int
    split_rule_version: str
    balances: list[LineBalance]
    memorandum_id: UUID | None = None


@event(service="funding", aggregate="commitment", happened="refused", version=1, key="project_id")
class CommitmentRefused(DomainEvent, frozen=True, kw_only=True):
    """A budget was short or missing: nothing was committed.

    `rule` is the rule that refused (F-05), `short_source` the first source that lacked money, with what it needed and
    what it had.
    """

    project_id: UUID
    call_id: UUID
    municipality_code: str
    rule: str
    short_source: str
    needed_won: int
    left_won: int
    balances: list[LineBalance]


@event(service="funding", aggregate="commitment", happened="released", version=1, key="project_id")
class CommitmentReleased(DomainEvent, frozen=True, kw_only=True):
    """A project ended before its agreement and every reserved won is back on its line."""

    project_id: UUID
    commitment_id: UUID
    call_id: UUID
    municipality_code: str
    balances: list[LineBalance]


@event(service="funding", aggregate="commitment", happened="lapsed", version=1, key="project_id")
class CommitmentLapsed(DomainEvent, frozen=True, kw_only=True):
    """What one source had promised to a project and not paid will not be paid: it was settled or terminated."""

    project_id: UUID
    call_id: UUID
    municipality_code: str
    source: str
    budget_line_id: UUID
    amount_won: int


@event(service="funding", aggregate="commitment", happened="coverage-completed", version=1, key="project_id")
class CoverageCompleted(DomainEvent, frozen=True, kw_only=True):
    """Every source of a signed agreement has covered its share, the firm's own among them: it may come into force."""

    project_id: UUID
    commitment_id: UUID
    call_id: UUID
    municipality_code: str
    covered_won: int


class DisbursementFact(DomainEvent, frozen=True, kw_only=True):
    """What is said of a release at each of its steps; who is paid and into which account is nobody else's."""

    release_id: UUID
    project_id: UUID
    call_id: UUID
    municipality_code: str
    source: str
    gate: str
    amount_won: int


@event(service="funding", aggregate="disbursement", happened="reserved", version=1, key="release_id")
class DisbursementReserved(DisbursementFact, frozen=True, kw_only=True):
    """A release was asked for and its amount is set aside on the source's line."""


@event(service="funding", aggregate="disbursement", happened="approved", version=1, key="release_id")
class DisbursementApproved(DisbursementFact, frozen=True, kw_only=True):
    """The officers that its terms want have approved it."""


@event(service="funding", aggregate="disbursement", happened="ordered", version=1, key="release_id")
class DisbursementOrdered(DisbursementFact, frozen=True, kw_only=True):
    """The treasurer ordered the payment: from here it only goes forward."""


@event(service="funding", aggregate="disbursement", happened="confirmed", version=1, key="release_id")
class DisbursementConfirmed(DisbursementFact, frozen=True, kw_only=True):
    """The bank said that it paid."""


@event(service="funding", aggregate="disbursement", happened="posted", version=1, key="release_id")
class DisbursementPosted(DisbursementFact, frozen=True, kw_only=True):
    """The payment stands in the ledger: the release is at its end."""


@event(service="funding", aggregate="disbursement", happened="voided", version=1, key="release_id")
class DisbursementVoided(DisbursementFact, frozen=True, kw_only=True):
    """Nothing was paid, the amount is back on its line: REJECTED, BANK_REFUSED, PROJECT_ENDED, FISCAL_YEAR_OVER."""

    reason: str


@event(service="funding", aggregate="disbursement", happened="unclear", version=1, key="release_id")
class DisbursementUnclear(DisbursementFact, frozen=True, kw_only=True):
    """The bank has not said in time what became of an order: people look at it, and the bank is asked on."""


@event(service="funding", aggregate="settlement", happened="opened", version=1, key="project_id")
class SettlementOpened(DomainEvent, frozen=True, kw_only=True):
    """A project was completed: its firm reports by `due_on` what was spent."""

    project_id: UUID
    settlement_id: UUID
    call_id: UUID
    municipality_code: str
    due_on: date
    rule_version: str


@event(service="funding", aggregate="settlement", happened="reported", version=1, key="project_id")
class SettlementReported(DomainEvent, frozen=True, kw_only=True):
    """The firm reported what was spent, and does so again after each question of its accountant.

    `late_months` is how late its first report was, in whole months after `due_on` (rule F-10).
    """

    project_id: UUID
    settlement_id: UUID
    call_id: UUID
    municipality_code: str
    due_on: date
    late_months: int
    rule_version: str


class SettledShare(msgspec.Struct, frozen=True, kw_only=True):
    """One source's figures of a settled project: what it paid, what of it is fixed as its cost, what goes back."""

    source: str
    share_won: int
    paid_won: int
    fixed_won: int
    interest_won: int
    refund_won: int
    lapsed_won: int


@event(service="funding", aggregate="settlement", happened="fixed", version=1, key="project_id")
class SettlementFixed(DomainEvent, frozen=True, kw_only=True):
    """The amounts of a project stand, and what goes back is ordered.

    `late_cut_max_bp` is what the next subsidy of this firm may be cut by at most, because the report was late (F-10).
    `shares` are its figures by source; an event from before they were told has none.
    """

    project_id: UUID
    settlement_id: UUID
    call_id: UUID
    municipality_code: str
    spent_won: int
    refund_won: int
    late_months: int
    late_cut_max_bp: int
    shares: list[SettledShare] = msgspec.field(default_factory=list)


@event(service="funding", aggregate="settlement", happened="closed", version=1, key="project_id")
class SettlementClosed(DomainEvent, frozen=True, kw_only=True):
    """Every treasury has confirmed its refund."""

    project_id: UUID
    settlement_id: UUID
    call_id: UUID
    municipality_code: str


class RecoveryFact(DomainEvent, frozen=True, kw_only=True):
    """What is said of a clawback at each of its ends."""

    recovery_id: UUID
    project_id: UUID
    call_id: UUID
    municipality_code: str
    ground: str


@event(service="funding", aggregate="recovery", happened="decided", version=1, key="recovery_id")
class RecoveryDecided(RecoveryFact, frozen=True, kw_only=True):
    """Two people decided what a firm pays back, on which ground, and how long it is excluded."""

    recovered_won: int
    surcharge_won: int
    debar_months: int
    rule_version: str


@event(service="funding", aggregate="recovery", happened="ended", version=1, key="recovery_id")
class RecoveryEnded(RecoveryFact, frozen=True, kw_only=True):
    """The case is over: CLOSED with every treasury paid, DROPPED, or UPHELD, so that nothing is owed."""

    outcome: str


class RepaymentFact(DomainEvent, frozen=True, kw_only=True):
    """What is said of a claim at each of its steps: one source's, ordered by a settlement or by a clawback."""

    repayment_id: UUID
    project_id: UUID
    municipality_code: str
    source: str
    budget_line_id: UUID
    origin: str
    origin_id: UUID
    principal_won: int
    interest_won: int
    surcharge_won: int


@event(service="funding", aggregate="repayment", happened="ordered", version=1, key="repayment_id")
class RepaymentOrdered(RepaymentFact, frozen=True, kw_only=True):
    """A part of what a source paid is owed back by `due_on`, with what it earned and a surcharge."""

    due_on: date
    rule_version: str


@event(service="funding", aggregate="repayment", happened="confirmed", version=1, key="repayment_id")
class RepaymentConfirmed(RepaymentFact, frozen=True, kw_only=True):
    """The source's own treasury has it, with what was added for being late."""

    late_won: int


@event(service="funding", aggregate="repayment", happened="relieved", version=1, key="repayment_id")
class RepaymentRelieved(RepaymentFact, frozen=True, kw_only=True):
    """An objection was upheld: nothing of it is owed."""


@event(service="funding", aggregate="standing", happened="asked", version=1, key="standing_id")
class StandingAsked(DomainEvent, frozen=True, kw_only=True):
    """A payment waits for its firm's standing: who knows the firm's number asks the tax office (rules R-05, R-06).

    `rule_version` is the one by which the answer is judged, whenever it is asked; older questions do not name it. A
    question that still waits may be told again.
    """

    standing_id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    rule_version: str | None = None
