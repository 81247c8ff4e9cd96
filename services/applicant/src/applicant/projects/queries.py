"""Projects as their firms, their municipalities and the programme's staff see them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from applicant.companies import queries as companies
from applicant.projects.domain import ProjectNotFound, ProjectState
from applicant.projects.store import ProjectRow, is_any_unanswered, pending_needs
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of

__all__ = ["ProjectState", "ProjectView", "is_any_unanswered", "list_projects", "pending_needs", "view_project"]


class ProjectView(View):
    """A place and what became of it; `holds_place` stays true after a withdrawal until funding has its money back."""

    id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str
    promoted: bool
    state: ProjectState
    holds_place: bool
    state_reason: str | None
    selected_at: datetime
    version: int


async def list_projects(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    call_id: UUID | None,
    state: ProjectState | None,
    municipality_code: str | None,
) -> Page[ProjectView]:
    """Projects, oldest first: a company's own, a municipality's own area, the programme's staff all."""
    statement = select(*ProjectRow.__table__.columns).where(_visible(by))
    if call_id is not None:
        statement = statement.where(ProjectRow.call_id == call_id)
    if state is not None:
        statement = statement.where(ProjectRow.state == state.value)
    if municipality_code is not None:
        statement = statement.where(ProjectRow.municipality_code == municipality_code)
    return await page_of(ProjectView, tx, statement, page, by=[ProjectRow.id])


async def view_project(tx: Transaction, project_id: UUID, *, by: Principal) -> ProjectView:
    """One project, if it is the caller's to see."""
    statement = select(*ProjectRow.__table__.columns).where(ProjectRow.id == project_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise ProjectNotFound
    return ProjectView.model_validate(row)


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(by, ProjectRow.company_id, ProjectRow.municipality_code)
