"""HTTP: each source of a signed agreement covers its own share, and those it concerns read how far it is."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import Source
from funding.coverages import commands, queries
from funding.coverages.queries import CoverageState, CoverageView

routes = router(tags=["coverages"])

_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]
_Coverer = Annotated[Principal, allowed(Role.PROVINCE_TREASURER, Role.MUNICIPALITY_APPROVER, Role.COMPANY_OWNER)]


class CoverLine(Body):
    """The document that covers a share: its number (of the grant decision, of the self-pay account), and its hash."""

    reference: str = Field(min_length=1, max_length=200)
    evidence_sha256: str = Field(pattern="^[0-9a-f]{64}$")


@routes.get("/v1/coverages", operation_id="listCoverages", summary="재원 확보 목록 (List coverages)")
async def list_coverages(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    call_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[CoverageState | None, Query()] = None,
) -> Page[CoverageView]:
    """볼 수 있는 과제의 재원 확보 상황. How far the shares of signed agreements are covered."""
    return await queries.list_coverages(tx, page, by=by, call_id=call_id, state=state)


@routes.get("/v1/coverages/{project_id}", operation_id="getCoverage", summary="재원 확보 조회 (Read a coverage)")
async def get_coverage(project_id: UUID, by: _Reader, tx: Tx, response: Response) -> CoverageView:
    """과제의 재원별 확보 상황과 ETag. A project's shares, and the ETag that covering one needs."""
    return with_etag(await queries.get_coverage(tx, project_id, by=by), response)


@routes.post(
    "/v1/coverages/{project_id}/lines/{source}/confirmations",
    status_code=201,
    operation_id="coverLine",
    summary="재원 확보 확정 (Cover one source's share)",
)
async def cover_line(
    project_id: UUID,
    source: Source,
    body: CoverLine,
    by: _Coverer,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CoverageView:
    """도·국비·삼성 재원은 도 회계책임자, 시·군비는 그 시·군 결재자, 자부담은 도입기업 대표가 확정합니다.

    The province's treasurer covers the province's, the state's and Samsung's share, a municipality's approver its own,
    the firm's owner the self-pay. When all are covered the agreement comes into force.
    """
    await commands.cover_line(
        tx,
        project_id,
        source,
        read_version=version,
        reference=body.reference,
        evidence_sha256=body.evidence_sha256,
        by=by,
        now=now,
    )
    return with_etag(await queries.get_coverage(tx, project_id, by=by), response)
