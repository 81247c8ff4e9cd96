"""A team: two or three trained mentors of one cohort, one of them the lead, and the rotations it can take on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from contracts.types import MunicipalityCode, municipality


class TeamState(StrEnum):
    """A disbanded team's mentors are free for another one; the team itself stays on record."""

    ACTIVE = "ACTIVE"
    DISBANDED = "DISBANDED"


class TeamUnknown(NotFound):
    """There is no such team."""

    code = "team-unknown"
    title = Text("멘토팀을 찾을 수 없습니다", "No such team of mentors")
    detail = Text("멘토팀 {team_id}을(를) 찾을 수 없습니다.", "There is no team {team_id}.")


class TeamStale(StaleVersion):
    """The team or its calendar has changed since the caller read it."""

    code = "team-stale"
    title = Text("멘토팀이 그 사이 변경되었습니다", "The team has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class TeamDisbanded(RuleRefused):
    """A team that was disbanded takes on nothing and is disbanded once."""

    code = "team-disbanded"
    title = Text("해산된 멘토팀입니다", "The team is disbanded")
    detail = Text("멘토팀 {team_id}은(는) 이미 해산되었습니다.", "Team {team_id} is already disbanded.")


class TeamSizeRefused(RuleRefused):
    """The cohort's terms say how many mentors work together."""

    code = "team-size-refused"
    title = Text("멘토팀의 인원이 기준과 다릅니다", "The team is too small or too large")
    detail = Text(
        "이 기수의 멘토팀은 {least}명에서 {most}명입니다. 입력된 인원은 {size}명이며, 저장된 것은 없습니다.",
        "A team of this cohort has {least} to {most} mentors, and {size} were named. Nothing was stored.",
    )


class LeadNotInTeam(InvalidInput):
    """The lead is one of the team."""

    code = "team-lead-not-in-team"
    title = Text("팀장이 팀원 명단에 없습니다", "The lead is not one of the team")
    detail = Text("팀장은 팀원 가운데 한 명이어야 합니다.", "The lead must be one of the mentors named.")


class MentorNotOfTeamCohort(RuleRefused):
    """A team is formed within one cohort, whose terms it works by."""

    code = "team-mentor-not-of-cohort"
    title = Text("해당 기수의 멘토가 아닙니다", "Not a mentor of this cohort")
    detail = Text(
        "멘토 {mentor_id}은(는) 이 기수에 없습니다. 저장된 것은 없습니다.",
        "Mentor {mentor_id} is not of this cohort. Nothing was stored.",
    )


class MentorNotTrained(RuleRefused):
    """Samsung's training is completed before anyone may be assigned."""

    code = "mentor-not-trained"
    title = Text("교육을 이수하지 않은 멘토입니다", "The mentor has not completed the training")
    detail = Text(
        "멘토 {mentor_id}은(는) 삼성 교육을 이수하지 않았습니다. 이수가 기록된 뒤 팀에 넣을 수 있습니다.",
        "Mentor {mentor_id} has not completed Samsung's training, and joins a team once that is recorded.",
    )


class MentorInAnotherTeam(RuleRefused):
    """A mentor resides at one firm at a time, so is in one team at a time."""

    code = "mentor-in-another-team"
    title = Text("이미 다른 팀에 속한 멘토입니다", "The mentor is in another team")
    detail = Text(
        "멘토 {mentor_id}은(는) 이미 다른 팀에 속해 있습니다. 저장된 것은 없습니다.",
        "Mentor {mentor_id} is already in a team. Nothing was stored.",
    )


class RotationTaken(RuleRefused):
    """Weeks that were given to a firm are not taken from it by another calendar, nor by disbanding the team."""

    code = "rotation-taken"
    title = Text("이미 배정된 상주 일정입니다", "A firm has this rotation")
    detail = Text(
        "{first_week}부터 {weeks}주의 상주는 이미 과제에 배정되었습니다. 바뀐 것은 없습니다.",
        "The {weeks} weeks from {first_week} are given to a project. Nothing was changed.",
    )


class RotationMalformed(InvalidInput):
    """A rotation begins on a Monday, lasts as long as the cohort's terms allow, and overlaps no other of the team."""

    code = "rotation-malformed"
    title = Text("상주 일정이 올바르지 않습니다", "The calendar cannot be")
    detail = Text(
        "상주는 월요일에 시작하여 {least}주에서 {most}주이며 서로 겹칠 수 없습니다. {first_week} 일정을 확인해 주세요.",
        "A rotation begins on a Monday, lasts {least} to {most} weeks and overlaps no other. See {first_week}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What a cohort's terms ask of its teams and their rotations."""

    size_min: int
    size_max: int
    weeks_min: int
    weeks_max: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """What forming a team needs to know of a mentor."""

    cohort_id: UUID
    trained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """One team."""

    id: UUID
    cohort_id: UUID
    title: str
    base_municipality_code: MunicipalityCode
    member_ids: tuple[UUID, ...]
    lead_id: UUID
    formed_by: str
    formed_at: datetime
    state: TeamState = TeamState.ACTIVE
    version: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Rotation:
    """Weeks in which a team can reside at one firm, from a Monday on."""

    first_week: date
    weeks: int

    @property
    def ends_before(self) -> date:
        """The Monday after its last week."""
        return self.first_week + timedelta(weeks=self.weeks)


def form_team(
    *,
    team_id: UUID,
    cohort_id: UUID,
    composition: Composition,
    title: str,
    base_municipality_code: str,
    candidates: Mapping[UUID, Candidate],
    member_ids: Collection[UUID],
    lead_id: UUID,
    by: str,
    at: datetime,
) -> Team:
    """A team of these mentors; raises the rule that it breaks first."""
    members = tuple(sorted(set(member_ids)))
    if lead_id not in members:
        raise LeadNotInTeam(field="/lead_id")
    if not composition.size_min <= len(members) <= composition.size_max:
        raise TeamSizeRefused(least=composition.size_min, most=composition.size_max, size=len(members))
    for mentor_id in members:
        candidate = candidates.get(mentor_id)
        if candidate is None or candidate.cohort_id != cohort_id:
            raise MentorNotOfTeamCohort(mentor_id=mentor_id)
        if not candidate.trained:
            raise MentorNotTrained(mentor_id=mentor_id)
    return Team(
        id=team_id,
        cohort_id=cohort_id,
        title=title,
        base_municipality_code=municipality(base_municipality_code, field="/base_municipality_code").code,
        member_ids=members,
        lead_id=lead_id,
        formed_by=by,
        formed_at=at,
    )


def disband_team(team: Team, *, taken: Collection[Rotation], version: int, today: date) -> Team:
    """The team ends when it owes no firm any more weeks; raises TeamStale, TeamDisbanded or RotationTaken."""
    check_active(team, version=version)
    check_kept([each for each in taken if each.ends_before > today], ())
    return replace(team, state=TeamState.DISBANDED, version=team.version + 1)


def set_calendar(
    team: Team, rotations: Sequence[Rotation], composition: Composition, *, taken: Collection[Rotation], version: int
) -> Team:
    """The team with another calendar; raises TeamStale, TeamDisbanded, RotationTaken or RotationMalformed."""
    check_active(team, version=version)
    check_kept(taken, rotations)
    limits = {"least": composition.weeks_min, "most": composition.weeks_max, "field": "/rotations"}
    for rotation in rotations:
        if rotation.first_week.weekday() or not composition.weeks_min <= rotation.weeks <= composition.weeks_max:
            raise RotationMalformed(first_week=rotation.first_week, **limits)
    for earlier, later in pairwise(sorted(rotations)):
        if earlier.ends_before > later.first_week:
            raise RotationMalformed(first_week=later.first_week, **limits)
    return replace(team, version=team.version + 1)


def rest_of(rotation: Rotation, day: date, composition: Composition) -> Rotation | None:
    """What is left of a rotation after the week of a day, if another firm can have so few weeks."""
    monday = day + timedelta(days=7 - day.weekday())
    first_week = max(monday, rotation.first_week)
    weeks = (rotation.ends_before - first_week).days // 7
    return Rotation(first_week, weeks) if weeks >= composition.weeks_min else None


def check_kept(taken: Collection[Rotation], rotations: Collection[Rotation]) -> None:
    """Every rotation that a firm has stays as it is; raises RotationTaken."""
    for rotation in sorted(taken):
        if rotation not in rotations:
            raise RotationTaken(first_week=rotation.first_week, weeks=rotation.weeks)


def check_active(team: Team, *, version: int) -> None:
    """The caller decides on the team as it is; raises TeamStale or TeamDisbanded."""
    if team.version != version:
        raise TeamStale(team_id=team.id, current_version=team.version)
    if team.state is TeamState.DISBANDED:
        raise TeamDisbanded(team_id=team.id)
