"""HTTP: the operator issues an agreement, the parties sign it in turn, and those it concerns read it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.agreements import commands, queries
from applicant.agreements.queries import AgreementState, AgreementView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["agreements"])

_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.SUPPLIER,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]


class SignAgreement(Body):
    """What the party puts its signature under: the final plan's hash and the supplier's price."""

    plan_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    supplier_contract_won: int = Field(ge=1, le=1_000_000_000_000)


@routes.get("/v1/agreements", operation_id="listAgreements", summary="협약 목록 (List agreements)")
async def list_agreements(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    call_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[AgreementState | None, Query()] = None,
) -> Page[AgreementView]:
    """볼 수 있는 협약 목록. The agreements the caller may see."""
    return await queries.list_agreements(tx, page, by=by, call_id=call_id, state=state)


@routes.get("/v1/agreements/{project_id}", operation_id="getAgreement", summary="협약 조회 (Read an agreement)")
async def get_agreement(project_id: UUID, by: _Reader, tx: Tx, response: Response) -> AgreementView:
    """과제의 협약: 재원별 금액, 서명, 기한. A project's agreement: amounts by source, signatures, deadlines."""
    return with_etag(await queries.view_agreement(tx, project_id, by=by), response)


@routes.post(
    "/v1/agreements/{project_id}/issues",
    status_code=201,
    operation_id="issueAgreement",
    summary="협약서 교부 (Send an agreement to its parties)",
)
async def issue_agreement(
    project_id: UUID,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> AgreementView:
    """운영기관이 협약서를 교부하면 다음 날부터 서명 기한이 계산됩니다.

    The operator issues it; the time to sign counts from the next day.
    """
    await commands.issue_agreement(tx, project_id, read_version=version, by=by, now=now)
    return with_etag(await queries.view_agreement(tx, project_id, by=by), response)


@routes.post(
    "/v1/agreements/{project_id}/signatures",
    status_code=201,
    operation_id="signAgreement",
    summary="협약 서명 (Sign an agreement)",
)
async def sign_agreement(
    project_id: UUID,
    body: SignAgreement,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.SUPPLIER, Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> AgreementView:
    """도입기업, 공급기업, 운영기관이 차례로 서명합니다. 뒤의 두 곳은 도입기업이 서명한 내용 그대로여야 합니다.

    Adopter, supplier and operator sign in this order, the later two exactly what the adopter signed. Adopter and
    supplier must do so before the deadline; afterwards the place counts as given back.
    """
    terms = commands.Terms(body.plan_sha256, body.supplier_contract_won)
    await commands.sign_agreement(tx, project_id, read_version=version, terms=terms, by=by, now=now)
    return with_etag(await queries.view_agreement(tx, project_id, by=by), response)
