"""The queue of waiting projects, as those who plan teams and the municipalities see it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from mentoring.matching.store import WaitingProjectRow


class WaitingProjectView(View):
    """A project that waits for a team of mentors."""

    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    waiting_since: datetime


async def list_waiting(
    tx: Transaction, page: PageRequest, *, municipality_code: str | None
) -> Page[WaitingProjectView]:
    """The waiting projects, longest wait first; of one municipality if one is named."""
    statement = select(
        WaitingProjectRow.project_id,
        WaitingProjectRow.application_id,
        WaitingProjectRow.call_id,
        WaitingProjectRow.type_code,
        WaitingProjectRow.municipality_code,
        WaitingProjectRow.waiting_since,
    ).where(WaitingProjectRow.state == "WAITING")
    if municipality_code is not None:
        statement = statement.where(WaitingProjectRow.municipality_code == municipality_code)
    by = (WaitingProjectRow.waiting_since, WaitingProjectRow.project_id)
    rows, turns = await paginate(tx, statement, page, by=by)
    return Page(items=[WaitingProjectView.model_validate(row) for row in rows], **turns)
