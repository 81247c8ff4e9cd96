"""What the tax office was asked about a project's firm: the firm its own, a municipality its area's, the staff all."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from applicant.companies import queries as companies
from applicant.standings.domain import StandingCheckState
from applicant.standings.store import StandingCheckRow
from common.auth import Principal
from common.db import Transaction
from common.web import View
from contracts.standings import BusinessStatus, Purpose

__all__ = ["StandingCheckView", "checks_of_project"]


class StandingCheckView(View):
    """One question. While it is PENDING, `problem` says what the last attempt met; an outage decides nothing."""

    id: UUID
    purpose: Purpose
    project_id: UUID
    state: StandingCheckState
    rule_version: str
    asked_at: datetime
    attempts: int
    problem: str | None
    next_attempt_at: datetime
    about: date | None
    status: BusinessStatus | None
    national_tax_arrears: bool | None
    local_tax_arrears: bool | None
    answered_at: datetime | None
    answer_sha256: str | None


async def checks_of_project(tx: Transaction, project_id: UUID, *, by: Principal) -> list[StandingCheckView]:
    """All questions about one project's firm, the newest first."""
    row = StandingCheckRow
    statement = select(*row.__table__.columns).where(
        row.project_id == project_id, companies.seen_by(by, row.company_id, row.municipality_code)
    )
    found = await tx.execute(statement.order_by(row.asked_at.desc(), row.id.desc()))
    return [_view(each) for each in found.mappings()]


def _view(row: RowMapping) -> StandingCheckView:
    said: dict[str, Any] = row["answer"] or {}
    codes = {name: said.get(name) for name in ("status", "national_tax_arrears", "local_tax_arrears")}
    return StandingCheckView.model_validate({**row, **codes})
