"""Residencies in PostgreSQL. The project's row is locked before the residency's, and a project has one open at most."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from mentoring.residencies.domain import (
    MOVABLE,
    OPEN,
    DeclineReason,
    ReleaseReason,
    Residency,
    ResidencyState,
    ResidencyUnknown,
)
from mentoring.tables import Tables


class ResidencyRow(Tables):
    """A team's weeks at one firm, and what became of them."""

    __tablename__ = "residency"
    __table_args__ = (
        CheckConstraint(
            "state IN ('ASSIGNED', 'ACCEPTED', 'STARTED', 'ENDED', 'DECLINED', 'LAPSED', 'MOVED', 'RELEASED')",
            name="state",
        ),
        CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered"),
        CheckConstraint("(state = 'DECLINED') = (decline_reason IS NOT NULL)", name="declined"),
        CheckConstraint("state NOT IN ('ACCEPTED', 'STARTED', 'ENDED') OR answered_at IS NOT NULL", name="accepted"),
        CheckConstraint("state NOT IN ('STARTED', 'ENDED') OR started_on IS NOT NULL", name="started"),
        CheckConstraint("(state = 'RELEASED') = (release_reason IS NOT NULL)", name="released"),
        CheckConstraint(
            "(state <> 'ENDED' OR ended_on IS NOT NULL)"
            " AND (ended_on IS NULL OR state IN ('ENDED', 'RELEASED')) AND ended_on >= started_on",
            name="ended",
        ),
        CheckConstraint("version > 0", name="version"),
        Index(
            "residency_one_open_idx",
            "project_id",
            unique=True,
            postgresql_where=text("state IN ('ASSIGNED', 'ACCEPTED', 'STARTED')"),
        ),
        Index(
            "residency_one_rotation_idx",
            "rotation_id",
            unique=True,
            postgresql_where=text("state IN ('ASSIGNED', 'ACCEPTED', 'STARTED', 'ENDED')"),
        ),
        Index("residency_due_idx", "answer_due_at", postgresql_where=text("state = 'ASSIGNED'")),
        Index("residency_team_idx", "team_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rotation_id: Mapped[UUID]
    project_id: Mapped[UUID]
    team_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_team.id"))
    plan_id: Mapped[UUID]
    municipality_code: Mapped[str]
    first_week: Mapped[date]
    weeks: Mapped[int]
    state: Mapped[str]
    assigned_at: Mapped[datetime]
    answer_due_at: Mapped[datetime]
    rule_version: Mapped[str]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]
    release_reason: Mapped[str | None]
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    changed_at: Mapped[datetime]
    version: Mapped[int]


_COLUMNS = ResidencyRow.__table__.c
_WRITTEN = tuple(column.name for column in _COLUMNS)


async def add(tx: Transaction, residency: Residency) -> None:
    """Store a residency that a plan has just assigned."""
    await tx.execute(insert(ResidencyRow).values({name: getattr(residency, name) for name in _WRITTEN}))


async def save(tx: Transaction, residency: Residency) -> None:
    """Store what became of a residency that this transaction has locked."""
    changed = {name: getattr(residency, name) for name in _WRITTEN if name != "id"}
    await tx.execute(update(ResidencyRow).where(_COLUMNS.id == residency.id).values(changed))


async def project_of(tx: Transaction, residency_id: UUID) -> UUID:
    """Whose residency it is, which never changes; raises ResidencyUnknown."""
    found = await tx.execute(select(_COLUMNS.project_id).where(_COLUMNS.id == residency_id))
    project_id: UUID | None = found.scalar_one_or_none()
    if project_id is None:
        raise ResidencyUnknown(residency_id=residency_id)
    return project_id


async def get_locked(tx: Transaction, residency_id: UUID) -> Residency:
    """One residency that stays as read until commit; raises ResidencyUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(_COLUMNS.id == residency_id).with_for_update())
    if not found:
        raise ResidencyUnknown(residency_id=residency_id)
    return found[0]


async def open_of_projects(tx: Transaction, project_ids: Collection[UUID]) -> list[Residency]:
    """The residencies that locked projects have."""
    of_projects = select(*_COLUMNS).where(_COLUMNS.project_id.in_(project_ids), _COLUMNS.state.in_(OPEN))
    return await _read(tx, of_projects.order_by(_COLUMNS.id).with_for_update())


async def overdue(tx: Transaction, now: datetime) -> UUID | None:
    """One residency whose time to be answered is over."""
    late = select(_COLUMNS.id).where(_COLUMNS.state == ResidencyState.ASSIGNED, _COLUMNS.answer_due_at <= now)
    return (await tx.execute(late.order_by(_COLUMNS.answer_due_at, _COLUMNS.id).limit(1))).scalar_one_or_none()


async def movable(tx: Transaction, *, after: date) -> dict[UUID, UUID]:
    """The rotation of each project whose residency another plan may move: not started, and to begin after that day."""
    held = select(_COLUMNS.project_id, _COLUMNS.rotation_id).where(
        _COLUMNS.state.in_(MOVABLE), _COLUMNS.first_week > after
    )
    return {row.project_id: row.rotation_id for row in await tx.execute(held)}


async def _read(tx: Transaction, statement: Select[tuple[object, ...]]) -> list[Residency]:
    rows = (await tx.execute(statement)).all()
    return [
        Residency(
            **{
                **dict(row._mapping),  # noqa: SLF001  SQLAlchemy's documented access by column name
                "state": ResidencyState(row.state),
                "decline_reason": row.decline_reason and DeclineReason(row.decline_reason),
                "release_reason": row.release_reason and ReleaseReason(row.release_reason),
            }
        )
        for row in rows
    ]
