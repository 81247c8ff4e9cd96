"""HTTP: the operator issues an agreement, the parties sign it in turn, and those it concerns read it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from applicant.agreements import commands, queries
from applicant.agreements.queries import AgreementForCaller, AgreementState, AgreementView
from applicant.standings import queries as standings
from applicant.standings.queries import StandingCheckView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, View, actions_of, allowed, router, with_etag
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


class StandingCheckList(View):
    """The newest first."""

    items: list[StandingCheckView]


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
async def get_agreement(
    project_id: UUID, by: _Reader, tx: Tx, now: Now, request: Request, response: Response
) -> AgreementForCaller:
    """과제의 협약: 재원별 금액, 서명, 기한. 지금 할 수 있는 일과, 나머지를 할 수 없는 이유가 함께 있습니다.

    A project's agreement: amounts by source, signatures, deadlines, what the caller may do now and why not the rest.
    """
    view = await queries.view_agreement(tx, project_id, by=by)
    against = {
        "issueAgreement": lambda: commands.against_issuing(tx, project_id),
        "signAgreement": lambda: commands.against_signing(tx, project_id, by=by, now=now),
        "askStandingCheck": lambda: commands.against_asking_standing(tx, project_id),
    }
    actions, closed = await actions_of(request, by, against, project_id=project_id)
    return with_etag(AgreementForCaller(**dict(view), actions=actions, closed_actions=closed), response)


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


@routes.get(
    "/v1/agreements/{project_id}/standing-checks",
    operation_id="listStandingChecks",
    summary="체납 재확인 내역 (What the tax office was asked about a project's firm)",
)
async def list_standing_checks(
    project_id: UUID,
    by: Annotated[
        Principal,
        allowed(*sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
    ],
    tx: Tx,
) -> StandingCheckList:
    """협약 전과 지급 전에 국세청에 조회한 내역. 답변이 없는 조회는 다시 시도됩니다 (R-05, R-06).

    Before the agreement and before payments. What is not answered is asked again with growing waits.
    """
    await queries.view_agreement(tx, project_id, by=by)
    return StandingCheckList(items=await standings.checks_of_project(tx, project_id, by=by))


@routes.post(
    "/v1/agreements/{project_id}/standing-checks",
    status_code=201,
    operation_id="askStandingCheck",
    summary="협약 전 체납 재확인 요청 (Ask the tax office anew before signing)",
)
async def ask_standing_check(
    project_id: UUID,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR, Role.PROVINCE_OFFICER)],
    tx: Tx,
    now: Now,
) -> StandingCheckList:
    """체납이 있거나 답변의 기한이 지난 기업과는 운영기관이 서명할 수 없습니다. 이미 조회 중이면 그 조회를 기다립니다.

    The operator signs only on a good answer that still holds. While one is being asked, that one is it.
    """
    await commands.ask_standing(tx, project_id, by=by, now=now)
    return StandingCheckList(items=await standings.checks_of_project(tx, project_id, by=by))
