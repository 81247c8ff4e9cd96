"""The project: a selected firm's place, from selection until the money stands or the place is given back.

SELECTED -> CONFIRMED (funding committed) | NOT_FUNDED (funding refused) | WITHDRAWN (the firm gave it back). Events of
one project come in order, but a firm's withdrawal may cross funding's answer, and then the withdrawal stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text

NeedWon = Mapping[str, int]
"""Won per budget: a source, or `MUNICIPALITY/<code>` for the municipality's own."""


class ProjectState(StrEnum):
    """Where a project stands before its agreement."""

    SELECTED = "SELECTED"
    CONFIRMED = "CONFIRMED"
    NOT_FUNDED = "NOT_FUNDED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Project:
    """One place taken. `holds_place` ends once, when funding refused or released; `need_won` is its estimated need."""

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
    need_won: NeedWon
    promoted: bool
    state: ProjectState
    holds_place: bool
    state_reason: str | None
    selected_at: datetime
    version: int


class ProjectNotFound(NotFound):
    """No such project, or another tenant's."""

    code = "project-not-found"
    title = Text("과제를 찾을 수 없습니다", "There is no such project")
    detail = Text("과제 번호를 확인해 주세요.", "Check the project's id.")


class ProjectHasChanged(StaleVersion):
    """Somebody changed the project after the caller had read it."""

    code = "project-has-changed"
    title = Text("과제가 그 사이에 바뀌었습니다", "The project has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class ProjectOver(RuleRefused):
    """The project has ended already; what was asked comes too late."""

    code = "project-over"
    title = Text("이미 끝난 과제입니다", "The project has already ended")
    detail = Text(
        "과제의 상태가 {state}이므로 처리할 수 없습니다.", "The project is {state}; this cannot be done any more."
    )


class FundingHasAnswered(RuleRefused):
    """Funding has said what it does for this project: there is nothing to ask for again."""

    code = "funding-has-answered"
    title = Text("예산 결정이 이미 통보된 과제입니다", "Funding has answered for this project")
    detail = Text(
        "과제의 상태가 {state}이므로 예산 확정을 다시 요청할 수 없습니다. 바뀐 것은 없습니다.",
        "The project is {state}, so its money cannot be asked for again. Nothing was changed.",
    )


class FundingContradiction(RuleRefused):
    """Funding said the opposite of what it had said before: a person must look at it, so the event is parked."""

    code = "funding-contradiction"
    title = Text("자금 통보가 앞선 통보와 어긋납니다", "Funding contradicts its own earlier answer")
    detail = Text(
        "과제 {project_id}의 상태가 {state}인데 '{told}' 통보가 왔습니다.",
        "Project {project_id} is {state}, and yet funding told '{told}'.",
    )


def check_own(project: Project, company_id: UUID) -> None:
    """Another company's project does not exist for the caller."""
    if project.company_id != company_id:
        raise ProjectNotFound


def check_version(project: Project, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if project.version != read_version:
        raise ProjectHasChanged(current_version=project.version)


def check_unanswered(project: Project) -> None:
    """Money is asked for again only while funding owes an answer: to the request, or to the withdrawal after it."""
    left = project.state is ProjectState.WITHDRAWN and project.holds_place
    if project.state is not ProjectState.SELECTED and not left:
        raise FundingHasAnswered(state=project.state)


def confirm(project: Project) -> Project:
    """Funding committed. A project that its firm has left stays left: funding gives the money back."""
    if project.state is ProjectState.SELECTED:
        return replace(project, state=ProjectState.CONFIRMED)
    if project.state in {ProjectState.CONFIRMED, ProjectState.WITHDRAWN}:
        return project
    raise FundingContradiction(project_id=project.id, state=project.state, told="committed")


def refuse_funding(project: Project, *, reason: str) -> Project:
    """Funding refused, so nothing is held for this project any more and its place is free."""
    if project.state is ProjectState.SELECTED:
        return replace(project, state=ProjectState.NOT_FUNDED, holds_place=False, state_reason=reason)
    if project.state is ProjectState.NOT_FUNDED or not project.holds_place:
        return project
    if project.state is ProjectState.WITHDRAWN:
        return replace(project, holds_place=False)
    raise FundingContradiction(project_id=project.id, state=project.state, told="refused")


def withdraw(project: Project, *, reason: str) -> Project:
    """The firm gives its place back; the place is free only once funding has released the money."""
    if project.state not in {ProjectState.SELECTED, ProjectState.CONFIRMED}:
        raise ProjectOver(state=project.state)
    return replace(project, state=ProjectState.WITHDRAWN, state_reason=reason)


def release(project: Project) -> Project:
    """Funding has the money back on its lines: now the place is free."""
    if project.state is not ProjectState.WITHDRAWN:
        raise FundingContradiction(project_id=project.id, state=project.state, told="released")
    return replace(project, holds_place=False) if project.holds_place else project
