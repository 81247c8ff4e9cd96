"""The queue of waiting projects: filled by confirmations, left by withdrawals, seen by those it concerns."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from common.event import new_id
from contracts.applicant import ProjectConfirmed, ProjectWithdrawn
from contracts.roles import Role
from mentoring.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"


@pytest.fixture
async def mentoring(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("mentoring", migrated=True)) as running:
        yield running


def confirmed(municipality_code: str = JEONJU) -> ProjectConfirmed:
    return ProjectConfirmed(
        project_id=new_id(),
        application_id=new_id(),
        call_id=UUID(int=1),
        type_code="JS1",
        municipality_code=municipality_code,
    )


def withdrawn(project: ProjectConfirmed) -> ProjectWithdrawn:
    return ProjectWithdrawn(
        project_id=project.project_id,
        application_id=project.application_id,
        call_id=project.call_id,
        type_code=project.type_code,
        municipality_code=project.municipality_code,
    )


async def waiting(mentoring: Listener, role: str, tenant: str = "52") -> list[str]:
    answer = await mentoring.get("/v1/waiting-projects", role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    return [item["project_id"] for item in answer.json()["items"]]


async def test_a_confirmed_project_waits_and_a_withdrawn_one_no_longer_does(mentoring: Listener) -> None:
    first, second = confirmed(), confirmed()
    await mentoring.tell(first, second)
    await mentoring.tell(withdrawn(first))
    assert await waiting(mentoring, Role.MENTOR_LEAD) == [str(second.project_id)]


async def test_a_project_that_is_only_selected_does_not_wait(mentoring: Listener) -> None:
    selected = project_selected()
    await mentoring.tell(selected)
    assert await waiting(mentoring, Role.MENTOR_LEAD) == []


async def test_a_withdrawal_before_any_confirmation_changes_nothing(mentoring: Listener) -> None:
    await mentoring.tell(withdrawn(confirmed()))
    assert await waiting(mentoring, Role.MENTOR_LEAD) == []
    async with mentoring.database.transaction(read_only=True) as tx:
        assert (await tx.execute(text("SELECT count(*) FROM parked_event"))).scalar_one() == 0


async def test_a_municipality_sees_its_own_projects_whatever_it_asks_for(mentoring: Listener) -> None:
    own, other = confirmed(JEONJU), confirmed(GUNSAN)
    await mentoring.tell(own, other)
    answer = await mentoring.get(
        f"/v1/waiting-projects?municipality_code={GUNSAN}", role=Role.MUNICIPALITY_OFFICER, tenant=JEONJU
    )
    assert [item["project_id"] for item in answer.json()["items"]] == [str(own.project_id)]


async def test_a_company_may_not_see_the_queue(mentoring: Listener) -> None:
    answer = await mentoring.get("/v1/waiting-projects", role=Role.COMPANY_OWNER, tenant=str(new_id()))
    assert answer.status_code == 403
    assert (await mentoring.get("/v1/waiting-projects")).status_code == 401
