"""Reading standings: a firm its own, a municipality its area's, the programme's staff all."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, select

from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import View
from contracts.standing_versions import of_version
from contracts.standings import BusinessStatus
from funding.standings.domain import Standing, StandingState
from funding.standings.store import StandingRow
from funding.visibility import seen_by

__all__ = ["StandingView", "rules_of", "standings_of_project"]


class StandingSentenceView(View):
    """A sentence in both languages."""

    ko: str
    en: str


class BrokenRuleView(View):
    """A rule that the answer breaks, in the words of its version."""

    rule: str
    why: StandingSentenceView


class StandingView(View):
    """One question to the tax office about a firm before a payment, with what it answered.

    Only the last answer counts, and only while it is GOOD and before `holds_until`. What is ASKED is asked on with
    growing waits, also while the tax office is down.
    """

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    number: int
    state: StandingState
    rule_version: str
    asked_at: datetime
    status: BusinessStatus | None
    national_tax_arrears: bool | None
    local_tax_arrears: bool | None
    about: date | None
    answered_at: datetime | None
    answer_sha256: str | None
    holds_until: datetime | None
    broken_rules: list[BrokenRuleView]


async def standings_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[StandingView]:
    """A part of one project's questions, the newest first."""
    statement = select(*StandingRow.__table__.columns).where(
        StandingRow.project_id == project_id, seen_by(by, StandingRow.company_id, StandingRow.municipality_code)
    )
    rows = await tx.execute(portion.of(statement.order_by(StandingRow.number.desc())))
    return [_view(row) for row in rows.mappings()]


def rules_of(version: str) -> Mapping[str, Any]:
    """One version of the rules as its file says it."""
    said: Mapping[str, Any] = msgspec.to_builtins(of_version(version))
    return said


def _view(row: RowMapping) -> StandingView:
    known = {
        **row,
        "state": StandingState(row["state"]),
        "status": None if row["status"] is None else BusinessStatus(row["status"]),
    }
    broken = Standing(**known).broken(of_version(row["rule_version"]))
    return StandingView.model_validate(
        {**known, "broken_rules": [BrokenRuleView.model_validate(each) for each in broken]}
    )
