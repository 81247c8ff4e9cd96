"""Projects in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, exists, insert, select, text
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.projects.domain import NeedWon, Project, ProjectHasChanged, ProjectNotFound, ProjectState
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row

_STATES = ", ".join(f"'{state}'" for state in ProjectState)


class ProjectRow(Tables):
    __tablename__ = "project"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("holds_place OR state IN ('NOT_FUNDED', 'WITHDRAWN')", name="place"),
        CheckConstraint("total_cost_won > 0 AND cap_won >= 0", name="won"),
        Index("project_call_id_id_idx", "call_id", "id"),
        Index("project_municipality_code_id_idx", "municipality_code", "id"),
        Index("project_pending_idx", "fiscal_year", "track", postgresql_where=text("state = 'SELECTED'")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), unique=True)
    company_id: Mapped[UUID] = mapped_column(index=True)
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    fiscal_year: Mapped[int]
    track: Mapped[str]
    total_cost_won: Mapped[int]
    cap_won: Mapped[int]
    split_rule_version: Mapped[str]
    need_won: Mapped[dict[str, Any]]
    promoted: Mapped[bool]
    state: Mapped[str]
    holds_place: Mapped[bool]
    state_reason: Mapped[str | None]
    selected_at: Mapped[datetime]
    version: Mapped[int]


async def add(tx: Transaction, projects: Sequence[Project]) -> None:
    """Store new projects."""
    await tx.execute(insert(ProjectRow), [_columns(project) for project in projects])


async def get(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Project:
    """One project; raises ProjectNotFound."""
    statement = select(*ProjectRow.__table__.columns).where(ProjectRow.id == project_id)
    found = await tx.execute(statement.with_for_update() if lock else statement)
    row = found.mappings().one_or_none()
    if row is None:
        raise ProjectNotFound
    return _project(row)


async def find_standing(tx: Transaction, application_id: UUID, *, lock: bool = True) -> Project | None:
    """The project of an application that is selected or confirmed; with `lock`, held until the transaction ends."""
    standing = (ProjectState.SELECTED.value, ProjectState.CONFIRMED.value)
    statement = select(*ProjectRow.__table__.columns).where(
        ProjectRow.application_id == application_id, ProjectRow.state.in_(standing)
    )
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return None if row is None else _project(row)


async def save(tx: Transaction, project: Project) -> Project:
    """Write a project as its next version; raises ProjectHasChanged when somebody else was first."""
    row = await save_next_row(tx, ProjectRow, project.id, project.version, _columns(project))
    if row is None:
        raise ProjectHasChanged(current_version=(await get(tx, project.id)).version)
    return _project(row)


async def pending_needs(tx: Transaction, *, fiscal_year: int, track: str) -> list[NeedWon]:
    """What the selected projects that funding has not answered yet would draw on the budgets of a year and track."""
    statement = select(ProjectRow.need_won).where(
        ProjectRow.fiscal_year == fiscal_year, ProjectRow.track == track, ProjectRow.state == ProjectState.SELECTED
    )
    return list((await tx.execute(statement)).scalars())


async def is_any_unanswered(tx: Transaction, call_id: UUID, *, fiscal_year: int, track: str) -> bool:
    """Whether a selected project of a call, whose year and track these are, waits for funding's answer."""
    waiting = exists().where(
        ProjectRow.fiscal_year == fiscal_year,
        ProjectRow.track == track,
        ProjectRow.state == ProjectState.SELECTED,
        ProjectRow.call_id == call_id,
    )
    return bool((await tx.execute(select(waiting))).scalar_one())


def _columns(project: Project) -> dict[str, object]:
    columns = {field.name: getattr(project, field.name) for field in fields(project)}
    return columns | {"need_won": dict(project.need_won), "state": project.state.value}


def _project(row: RowMapping) -> Project:
    return Project(**{**row, "state": ProjectState(row["state"])})
