"""A project that waits for a team of mentors, and what it needs of one: skills, weeks, and no conflicts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text
from contracts.types import MunicipalityCode


class WaitingState(StrEnum):
    """Only one that waits is planned for. A suspended one waits again; a completed one keeps the team that it has."""

    WAITING = "WAITING"
    SUSPENDED = "SUSPENDED"
    COMPLETED = "COMPLETED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"


class ConflictKind(StrEnum):
    """Why a mentor may not work with a firm (domain.md section 2.4)."""

    STAKE_IN_ADOPTER = "STAKE_IN_ADOPTER"
    STAKE_IN_SUPPLIER = "STAKE_IN_SUPPLIER"
    EVALUATED_IT = "EVALUATED_IT"
    PAST_DISPUTE = "PAST_DISPUTE"


class WaitingProjectUnknown(NotFound):
    """No such project ever waited, or it is not the caller's to see."""

    code = "waiting-project-unknown"
    title = Text("배정을 기다리는 과제가 아닙니다", "No such waiting project")
    detail = Text("과제 {project_id}을(를) 찾을 수 없습니다.", "There is no project {project_id} that waits.")


class ProjectNoLongerWaits(RuleRefused):
    """The firm gave its place back, or the project was completed or terminated."""

    code = "project-no-longer-waits"
    title = Text("더 이상 배정을 기다리지 않는 과제입니다", "The project no longer waits")
    detail = Text(
        "과제 {project_id}의 상태는 {state}입니다. 저장된 것은 없습니다.",
        "Project {project_id} is {state}. Nothing was stored.",
    )


class ProjectHasTeam(RuleRefused):
    """A team was chosen by what was stated, conflicts included; that residency is declined or given back first."""

    code = "project-has-team"
    title = Text("이미 멘토팀이 배정된 과제입니다", "The project has a team")
    detail = Text(
        "과제 {project_id}에는 멘토팀이 배정되어 있어 요건을 바꿀 수 없습니다. 이해충돌이 있으면 먼저 상주를 거절해야"
        " 합니다. 저장된 것은 없습니다.",
        "Project {project_id} has a team, so its needs cannot change. Where there is a conflict, the residency is"
        " declined first. Nothing was stored.",
    )


class NeedsNotStated(NotFound):
    """Nobody has said yet what the project needs."""

    code = "project-needs-not-stated"
    title = Text("과제의 멘토링 요건이 아직 없습니다", "The project's needs are not stated yet")
    detail = Text(
        "과제 {project_id}의 멘토링 요건이 아직 입력되지 않았습니다.",
        "Nobody has stated yet what project {project_id} needs.",
    )


class NeedsStale(StaleVersion):
    """The needs have changed since the caller read them; before the first statement the version is 0."""

    code = "project-needs-stale"
    title = Text("멘토링 요건이 그 사이 변경되었습니다", "The needs have changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "They are at version {current_version}. Nothing was changed. Read them again, then decide.",
    )


@dataclass(frozen=True, slots=True)
class WaitingProject:
    """What planning a team needs to know of a project: where, of which type, and since when it waits."""

    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: MunicipalityCode
    waiting_since: datetime
    state: WaitingState = WaitingState.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which a project is suspended. On the days of its suspension and resumption a team may have worked."""

    suspension_id: UUID
    project_id: UUID
    cause: str
    suspended_on: date
    resumed_on: date | None
    changed_at: datetime

    def covers(self, day: date) -> bool:
        """Whether nobody was to work there on that day."""
        return self.suspended_on < day and (self.resumed_on is None or day < self.resumed_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectNeeds:
    """What the site check found that a team must bring, and which mentors may not come, each with the reason."""

    project_id: UUID
    processes: frozenset[str]
    technologies: frozenset[str]
    ksic_division: str
    residency_weeks: int
    conflicts: Mapping[UUID, ConflictKind]
    stated_by: str
    stated_at: datetime
    version: int = 1


def withdraw(project: WaitingProject) -> WaitingProject:
    """Take the project out of the queue; its row stays, since a plan may have named it."""
    return replace(project, state=WaitingState.WITHDRAWN)


def suspend(project: WaitingProject) -> WaitingProject:
    """Let it rest: it is not planned for, and keeps the weeks that it has."""
    return replace(project, state=WaitingState.SUSPENDED) if project.state is WaitingState.WAITING else project


def resume(project: WaitingProject) -> WaitingProject:
    """It goes on, and waits again if it has no team."""
    return replace(project, state=WaitingState.WAITING) if project.state is WaitingState.SUSPENDED else project


def complete(project: WaitingProject) -> WaitingProject:
    """The factory stands: it needs no team that it has not."""
    going_on = project.state in {WaitingState.WAITING, WaitingState.SUSPENDED}
    return replace(project, state=WaitingState.COMPLETED) if going_on else project


def terminate(project: WaitingProject) -> WaitingProject:
    """Its agreement ended, which it may after completion too."""
    return replace(project, state=WaitingState.TERMINATED)


def state_needs(
    project: WaitingProject, before: ProjectNeeds | None, needs: ProjectNeeds, *, has_team: bool, version: int
) -> ProjectNeeds:
    """The needs as they are from now on; raises NeedsStale, ProjectNoLongerWaits or ProjectHasTeam."""
    current = before.version if before else 0
    if current != version:
        raise NeedsStale(project_id=project.project_id, current_version=current)
    if project.state not in {WaitingState.WAITING, WaitingState.SUSPENDED}:
        raise ProjectNoLongerWaits(project_id=project.project_id, state=project.state)
    if has_team:
        raise ProjectHasTeam(project_id=project.project_id)
    return replace(needs, version=current + 1)
