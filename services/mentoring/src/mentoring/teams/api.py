"""Teams of mentors over HTTP: the mentor lead forms them and keeps their calendars."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, problem_responses, router, with_etag
from contracts.roles import PROVINCE_ROLES, Role
from mentoring.mentors.commands import CohortUnknown
from mentoring.teams import commands, queries
from mentoring.teams.domain import (
    LeadNotInTeam,
    MentorInAnotherTeam,
    MentorNotOfTeamCohort,
    MentorNotTrained,
    RotationMalformed,
    RotationTaken,
    TeamDisbanded,
    TeamSizeRefused,
    TeamStale,
    TeamState,
    TeamUnknown,
)
from mentoring.teams.queries import TeamView

routes = router(tags=["teams"])

_Lead = Annotated[Principal, allowed(Role.MENTOR_LEAD)]
_Reader = Annotated[
    Principal, allowed(Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))
]


class FormTeam(Body):
    """Mentors of one cohort who work together, one of them as lead, and where they are based."""

    cohort_id: UUID
    title: str = Field(min_length=1, max_length=200)
    base_municipality_code: str = Field(pattern="^[0-9]{5}$")
    mentor_ids: list[UUID] = Field(min_length=1, max_length=10)
    lead_id: UUID


class RotationBody(Body):
    """Weeks in a row in which the team can reside at one firm."""

    first_week: date = Field(description="The Monday on which it begins.")
    weeks: int = Field(ge=1, le=52)


class SetCalendar(Body):
    """The team's whole calendar."""

    rotations: list[RotationBody] = Field(max_length=100)


@routes.post(
    "/v1/mentor-teams",
    status_code=201,
    operation_id="formTeam",
    summary="멘토팀 구성 (Form a team of mentors)",
    responses=problem_responses(
        CohortUnknown, LeadNotInTeam, TeamSizeRefused, MentorNotOfTeamCohort, MentorNotTrained, MentorInAnotherTeam
    ),
)
async def form_team(body: FormTeam, by: _Lead, tx: Tx, now: Now, response: Response) -> TeamView:
    """교육을 이수한 같은 기수의 멘토로만 구성합니다. Only of trained mentors, all of one cohort."""
    team_id = await commands.form_team(
        tx,
        cohort_id=body.cohort_id,
        title=body.title,
        base_municipality_code=body.base_municipality_code,
        member_ids=body.mentor_ids,
        lead_id=body.lead_id,
        by=by,
        now=now,
    )
    return with_etag(await queries.get_team(tx, team_id), response)


@routes.put(
    "/v1/mentor-teams/{team_id}/calendar",
    operation_id="setTeamCalendar",
    summary="멘토팀 상주 일정 (Set a team's calendar)",
    responses=problem_responses(TeamUnknown, TeamStale, TeamDisbanded, RotationTaken, RotationMalformed),
)
async def set_calendar(
    team_id: UUID,
    body: SetCalendar,
    version: Annotated[int, IfMatch()],
    by: _Lead,
    tx: Tx,
    now: Now,
    response: Response,
) -> TeamView:
    """일정 전체를 새로 정합니다. 빠진 일정은 없어집니다. The whole calendar anew: what is left out is gone."""
    rotations = [commands.Rotation(each.first_week, each.weeks) for each in body.rotations]
    await commands.set_calendar(tx, team_id, rotations, version=version, by=by, now=now)
    return with_etag(await queries.get_team(tx, team_id), response)


@routes.post(
    "/v1/mentor-teams/{team_id}/disbandments",
    status_code=201,
    operation_id="disbandTeam",
    summary="멘토팀 해산 (Disband a team)",
    responses=problem_responses(TeamUnknown, TeamStale, TeamDisbanded, RotationTaken),
)
async def disband_team(
    team_id: UUID, version: Annotated[int, IfMatch()], by: _Lead, tx: Tx, now: Now, response: Response
) -> TeamView:
    """멘토는 다른 팀에 들어갈 수 있습니다. 기록은 남습니다. Its mentors may join other teams; the record stays."""
    await commands.disband_team(tx, team_id, version=version, by=by, now=now)
    return with_etag(await queries.get_team(tx, team_id), response)


@routes.get("/v1/mentor-teams", operation_id="listTeams", summary="멘토팀 목록 (Teams of mentors)")
async def list_teams(
    by: _Reader, tx: Tx, page: PageQuery, cohort_id: UUID | None = None, state: TeamState | None = None
) -> Page[TeamView]:
    """구성한 순서대로 보여 줍니다. In the order in which they were formed."""
    return await queries.list_teams(tx, page, cohort_id=cohort_id, state=state)


@routes.get(
    "/v1/mentor-teams/{team_id}",
    operation_id="getTeam",
    summary="멘토팀 조회 (One team)",
    responses=problem_responses(TeamUnknown),
)
async def get_team(team_id: UUID, by: _Reader, tx: Tx, response: Response) -> TeamView:
    """팀원, 전문 분야, 상주 일정. Its mentors, what they master, and its calendar."""
    return with_etag(await queries.get_team(tx, team_id), response)
