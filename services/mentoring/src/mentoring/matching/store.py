"""The queue of waiting projects in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import MunicipalityCode
from mentoring.matching.domain import WaitingProject, WaitingState
from mentoring.tables import Tables


class WaitingProjectRow(Tables):
    """One project whose money is committed."""

    __tablename__ = "waiting_project"
    __table_args__ = (
        CheckConstraint("state IN ('WAITING', 'WITHDRAWN')", name="state"),
        Index("waiting_project_queue_idx", "state", "waiting_since", "project_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    waiting_since: Mapped[datetime]
    state: Mapped[str]


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
