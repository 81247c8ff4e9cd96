"""Reading clawbacks: a company its own, a municipality its area's, the province all."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of
from funding.recoveries.domain import Ground, RecoveryState, RecoveryUnknown
from funding.recoveries.store import RecoveryRow
from funding.visibility import seen_by

__all__ = ["RecoveryState", "RecoveryView", "get_recovery", "list_recoveries", "recoveries_of_project"]


class RecoveryView(View):
    """One case: what it rests on, what was found, until when the firm may speak, object and pay.

    What each source asks back of it are the repayments whose `origin_id` is this id.
    """

    id: UUID
    project_id: UUID
    call_id: UUID
    company_id: UUID
    municipality_code: str
    ground: Ground
    cause: str | None
    fault_party: str | None
    rule_version: str
    state: RecoveryState
    opened_at: datetime
    noticed_at: datetime | None
    opinion_until: date | None
    opinion_at: datetime | None
    recover_bp: int | None
    interest_won: int | None
    surcharge_bp: int | None
    debar_months: int | None
    finding_sha256: str | None
    proposed_at: datetime | None
    decided_at: datetime | None
    objection_until: date | None
    objected_at: datetime | None
    heard_at: datetime | None
    closed_at: datetime | None
    version: int


async def list_recoveries(
    tx: Transaction, page: PageRequest, *, by: Principal, project_id: UUID | None, state: RecoveryState | None
) -> Page[RecoveryView]:
    """Clawbacks, oldest first."""
    statement = select(*RecoveryRow.__table__.columns).where(_visible(by))
    if project_id is not None:
        statement = statement.where(RecoveryRow.project_id == project_id)
    if state is not None:
        statement = statement.where(RecoveryRow.state == state.value)
    return await page_of(RecoveryView, tx, statement, page, by=[RecoveryRow.id])


async def get_recovery(tx: Transaction, recovery_id: UUID, *, by: Principal) -> RecoveryView:
    """One case, if it is the caller's to see."""
    statement = select(*RecoveryRow.__table__.columns).where(RecoveryRow.id == recovery_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise RecoveryUnknown
    return RecoveryView.model_validate(row)


async def recoveries_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[RecoveryView]:
    """A part of one project's clawbacks, oldest first."""
    statement = select(*RecoveryRow.__table__.columns).where(RecoveryRow.project_id == project_id, _visible(by))
    rows = await tx.execute(portion.of(statement.order_by(RecoveryRow.id)))
    return [RecoveryView.model_validate(row) for row in rows]


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_by(by, RecoveryRow.company_id, RecoveryRow.municipality_code)
