"""A project's money and one payment as of an instant: what the routes of the present answered then, and why.

The views are those of the present, made by the same queries on the rows as they were (`common.looking_back`); beside
them stand who approved, the rules of that day, the evidence, and the decisions until then with their hash chain.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from common.looking_back import Axis, Past, tables_of
from common.past_decisions import Explained, explained, if_there
from common.portions import Portion
from common.web import View
from funding.carry_overs import queries as carry_overs
from funding.carry_overs.queries import CarryOverView
from funding.commitments import queries as commitments
from funding.commitments.queries import CommitmentView
from funding.coverages import queries as coverages
from funding.coverages.queries import CoverageView
from funding.recoveries import queries as recoveries
from funding.recoveries.queries import RecoveryView
from funding.releases import queries as releases
from funding.releases.queries import ApprovalGivenView, FoundByView, ReleaseHoldView, ReleaseLinesView, ReleaseView
from funding.repayments import queries as repayments
from funding.repayments.queries import RepaymentView
from funding.self_payments import queries as self_payments
from funding.self_payments.queries import SelfPaymentView, SelfPayView
from funding.settlements import queries as settlements
from funding.settlements.queries import SettlementView
from funding.splits import queries as splits
from funding.splits.queries import SplitRuleView
from funding.standings import queries as standings
from funding.standings.queries import StandingView
from funding.tables import Tables

__all__ = [
    "PAST",
    "Axis",
    "MoneyAsOf",
    "MoneyView",
    "PaymentAsOf",
    "RulesView",
    "money_as_of",
    "money_of",
    "payment_as_of",
    "rules_of",
]

_OWNERS = ("company_id", "municipality_code", "call_id")
PAST = Past(
    tables_of(
        Tables.metadata,
        {
            "commitment": (("project_id",), (*_OWNERS, "fiscal_year", "track")),
            "commitment_share": (("project_id", "source"), ("position",)),
            "coverage": (("project_id",), _OWNERS),
            "coverage_line": (("project_id", "source"), ("position",)),
            "self_payment": (("id",), ("project_id", *_OWNERS[:2])),
            "standing": (("id",), ("project_id", *_OWNERS[:2])),
            "release_line": (("project_id", "source"), _OWNERS),
            "release_gate": (("project_id", "gate"), ()),
            "release_hold": (("id",), ("project_id", "source")),
            "release": (("id",), ("project_id", "source", *_OWNERS)),
            "release_approval": (("release_id", "approver"), ()),
            "release_finding": (("id",), ("release_id",)),
            "carry_over": (("id",), ("budget_line_id", "municipality_code")),
            "settlement": (("id",), ("project_id", *_OWNERS)),
            "settlement_line": (("settlement_id", "source"), ("position",)),
            "repayment": (("id",), ("project_id", *_OWNERS[:2])),
            "recovery": (("id",), ("project_id", *_OWNERS)),
        },
    )
)


class MoneyView(View):
    """All that a project's money is made of."""

    commitment: CommitmentView
    coverage: CoverageView | None
    self_pay: SelfPayView | None
    self_payments: list[SelfPaymentView]
    lines: ReleaseLinesView | None
    releases: list[ReleaseView]
    holds: list[ReleaseHoldView]
    standings: list[StandingView]
    findings: list[FoundByView]
    carry_overs: list[CarryOverView]
    settlement: SettlementView | None
    repayments: list[RepaymentView]
    recoveries: list[RecoveryView]

    @property
    def lists(self) -> dict[str, list[Any]]:
        """What grows as a project goes on, and is shown by part."""
        found: dict[str, Any] = dict(self)
        return {name: rows for name, rows in found.items() if isinstance(rows, list)}


class RulesView(View):
    """The rules by which it was decided."""

    split_rule: SplitRuleView
    release_terms: list[dict[str, Any]]
    standing_rules: list[dict[str, Any]]
    closing_rules: list[dict[str, Any]]


class MoneyAsOf(MoneyView, RulesView, Explained):
    """How a project's money stood at `at` on the clock named by `clock`, and the decisions that made it so."""

    at: datetime
    clock: Axis


class PaymentAsOf(View):
    """How one payment stood at that instant, who had approved it, and the money it is of."""

    at: datetime
    clock: Axis
    release: ReleaseView
    approvals: list[ApprovalGivenView]
    money: MoneyAsOf


async def money_as_of(
    tx: Transaction, project_id: UUID, at: datetime, clock: Axis, portion: Portion, *, by: Principal
) -> MoneyAsOf:
    """The money of a project as it was; raises CommitmentUnknown where nothing of it was known yet."""
    async with PAST.at(tx, at, clock):
        found = await money_of(tx, project_id, portion, by=by)
    rules = await rules_of(tx, found, by=by)
    told = await explained(tx, f"project/{project_id}", at, clock, portion, found.lists)
    return MoneyAsOf(**{**dict(found), **dict(rules), **told}, at=at, clock=clock)


async def money_of(tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal) -> MoneyView:
    """The money of a project, as the tables show it where this is asked, and this part of its lists."""
    commitment = await commitments.get_commitment(tx, project_id, by=by)
    coverage = await if_there(coverages.get_coverage(tx, project_id, by=by))
    lines = {share.budget_line_id for share in commitment.shares if share.budget_line_id is not None}
    return MoneyView(
        commitment=commitment,
        coverage=coverage,
        self_pay=None if coverage is None else await self_payments.get_self_pay(tx, project_id, by=by),
        self_payments=await self_payments.payments_of_project(tx, project_id, portion, by=by),
        lines=await if_there(releases.get_lines(tx, project_id, by=by)),
        releases=await releases.releases_of_project(tx, project_id, portion, by=by),
        holds=await releases.holds_of_project(tx, project_id, portion, by=by),
        standings=await standings.standings_of_project(tx, project_id, portion, by=by),
        findings=await releases.findings_of_project(tx, project_id, portion),
        carry_overs=await carry_overs.carry_overs_of_lines(tx, lines, portion, by=by),
        settlement=await if_there(settlements.settlement_of_project(tx, project_id, by=by)),
        repayments=await repayments.repayments_of_project(tx, project_id, portion, by=by),
        recoveries=await recoveries.recoveries_of_project(tx, project_id, portion, by=by),
    )


async def rules_of(tx: Transaction, money: MoneyView, *, by: Principal) -> RulesView:
    """The versions of rules under which this money was decided; a version never changes."""
    terms = sorted({line.terms_version for line in money.lines.lines} if money.lines else ())
    closing = [each for each in (money.settlement, *money.repayments, *money.recoveries) if each is not None]
    return RulesView(
        split_rule=await splits.get_rule(tx, money.commitment.split_rule_version, by=by),
        release_terms=[dict(releases.terms_of(version)) for version in terms],
        standing_rules=[
            dict(standings.rules_of(version))
            for version in sorted({standing.rule_version for standing in money.standings})
        ],
        closing_rules=[
            dict(repayments.closing_rules(version)) for version in sorted({each.rule_version for each in closing})
        ],
    )


async def payment_as_of(
    tx: Transaction, release_id: UUID, at: datetime, clock: Axis, portion: Portion, *, by: Principal
) -> PaymentAsOf:
    """One payment as it was; raises ReleaseUnknown where nobody had asked for it yet."""
    async with PAST.at(tx, at, clock):
        release = await releases.get_release(tx, release_id, by=by)
        approvals = await releases.approvals_given(tx, release_id)
    money = await money_as_of(tx, release.project_id, at, clock, portion, by=by)
    return PaymentAsOf(at=at, clock=clock, release=release, approvals=approvals, money=money)
