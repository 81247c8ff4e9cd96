"""HTTP: builds are read by those they concern; two people suspend, resume or terminate one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.builds import commands, queries
from applicant.builds.queries import BuildState, BuildView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["builds"])

_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.SUPPLIER,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]


class ProposeBuildChange(Body):
    """What is asked, why, and by which papers (their SHA-256)."""

    kind: commands.ChangeKind
    cause: commands.Cause
    fault_party: commands.FaultParty | None = None
    evidence: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(min_length=1, max_length=20)


class DecideBuildChange(Body):
    """Approve or refuse; `fault_party` settles whose fault a termination is."""

    decision: commands.Decision
    fault_party: commands.FaultParty | None = None


@routes.get("/v1/builds", operation_id="listBuilds", summary="구축 과제 목록 (List builds)")
async def list_builds(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    call_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[BuildState | None, Query()] = None,
) -> Page[BuildView]:
    """볼 수 있는 구축 과제 목록. The builds the caller may see."""
    return await queries.list_builds(tx, page, by=by, call_id=call_id, state=state)


@routes.get("/v1/builds/{project_id}", operation_id="getBuild", summary="구축 과제 조회 (Read a build)")
async def get_build(project_id: UUID, by: _Reader, tx: Tx, response: Response) -> BuildView:
    """구축 상태와 중단·재개·해지 요청, 결정에 필요한 ETag. How a build stands, with the ETag that a decision needs."""
    return with_etag(await queries.view_build(tx, project_id, by=by), response)


@routes.post(
    "/v1/builds/{project_id}/changes",
    status_code=201,
    operation_id="proposeBuildChange",
    summary="중단·재개·해지 요청 (Propose to suspend, resume or terminate)",
)
async def propose_change(
    project_id: UUID,
    body: ProposeBuildChange,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> BuildView:
    """중단과 해지는 사전 승인이 필요합니다. 기업은 자기 사정으로만 요청하며, 승인 전에는 바뀌는 것이 없습니다.

    Suspension and termination need prior approval: a firm asks at its own request only, and nothing changes before.
    """
    await commands.propose_change(
        tx,
        project_id,
        kind=body.kind,
        cause=body.cause,
        fault_party=body.fault_party,
        evidence=body.evidence,
        read_version=version,
        by=by,
        now=now,
    )
    return with_etag(await queries.view_build(tx, project_id, by=by), response)


@routes.post(
    "/v1/builds/{project_id}/decisions",
    status_code=201,
    operation_id="decideBuildChange",
    summary="중단·재개·해지 결정 (Decide what was proposed)",
)
async def decide_change(
    project_id: UUID,
    body: DecideBuildChange,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> BuildView:
    """제안한 사람이 아닌 도 결재자가 결정합니다. 해지에는 귀책 당사자가 있어야 합니다.

    An approver who did not propose it decides; a termination says whose fault it is.
    """
    await commands.decide_change(
        tx, project_id, body.decision, fault_party=body.fault_party, read_version=version, by=by, now=now
    )
    return with_etag(await queries.view_build(tx, project_id, by=by), response)
