"""Reading split rules: confirmed ones are public policy, proposals are for those who prepare them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import PROVINCE_ROLES, Role
from contracts.types import Source, Won
from funding.splits import domain, store
from funding.splits.domain import RuleState, SplitRuleUnknown
from funding.splits.store import SplitRuleRow

_PREPARERS = PROVINCE_ROLES | {Role.TECHNOPARK_OPERATOR, Role.AUDITOR}


class RateView(View):
    """One source's rate; the capped ones share the call's cap."""

    source: Source
    rate_bp: int
    capped: bool


class SplitRuleView(View):
    """One version of the rule. `nominal_burden_bp` is the company's rate when no cap bites."""

    version: str
    title: str
    shares: list[RateView]
    nominal_burden_bp: int
    valid_from: date
    source_note: str
    state: RuleState
    proposed_at: datetime
    confirmed_at: datetime | None


class ShareView(View):
    """What one source would pay, and the sum that gives it (`//` divides and rounds down)."""

    source: Source
    amount_won: int
    arithmetic: str


class SplitPreview(View):
    """A cost divided by a rule. When `cap_bites`, the company pays more than its nominal burden."""

    version: str
    total_cost_won: int
    cap_won: int
    shares: list[ShareView]
    cap_bites: bool
    nominal_burden_bp: int
    effective_burden_bp: int


async def get_rule(tx: Transaction, version: str, *, by: Principal | None) -> SplitRuleView:
    """One version, or SplitRuleUnknown when it is not the caller's to see."""
    statement = select(*SplitRuleRow.__table__.columns).where(SplitRuleRow.version == version, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise SplitRuleUnknown(version=version)
    return _view(row)


async def list_rules(tx: Transaction, *, by: Principal | None, page: PageRequest) -> Page[SplitRuleView]:
    """The versions the caller may see, by name."""
    statement = select(*SplitRuleRow.__table__.columns).where(_visible(by))
    rows, turns = await paginate(tx, statement, page, by=[SplitRuleRow.version])
    return Page(items=[_view(row) for row in rows], **turns)


async def preview_split(
    tx: Transaction, version: str, *, total_cost_won: Won, cap_won: Won, by: Principal | None
) -> SplitPreview:
    """Show what everybody would pay, before anybody applies (domain.md story 5)."""
    rule = await store.get(tx, version)
    if rule.state is not RuleState.CONFIRMED and not _prepares(by):
        raise SplitRuleUnknown(version=version)
    split = domain.split_cost(rule, total_cost_won=total_cost_won, cap_won=cap_won)
    return SplitPreview(
        version=version,
        total_cost_won=total_cost_won,
        cap_won=cap_won,
        shares=[ShareView.model_validate(share) for share in split.shares],
        cap_bites=split.cap_bites,
        nominal_burden_bp=split.nominal_burden_bp,
        effective_burden_bp=split.effective_burden_bp,
    )


def _view(row: Row[Any]) -> SplitRuleView:
    return SplitRuleView(
        version=row.version,
        title=row.title,
        shares=[RateView.model_validate(rate) for rate in row.rates],
        nominal_burden_bp=domain.WHOLE_BP - sum(rate["rate_bp"] for rate in row.rates),
        valid_from=row.valid_from,
        source_note=row.source_note,
        state=row.state,
        proposed_at=row.proposed_at,
        confirmed_at=row.confirmed_at,
    )


def _prepares(by: Principal | None) -> bool:
    return by is not None and by.role in _PREPARERS


def _visible(by: Principal | None) -> ColumnElement[bool]:
    return true() if _prepares(by) else SplitRuleRow.state == RuleState.CONFIRMED
