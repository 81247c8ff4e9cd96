"""HTTP: the standings of a project's firm, and asking the tax office anew."""

from typing import Annotated
from uuid import UUID

from common.auth import Principal
from common.portions import Portion
from common.web import Now, Tx, View, allowed, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.coverages import queries as coverages
from funding.standings import commands, queries
from funding.standings.queries import StandingView

routes = router(tags=["standings"])

_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]
_Asker = Annotated[Principal, allowed(*PROVINCE_ROLES)]


class StandingList(View):
    """The newest first."""

    items: list[StandingView]


@routes.get(
    "/v1/coverages/{project_id}/standings",
    operation_id="listStandings",
    summary="휴·폐업, 체납 재확인 내역 (A firm's standings before its payments)",
)
async def list_standings(project_id: UUID, by: _Reader, tx: Tx) -> StandingList:
    """지급 전에 국세청에 조회한 내역. 가장 최근 답변만 유효하며, 그 기한 전까지만 인정됩니다 (R-05, R-06).

    What the tax office was asked before payments. Only the last answer counts, and only before its time ends.
    """
    await coverages.get_coverage(tx, project_id, by=by)
    return StandingList(items=await queries.standings_of_project(tx, project_id, Portion(), by=by))


@routes.post(
    "/v1/coverages/{project_id}/standings",
    status_code=201,
    operation_id="askStanding",
    summary="휴·폐업, 체납 재확인 요청 (Ask for a firm's standing anew)",
)
async def ask_standing(project_id: UUID, by: _Asker, tx: Tx, now: Now) -> StandingList:
    """답변이 오면 보류가 걸리거나 풀립니다. 이미 조회 중이면 새로 묻지 않고 그 조회를 다시 전합니다.

    The answer holds the project's money or frees it. While one is being asked, that one is it, and it is told again.
    """
    await commands.ask_again(tx, project_id, by=by, now=now)
    return StandingList(items=await queries.standings_of_project(tx, project_id, Portion(), by=by))
