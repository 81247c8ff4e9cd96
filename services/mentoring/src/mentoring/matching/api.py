"""The queue of waiting projects over HTTP."""

from typing import Annotated

from common.auth import Principal
from common.web import Page, PageQuery, Tx, allowed, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from mentoring.matching import queries
from mentoring.matching.queries import WaitingProjectView

routes = router(tags=["matching"])

_PLANNERS = (Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))


@routes.get(
    "/v1/waiting-projects",
    operation_id="listWaitingProjects",
    summary="멘토 배정을 기다리는 과제 (Projects that wait for mentors)",
)
async def list_waiting_projects(
    by: Annotated[Principal, allowed(*_PLANNERS, *sorted(MUNICIPALITY_ROLES))],
    tx: Tx,
    page: PageQuery,
    municipality_code: str | None = None,
) -> Page[WaitingProjectView]:
    """A municipality sees its own projects whatever it asks for; everybody else sees all or those of one."""
    own = by.tenant if by.role in MUNICIPALITY_ROLES else municipality_code
    return await queries.list_waiting(tx, page, municipality_code=own)
