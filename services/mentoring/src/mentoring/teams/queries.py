"""Reading teams: who is in them, what they master together, when they can reside at a firm."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import InstrumentedAttribute

from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from mentoring.mentors.queries import is_account, mastery_of
from mentoring.teams.domain import TeamState, TeamUnknown
from mentoring.teams.store import MentorTeamRow, TeamMemberRow, TeamRotationRow


class RotationView(View):
    """Weeks in which the team can reside at one firm, from a Monday on; at whose project, once a plan is confirmed."""

    id: UUID
    first_week: date
    weeks: int
    project_id: UUID | None


class TeamView(View):
    """One team; what it masters is what any of its mentors does."""

    id: UUID
    cohort_id: UUID
    title: str
    base_municipality_code: str
    state: TeamState
    lead_id: UUID
    mentor_ids: list[UUID]
    processes: list[str]
    technologies: list[str]
    ksic_divisions: list[str]
    rotations: list[RotationView]
    formed_at: datetime
    version: int


_TEAMS = select(*MentorTeamRow.__table__.c)


async def get_team(tx: Transaction, team_id: UUID) -> TeamView:
    """One team, or TeamUnknown."""
    rows = (await tx.execute(_TEAMS.where(MentorTeamRow.id == team_id))).all()
    if not rows:
        raise TeamUnknown(team_id=team_id)
    return (await _views(tx, rows))[0]


async def list_teams(
    tx: Transaction, page: PageRequest, *, cohort_id: UUID | None, state: TeamState | None
) -> Page[TeamView]:
    """The teams, in the order in which they were formed."""
    statement = _TEAMS
    if cohort_id is not None:
        statement = statement.where(MentorTeamRow.cohort_id == cohort_id)
    if state is not None:
        statement = statement.where(MentorTeamRow.state == state)
    rows, turns = await paginate(tx, statement, page, by=[MentorTeamRow.id])
    return Page(items=await _views(tx, rows), **turns)


async def active_teams(tx: Transaction) -> list[TeamView]:
    """Every team that can be planned for, by id."""
    statement = _TEAMS.where(MentorTeamRow.state == TeamState.ACTIVE).order_by(MentorTeamRow.id)
    return await _views(tx, (await tx.execute(statement)).all())


def is_assigned(project_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Whether some team resides at a project's firm, or will."""
    return select(TeamRotationRow.id).where(TeamRotationRow.project_id == project_id).exists()


def has_account(team_id: InstrumentedAttribute[UUID], subject: str) -> ColumnElement[bool]:
    """Whether the mentor with this account is, or was, in a team."""
    row = TeamMemberRow
    return select(row.team_id).where(row.team_id == team_id, is_account(row.mentor_id, subject)).exists()


async def has_team(tx: Transaction, project_id: UUID) -> bool:
    """Whether some team resides at this project's firm, or will; it stays so while the project is locked."""
    row = TeamRotationRow
    found = select(row.id).where(row.project_id == project_id)
    return (await tx.execute(select(found.exists()))).scalar_one()


async def _views(tx: Transaction, rows: Sequence[Row[Any]]) -> list[TeamView]:
    ids = [row.id for row in rows]
    of_teams = select(TeamMemberRow.team_id, TeamMemberRow.mentor_id, TeamMemberRow.leads)
    found = await tx.execute(of_teams.where(TeamMemberRow.team_id.in_(ids)).order_by(TeamMemberRow.mentor_id))
    members = found.all()
    mastery = await mastery_of(tx, [member.mentor_id for member in members])
    rotation = TeamRotationRow
    calendars = (
        await tx.execute(
            select(rotation.id, rotation.team_id, rotation.first_week, rotation.weeks, rotation.project_id)
            .where(rotation.team_id.in_(ids))
            .order_by(rotation.first_week)
        )
    ).all()
    views = []
    for row in rows:
        own = [member for member in members if member.team_id == row.id]
        known = [mastery[member.mentor_id] for member in own]
        views.append(
            TeamView(
                id=row.id,
                cohort_id=row.cohort_id,
                title=row.title,
                base_municipality_code=row.base_municipality_code,
                state=row.state,
                lead_id=next(member.mentor_id for member in own if member.leads),
                mentor_ids=[member.mentor_id for member in own],
                processes=sorted({code for each in known for code in each.processes}),
                technologies=sorted({code for each in known for code in each.technologies}),
                ksic_divisions=sorted({code for each in known for code in each.ksic_divisions}),
                rotations=[RotationView.model_validate(each) for each in calendars if each.team_id == row.id],
                formed_at=row.formed_at,
                version=row.version,
            )
        )
    return views
