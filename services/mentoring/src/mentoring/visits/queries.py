"""Reading sessions and items of a residency, and the know-how in kind that it has had."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from common.auth import Principal
from common.db import Transaction
from common.web import View
from mentoring.residencies.queries import get_residency
from mentoring.visits.domain import ItemState, ItemUnknown, Kpi, Place, RejectReason, SessionUnknown
from mentoring.visits.store import ImprovementItemRow, MentorSessionRow


class SessionView(View):
    """Mentors who were at a firm for so long; with `confirmed_at` the firm has said so too."""

    id: UUID
    residency_id: UUID
    held_on: date
    minutes: int
    place: Place
    mentor_ids: list[UUID]
    recorded_at: datetime
    confirmed_at: datetime | None
    version: int


class ItemView(View):
    """One thing to improve; evidence is by hash."""

    id: UUID
    residency_id: UUID
    kpi: Kpi
    before_sha256: str
    after_sha256: str | None
    state: ItemState
    reject_reason: RejectReason | None
    found_at: datetime
    changed_at: datetime
    version: int


class VisitsView(View):
    """All of one residency. Know-how is each mentor's minutes in sessions that both sides confirmed, and no money."""

    residency_id: UUID
    sessions: list[SessionView]
    items: list[ItemView]
    know_how_minutes: int
    unconfirmed_minutes: int
    items_closed: int


_SESSION = MentorSessionRow.__table__.c
_ITEM = ImprovementItemRow.__table__.c
_SESSIONS = select(*(_SESSION[name] for name in SessionView.model_fields))
_ITEMS = select(*(_ITEM[name] for name in ItemView.model_fields))


async def get_session(tx: Transaction, session_id: UUID) -> SessionView:
    """One session, or SessionUnknown."""
    row = (await tx.execute(_SESSIONS.where(_SESSION.id == session_id))).one_or_none()
    if row is None:
        raise SessionUnknown(session_id=session_id)
    return SessionView.model_validate(row)


async def get_item(tx: Transaction, item_id: UUID) -> ItemView:
    """One item, or ItemUnknown."""
    row = (await tx.execute(_ITEMS.where(_ITEM.id == item_id))).one_or_none()
    if row is None:
        raise ItemUnknown(item_id=item_id)
    return ItemView.model_validate(row)


async def get_visits(tx: Transaction, residency_id: UUID, *, by: Principal) -> VisitsView:
    """All sessions and items of a residency that the caller may see; raises ResidencyUnknown."""
    await get_residency(tx, residency_id, by=by)
    sessions = (await tx.execute(_SESSIONS.where(_SESSION.residency_id == residency_id).order_by(_SESSION.id))).all()
    items = (await tx.execute(_ITEMS.where(_ITEM.residency_id == residency_id).order_by(_ITEM.id))).all()
    worked = _SESSION.minutes * func.cardinality(_SESSION.mentor_ids)
    confirmed = _SESSION.confirmed_at.is_not(None)
    sums = select(
        func.coalesce(func.sum(worked).filter(confirmed), 0), func.coalesce(func.sum(worked).filter(~confirmed), 0)
    )
    known, open_ = (await tx.execute(sums.where(_SESSION.residency_id == residency_id))).one()
    return VisitsView(
        residency_id=residency_id,
        sessions=[SessionView.model_validate(row) for row in sessions],
        items=[ItemView.model_validate(row) for row in items],
        know_how_minutes=int(known),
        unconfirmed_minutes=int(open_),
        items_closed=sum(row.state == ItemState.CLOSED for row in items),
    )
