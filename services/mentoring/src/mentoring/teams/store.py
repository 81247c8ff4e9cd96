"""Teams, their members and calendars in PostgreSQL. Members and rotations change under the lock of their team's row."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.event import new_id
from contracts.types import MunicipalityCode
from mentoring.tables import Tables
from mentoring.teams.domain import MentorInAnotherTeam, Rotation, Team, TeamState, TeamUnknown


class MentorTeamRow(Tables):
    """One team."""

    __tablename__ = "mentor_team"
    __table_args__ = (
        CheckConstraint("state IN ('ACTIVE', 'DISBANDED')", name="state"),
        CheckConstraint("version > 0", name="version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_cohort.id"))
    title: Mapped[str]
    base_municipality_code: Mapped[str]
    state: Mapped[str]
    formed_by: Mapped[str]
    formed_at: Mapped[datetime]
    version: Mapped[int]


class TeamMemberRow(Tables):
    """A mentor in a team. Two indexes hold that a mentor is in one team at a time, and that a team has one lead."""

    __tablename__ = "team_member"
    __table_args__ = (
        Index("team_member_one_team_idx", "mentor_id", unique=True, postgresql_where=text("serves")),
        Index("team_member_one_lead_idx", "team_id", unique=True, postgresql_where=text("leads")),
    )

    team_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_team.id"), primary_key=True)
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("mentor.id"), primary_key=True)
    leads: Mapped[bool]
    serves: Mapped[bool]


class TeamRotationRow(Tables):
    """Weeks in which the team can reside at one firm; at which, once a plan is confirmed. A firm has one at a time."""

    __tablename__ = "team_rotation"
    __table_args__ = (
        Index("team_rotation_week_idx", "team_id", "first_week", unique=True),
        CheckConstraint("extract(isodow FROM first_week) = 1", name="monday"),
        CheckConstraint("weeks > 0", name="weeks"),
        CheckConstraint("(project_id IS NULL) = (plan_id IS NULL)", name="plan"),
        Index(
            "team_rotation_one_project_idx",
            "project_id",
            unique=True,
            postgresql_where=text("project_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_team.id"))
    first_week: Mapped[date]
    weeks: Mapped[int]
    project_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]


async def add(tx: Transaction, team: Team) -> None:
    """Store a new team; raises MentorInAnotherTeam, also for one that joined a moment ago."""
    await tx.execute(
        insert(MentorTeamRow).values(
            id=team.id,
            cohort_id=team.cohort_id,
            title=team.title,
            base_municipality_code=team.base_municipality_code,
            state=team.state,
            formed_by=team.formed_by,
            formed_at=team.formed_at,
            version=team.version,
        )
    )
    for mentor_id in team.member_ids:
        added = await tx.execute(
            insert(TeamMemberRow)
            .values(team_id=team.id, mentor_id=mentor_id, leads=mentor_id == team.lead_id, serves=True)
            .on_conflict_do_nothing()
            .returning(TeamMemberRow.mentor_id)
        )
        if added.one_or_none() is None:
            raise MentorInAnotherTeam(mentor_id=mentor_id)


async def get_locked(tx: Transaction, team_id: UUID) -> Team:
    """One team that stays as read until commit; raises TeamUnknown."""
    teams = await get_many_locked(tx, [team_id])
    if not teams:
        raise TeamUnknown(team_id=team_id)
    return teams[0]


async def get_many_locked(tx: Transaction, team_ids: Collection[UUID]) -> list[Team]:
    """Those of these that there are, locked in one order for everybody."""
    statement = select(*MentorTeamRow.__table__.c).where(MentorTeamRow.id.in_(team_ids)).order_by(MentorTeamRow.id)
    rows = (await tx.execute(statement.with_for_update())).all()
    member = TeamMemberRow
    found = select(member.team_id, member.mentor_id, member.leads).where(member.team_id.in_(team_ids))
    members = (await tx.execute(found.order_by(member.team_id, member.mentor_id))).all()
    return [
        Team(
            id=row.id,
            cohort_id=row.cohort_id,
            title=row.title,
            base_municipality_code=MunicipalityCode(row.base_municipality_code),
            member_ids=tuple(each.mentor_id for each in members if each.team_id == row.id),
            lead_id=next(each.mentor_id for each in members if each.team_id == row.id and each.leads),
            formed_by=row.formed_by,
            formed_at=row.formed_at,
            state=TeamState(row.state),
            version=row.version,
        )
        for row in rows
    ]


async def members_of(tx: Transaction, team_id: UUID) -> frozenset[UUID]:
    """A team's mentors, who never change."""
    found = select(TeamMemberRow.mentor_id).where(TeamMemberRow.team_id == team_id)
    return frozenset((await tx.execute(found)).scalars())


