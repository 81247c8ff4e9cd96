"""What was found and told before a year ended: a municipality sees its own lines', the province and the auditor all."""

from datetime import datetime
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of
from contracts.types import Source
from funding.lapse_warnings.store import LapseWarningRow
from funding.visibility import seen_in_its_area

__all__ = ["LapseWarningView", "list_warnings"]


class LapseWarningView(View):
    """One look at a line, so many days before a year's end: those concerned were told if `lapsing_won` was anything.

    Who was told, and how the delivery went, is on the list of notices to offices.
    """

    budget_line_id: UUID
    lapses_in: int = Field(
        description="At the end of which year: the line's own, or the next one for what was carried into it."
    )
    stage_days: int = Field(description="So many days before 31 December the stage began.")
    source: Source
    municipality_code: str | None
    track: str
    fiscal_year: int
    looked_at: datetime
    uncommitted_won: int
    unpaid_won: int
    carried_won: int
    lapsing_won: int
    rule_version: str


async def list_warnings(
    tx: Transaction, page: PageRequest, *, by: Principal, fiscal_year: int | None
) -> Page[LapseWarningView]:
    """Looks, the oldest first."""
    row = LapseWarningRow
    statement = select(*row.__table__.columns).where(seen_in_its_area(by, row.municipality_code))
    if fiscal_year is not None:
        statement = statement.where(row.fiscal_year == fiscal_year)
    return await page_of(LapseWarningView, tx, statement, page, by=[row.looked_at, row.budget_line_id, row.stage_days])
