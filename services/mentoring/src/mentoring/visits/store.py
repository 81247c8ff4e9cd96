"""Sessions and improvement items in PostgreSQL; whoever changes one has locked its residency."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, RowMapping, insert, select, update
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from mentoring.tables import Tables
from mentoring.visits.domain import (
    Item,
    ItemState,
    ItemUnknown,
    Kpi,
    Place,
    RejectReason,
    Session,
    SessionUnknown,
)


class MentorSessionRow(Tables):
    """Mentors who were at a firm for so long."""

    __tablename__ = "mentor_session"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
        CheckConstraint("place IN ('AT_FIRM', 'ONLINE', 'ELSEWHERE')", name="place"),
        CheckConstraint("cardinality(mentor_ids) > 0", name="mentors"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        Index("mentor_session_residency_idx", "residency_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    residency_id: Mapped[UUID] = mapped_column(ForeignKey("residency.id"))
    held_on: Mapped[date]
    minutes: Mapped[int]
    place: Mapped[str]
    mentor_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType))
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int]


class ImprovementItemRow(Tables):
    """One thing to improve at a firm."""

    __tablename__ = "improvement_item"
    __table_args__ = (
        CheckConstraint("state IN ('FOUND', 'AGREED', 'IN_PROGRESS', 'CLOSED', 'REJECTED')", name="state"),
        CheckConstraint("(state = 'CLOSED') = (after_sha256 IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'REJECTED') = (reject_reason IS NOT NULL)", name="rejected"),
        Index("improvement_item_residency_idx", "residency_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    residency_id: Mapped[UUID] = mapped_column(ForeignKey("residency.id"))
    kpi: Mapped[str]
    before_sha256: Mapped[str]
    after_sha256: Mapped[str | None]
    state: Mapped[str]
    reject_reason: Mapped[str | None]
    found_by: Mapped[str]
    found_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    version: Mapped[int]


_SESSION = MentorSessionRow.__table__.c
_ITEM = ImprovementItemRow.__table__.c


async def add_session(tx: Transaction, session: Session) -> None:
    """Store a session that was recorded."""
    values = {column.name: getattr(session, column.name) for column in _SESSION}
    await tx.execute(insert(MentorSessionRow).values({**values, "mentor_ids": list(session.mentor_ids)}))


async def save_session(tx: Transaction, session: Session) -> None:
    """Store that the firm has confirmed it."""
    changed = {name: getattr(session, name) for name in ("confirmed_by", "confirmed_at", "version")}
    await tx.execute(update(MentorSessionRow).where(_SESSION.id == session.id).values(changed))


async def residency_of_session(tx: Transaction, session_id: UUID) -> UUID:
    """Whose session it is, which never changes; raises SessionUnknown."""
    found = (await tx.execute(select(_SESSION.residency_id).where(_SESSION.id == session_id))).scalar_one_or_none()
    if found is None:
        raise SessionUnknown(session_id=session_id)
    return UUID(str(found))


async def get_session(tx: Transaction, session_id: UUID) -> Session:
    """One session that is there, of a locked residency."""
    row = (await tx.execute(select(*_SESSION).where(_SESSION.id == session_id))).mappings().one()
    return Session(**{**row, "place": Place(row["place"]), "mentor_ids": tuple(row["mentor_ids"])})


async def add_item(tx: Transaction, item: Item) -> None:
    """Store an item that was found."""
    await tx.execute(insert(ImprovementItemRow).values({column.name: getattr(item, column.name) for column in _ITEM}))


async def save_item(tx: Transaction, item: Item) -> None:
    """Store what became of an item."""
    names = ("after_sha256", "state", "reject_reason", "changed_by", "changed_at", "version")
    changed = {name: getattr(item, name) for name in names}
    await tx.execute(update(ImprovementItemRow).where(_ITEM.id == item.id).values(changed))


async def residency_of_item(tx: Transaction, item_id: UUID) -> UUID:
    """Whose item it is, which never changes; raises ItemUnknown."""
    found = (await tx.execute(select(_ITEM.residency_id).where(_ITEM.id == item_id))).scalar_one_or_none()
    if found is None:
        raise ItemUnknown(item_id=item_id)
    return UUID(str(found))


async def get_item(tx: Transaction, item_id: UUID) -> Item:
    """One item that is there, of a locked residency."""
    row = (await tx.execute(select(*_ITEM).where(_ITEM.id == item_id))).mappings().one()
    return _item(row)


def _item(row: RowMapping) -> Item:
    reason = row["reject_reason"]
    return Item(
        **{
            **row,
            "kpi": Kpi(row["kpi"]),
            "state": ItemState(row["state"]),
            "reject_reason": reason and RejectReason(reason),
        }
    )
