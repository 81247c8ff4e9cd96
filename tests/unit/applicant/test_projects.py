"""A project's states: what funding tells and what the firm does, in every order that can happen."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from applicant.projects import domain
from applicant.projects.domain import ProjectState


def project(state: ProjectState, *, holds_place: bool = True) -> domain.Project:
    return domain.Project(
        id=UUID(int=1),
        application_id=UUID(int=2),
        company_id=UUID(int=3),
        call_id=UUID(int=4),
        type_code="JS1",
        municipality_code="52110",
        fiscal_year=2024,
        track="B",
        total_cost_won=50_000_000,
        cap_won=40_000_000,
        split_rule_version="v1",
        need_won={"PROVINCE": 1},
        promoted=False,
        state=state,
        holds_place=holds_place,
        state_reason=None,
        selected_at=datetime(2024, 5, 16, tzinfo=UTC),
        version=1,
    )


def refuse(found: domain.Project) -> domain.Project:
    return domain.refuse_funding(found, reason="F-05")


def withdraw(found: domain.Project) -> domain.Project:
    return domain.withdraw(found, reason="no longer needed")


@pytest.mark.parametrize(
    ("state", "told", "after", "holds_place"),
    [
        (ProjectState.SELECTED, domain.confirm, ProjectState.CONFIRMED, True),
        (ProjectState.CONFIRMED, domain.confirm, ProjectState.CONFIRMED, True),
        (ProjectState.WITHDRAWN, domain.confirm, ProjectState.WITHDRAWN, True),
        (ProjectState.SELECTED, refuse, ProjectState.NOT_FUNDED, False),
        (ProjectState.WITHDRAWN, refuse, ProjectState.WITHDRAWN, False),
        (ProjectState.SELECTED, withdraw, ProjectState.WITHDRAWN, True),
        (ProjectState.CONFIRMED, withdraw, ProjectState.WITHDRAWN, True),
        (ProjectState.WITHDRAWN, domain.release, ProjectState.WITHDRAWN, False),
    ],
)
def test_what_follows_from_each_state(state, told, after, holds_place):
    found = told(project(state))
    assert (found.state, found.holds_place) == (after, holds_place)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (ProjectState.NOT_FUNDED, domain.confirm),
        (ProjectState.CONFIRMED, refuse),
        (ProjectState.SELECTED, domain.release),
        (ProjectState.CONFIRMED, domain.release),
        (ProjectState.NOT_FUNDED, domain.release),
    ],
)
def test_funding_that_contradicts_itself_is_not_believed(state, told):
    with pytest.raises(domain.FundingContradiction):
        told(project(state))


@pytest.mark.parametrize("state", [ProjectState.WITHDRAWN, ProjectState.NOT_FUNDED])
def test_a_project_that_is_over_cannot_be_withdrawn(state):
    with pytest.raises(domain.ProjectOver):
        withdraw(project(state))


@pytest.mark.parametrize(
    ("state", "holds_place", "may"),
    [
        (ProjectState.SELECTED, True, True),
        (ProjectState.WITHDRAWN, True, True),
        (ProjectState.WITHDRAWN, False, False),
        (ProjectState.CONFIRMED, True, False),
        (ProjectState.NOT_FUNDED, False, False),
    ],
)
def test_money_is_asked_for_again_only_while_funding_owes_an_answer(state, holds_place, may):
    found = project(state, holds_place=holds_place)
    if may:
        domain.check_unanswered(found)
        return
    with pytest.raises(domain.FundingHasAnswered):
        domain.check_unanswered(found)
