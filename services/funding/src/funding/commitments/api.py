"""Commitments over HTTP: read only, since events decide about them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from common.auth import Principal
from common.web import Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.commitments import queries
from funding.commitments.domain import CommitmentState
from funding.commitments.queries import CommitmentView

routes = router(tags=["commitments"])

_TRACK = r"^[A-Z0-9][A-Z0-9-]{0,15}$"
_MUNICIPALITY = r"^[0-9]{5}$"
_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]


@routes.get(
    "/v1/commitments", operation_id="listCommitments", summary="예산 확정과 거절 목록 (Commitments and refusals)"
)
async def list_commitments(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    call_id: UUID | None = None,
    municipality_code: Annotated[str | None, Query(pattern=_MUNICIPALITY)] = None,
    fiscal_year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    track: Annotated[str | None, Query(pattern=_TRACK)] = None,
    state: CommitmentState | None = None,
) -> Page[CommitmentView]:
    """볼 수 있는 예산 확정과 거절. Commitments and refusals the caller may see."""
    return await queries.list_commitments(
        tx,
        by=by,
        page=page,
        call_id=call_id,
        municipality_code=municipality_code,
        fiscal_year=fiscal_year,
        track=track,
        state=state,
    )


@routes.get(
    "/v1/commitments/{project_id}",
    operation_id="getCommitment",
    summary="과제의 예산 결정 조회 (The decision on one project)",
)
async def get_commitment(project_id: UUID, by: _Reader, tx: Tx, response: Response) -> CommitmentView:
    """과제 하나의 재원별 확정 금액, 또는 어느 재원이 모자랐는지. Each source's part, or which one was short."""
    found = await queries.get_commitment(tx, project_id, by=by)
    etag(response, found.version)
    return found