async def save_state(tx: Transaction, team: Team) -> None:
    """Store state and version of a team that this transaction has locked; who is disbanded serves nowhere."""
    changed = update(MentorTeamRow).where(MentorTeamRow.id == team.id)
    await tx.execute(changed.values(state=team.state, version=team.version))
    if team.state is TeamState.DISBANDED:
        await tx.execute(update(TeamMemberRow).where(TeamMemberRow.team_id == team.id).values(serves=False))


async def replace_rotations(tx: Transaction, team_id: UUID, rotations: Sequence[Rotation]) -> None:
    """Make these the calendar of a team that this transaction has locked; one that stays keeps its id."""
    kept = {rotation.first_week: rotation for rotation in rotations}
    row = TeamRotationRow
    free = row.project_id.is_(None)
    await tx.execute(delete(row).where(row.team_id == team_id, free, row.first_week.not_in(kept)))
    if not kept:
        return
    values = [
        {"id": new_id(), "team_id": team_id, "first_week": each.first_week, "weeks": each.weeks}
        for each in kept.values()
    ]
    added = insert(row).values(values)
    await tx.execute(
        added.on_conflict_do_update(index_elements=["team_id", "first_week"], set_={"weeks": added.excluded.weeks})
    )


async def get_taken(tx: Transaction, team_id: UUID) -> list[Rotation]:
    """The rotations of a locked team in which it resides at a firm."""
    row = TeamRotationRow
    taken = select(row.first_week, row.weeks).where(row.team_id == team_id, row.project_id.is_not(None))
    return [Rotation(each.first_week, each.weeks) for each in await tx.execute(taken.order_by(row.first_week))]


async def take(tx: Transaction, rotation_id: UUID, *, team_id: UUID, project_id: UUID, plan_id: UUID) -> bool:
    """Give a free rotation of a locked team to a project; False if there is none such."""
    row = TeamRotationRow
    taken = update(row).where(row.id == rotation_id, row.team_id == team_id, row.project_id.is_(None))
    return (await tx.execute(taken.values(project_id=project_id, plan_id=plan_id))).rowcount == 1


async def team_of_project(tx: Transaction, project_id: UUID) -> UUID | None:
    """Which team resides at a project's firm."""
    row = TeamRotationRow
    return (await tx.execute(select(row.team_id).where(row.project_id == project_id))).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Freed:
    """A rotation that a project had, and the plan that had given it."""

    rotation_id: UUID
    plan_id: UUID
    first_week: date
    weeks: int


async def free(tx: Transaction, team_id: UUID, project_id: UUID) -> Freed | None:
    """Take a rotation of a locked team back from a project."""
    row = TeamRotationRow
    mine = (row.team_id == team_id, row.project_id == project_id)
    kept = select(row.id, row.plan_id, row.first_week, row.weeks).where(*mine)
    found = (await tx.execute(kept)).one_or_none()
    if found is None:
        return None
    await tx.execute(update(row).where(*mine).values(project_id=None, plan_id=None))
    return Freed(found.id, found.plan_id, found.first_week, found.weeks)


async def replace_begun(tx: Transaction, team_id: UUID, rotation_id: UUID, rest: Rotation | None) -> None:
    """Leave of a freed rotation of a locked team what nobody has used, or nothing."""
    await tx.execute(delete(TeamRotationRow).where(TeamRotationRow.id == rotation_id))
    if rest is not None:
        values = {"id": new_id(), "team_id": team_id, "first_week": rest.first_week, "weeks": rest.weeks}
        await tx.execute(insert(TeamRotationRow).values(values))
