"""The record of what was saved, as the auditor reviews it."""

from datetime import datetime
from operator import eq
from uuid import UUID

from sqlalchemy import select

from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from metrics.exports.store import ExportRecordRow


class ExportRecord(View):
    """One file that somebody saved. `row_count` and `sha256` say which; `made_for` is the programme's time in it."""

    id: UUID
    recorded_at: datetime
    made_for: datetime
    issuer: str
    subject: str
    role: str
    tenant: str | None
    access_point: str
    table_name: str
    format: str
    filters: dict[str, str]
    row_count: int
    sha256: str
    reason: str


async def list_records(
    tx: Transaction, page: PageRequest, *, table_name: str | None, subject: str | None, sha256: str | None
) -> Page[ExportRecord]:
    """Newest first; of one table, by one account, or of one file if named."""
    conditions = narrowed(
        (ExportRecordRow.table_name, eq, table_name),
        (ExportRecordRow.subject, eq, subject),
        (ExportRecordRow.sha256, eq, sha256),
    )
    statement = select(*ExportRecordRow.__table__.columns).where(*conditions)
    return await page_of(ExportRecord, tx, statement, page, by=[ExportRecordRow.id], descending=True)
