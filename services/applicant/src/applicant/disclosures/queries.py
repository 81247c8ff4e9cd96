"""The record of disclosures as the auditor reviews it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from applicant.disclosures.store import DisclosureRow
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of

__all__ = ["DisclosureView", "list_disclosures"]


class DisclosureView(View):
    """One access to personal data: by whom, when, from where, to whose, and what was done."""

    id: UUID
    recorded_at: datetime
    issuer: str
    subject: str
    role: str
    tenant: str | None
    access_point: str
    data_subject: str
    action: str


async def list_disclosures(
    tx: Transaction, page: PageRequest, *, data_subject: str | None, subject: str | None
) -> Page[DisclosureView]:
    """Accesses, newest first; of one data subject or by one account if named."""
    statement = select(*DisclosureRow.__table__.columns)
    if data_subject is not None:
        statement = statement.where(DisclosureRow.data_subject == data_subject)
    if subject is not None:
        statement = statement.where(DisclosureRow.subject == subject)
    return await page_of(DisclosureView, tx, statement, page, by=[DisclosureRow.id], descending=True)
