"""Who was shown what firms reported, as the auditor reviews it."""

from datetime import datetime
from operator import eq
from uuid import UUID

from sqlalchemy import select, true

from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from metrics.outcomes.store import OutcomeReadingRow


class OutcomeReadingView(View):
    """Figures that somebody was shown: which request by which filters, how many rows, and why, where that was said."""

    id: UUID
    recorded_at: datetime
    issuer: str
    subject: str
    role: str
    tenant: str | None
    access_point: str
    action: str
    filters: dict[str, str]
    row_count: int
    reason: str | None


async def list_readings(
    tx: Transaction, page: PageRequest, *, subject: str | None, has_reason: bool | None
) -> Page[OutcomeReadingView]:
    """Newest first; by one account, or those with or without a reason, if asked for."""
    conditions = narrowed((OutcomeReadingRow.subject, eq, subject))
    said = OutcomeReadingRow.reason.is_not(None)
    wanted = true() if has_reason is None else said if has_reason else ~said
    statement = select(*OutcomeReadingRow.__table__.columns).where(*conditions, wanted)
    return await page_of(OutcomeReadingView, tx, statement, page, by=[OutcomeReadingRow.id], descending=True)
