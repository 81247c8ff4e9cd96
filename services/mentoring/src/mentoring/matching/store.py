"""The queue of waiting projects and what they need, in PostgreSQL."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import MunicipalityCode
from mentoring.matching.domain import ConflictKind, Pause, ProjectNeeds, WaitingProject, WaitingState
from mentoring.tables import Tables


class WaitingProjectRow(Tables):
    """One project whose money is committed."""

    __tablename__ = "waiting_project"
    __table_args__ = (
        CheckConstraint("state IN ('WAITING', 'SUSPENDED', 'COMPLETED', 'WITHDRAWN', 'TERMINATED')", name="state"),
        Index("waiting_project_queue_idx", "state", "waiting_since", "project_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    waiting_since: Mapped[datetime]
    state: Mapped[str]
    company_id: Mapped[UUID | None]


class ProjectPauseRow(Tables):
    """One time in which a project is suspended."""

    __tablename__ = "project_pause"
    __table_args__ = (
        CheckConstraint("resumed_on >= suspended_on", name="resumed"),
        Index("project_pause_project_idx", "project_id", "suspended_on"),
        Index("project_pause_one_open_idx", "project_id", unique=True, postgresql_where=text("resumed_on IS NULL")),
    )

    suspension_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    cause: Mapped[str]
    suspended_on: Mapped[date]
    resumed_on: Mapped[date | None]
    changed_at: Mapped[datetime]


class ProjectNeedRow(Tables):
    """What one project needs; `conflicts` has the kind by mentor. No projection: people state it."""

    __tablename__ = "project_need"
    __table_args__ = (
        CheckConstraint("residency_weeks > 0", name="residency_weeks"),
        CheckConstraint("version > 0", name="version"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    processes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    technologies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ksic_division: Mapped[str]
    residency_weeks: Mapped[int]
    conflicts: Mapped[dict[str, str]] = mapped_column(JSONB)
    stated_by: Mapped[str]
    stated_at: Mapped[datetime]
    version: Mapped[int]


_columns = WaitingProjectRow.__table__.c


async def get(tx: Transaction, project_id: UUID) -> WaitingProject | None:
    """Lock and read one project; None if its confirmation never came, which is so for one that was not funded."""
    statement = select(*_columns).where(WaitingProjectRow.project_id == project_id).with_for_update()
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        return None
    return WaitingProject(
        project_id=row.project_id,
        application_id=row.application_id,
        call_id=row.call_id,
        type_code=row.type_code,
        municipality_code=MunicipalityCode(row.municipality_code),
        waiting_since=row.waiting_since,
        state=WaitingState(row.state),
    )


async def lock(tx: Transaction, project_ids: Collection[UUID]) -> None:
    """Hold these projects as they are until commit, in one order for everybody."""
    row = WaitingProjectRow
    held = select(row.project_id).where(row.project_id.in_(project_ids)).order_by(row.project_id)
    await tx.execute(held.with_for_update())


async def add(tx: Transaction, project: WaitingProject) -> None:
    """Put a project into the queue."""
    await tx.execute(
        insert(WaitingProjectRow).values(
            project_id=project.project_id,
            application_id=project.application_id,
            call_id=project.call_id,
            type_code=project.type_code,
            municipality_code=project.municipality_code,
            waiting_since=project.waiting_since,
            state=project.state,
        )
    )


async def save_state(tx: Transaction, project: WaitingProject) -> None:
    """Write the project's state."""
    changed = update(WaitingProjectRow).where(WaitingProjectRow.project_id == project.project_id)
    await tx.execute(changed.values(state=project.state))


async def save_company(tx: Transaction, project_id: UUID, company_id: UUID) -> None:
    """Write whose project it is."""
    changed = update(WaitingProjectRow).where(WaitingProjectRow.project_id == project_id)
    await tx.execute(changed.values(company_id=company_id))


async def add_pause(tx: Transaction, pause: Pause) -> None:
    """Store a suspension; the same one is there once."""
    added = upsert(ProjectPauseRow).values({name: getattr(pause, name) for name in Pause.__dataclass_fields__})
    await tx.execute(added.on_conflict_do_nothing())


async def end_pause(tx: Transaction, project_id: UUID, *, resumed_on: date, at: datetime) -> None:
    """End the suspension that a project is in, if it is in one."""
    row = ProjectPauseRow
    ended = update(row).where(row.project_id == project_id, row.resumed_on.is_(None))
    await tx.execute(ended.values(resumed_on=resumed_on, changed_at=at))


async def pauses_of(tx: Transaction, project_ids: Collection[UUID]) -> list[Pause]:
    """The suspensions of these projects that the caller sees, the earliest of each first."""
    row = ProjectPauseRow
    found = select(*row.__table__.c).where(row.project_id.in_(project_ids))
    rows = await tx.execute(found.order_by(row.project_id, row.suspended_on, row.suspension_id))
    return [Pause(**each) for each in rows.mappings()]


async def get_needs(tx: Transaction, project_id: UUID) -> ProjectNeeds | None:
    """What a project needs, if anybody has said; under the lock of the project's row it stays."""
    row = ProjectNeedRow
    found = (await tx.execute(select(*row.__table__.c).where(row.project_id == project_id))).one_or_none()
    if found is None:
        return None
    return ProjectNeeds(
        project_id=found.project_id,
        processes=frozenset(found.processes),
        technologies=frozenset(found.technologies),
        ksic_division=found.ksic_division,
        residency_weeks=found.residency_weeks,
        conflicts={UUID(mentor): ConflictKind(kind) for mentor, kind in found.conflicts.items()},
        stated_by=found.stated_by,
        stated_at=found.stated_at,
        version=found.version,
    )


async def save_needs(tx: Transaction, needs: ProjectNeeds) -> None:
    """Store what a project needs, in the place of what was said before."""
    values = {
        "processes": sorted(needs.processes),
        "technologies": sorted(needs.technologies),
        "ksic_division": needs.ksic_division,
        "residency_weeks": needs.residency_weeks,
        "conflicts": {str(mentor): kind.value for mentor, kind in sorted(needs.conflicts.items())},
        "stated_by": needs.stated_by,
        "stated_at": needs.stated_at,
        "version": needs.version,
    }
    statement = upsert(ProjectNeedRow).values(project_id=needs.project_id, **values)
    await tx.execute(statement.on_conflict_do_update(index_elements=["project_id"], set_=values))
