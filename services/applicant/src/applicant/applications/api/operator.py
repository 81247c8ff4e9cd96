"""What the operator (Jeonbuk Technopark) does with a submitted application."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from applicant.applications import commands, queries
from applicant.applications.api.bodies import ConfirmEligibility, RequestSupplement
from applicant.applications.queries import ApplicationView
from common.auth import Principal
from common.web import IfMatch, Now, Tx, allowed, etag, router
from contracts.roles import Role

routes = router(tags=["screening"])


@routes.post(
    "/v1/applications/{application_id}/screenings",
    status_code=202,
    operation_id="beginScreening",
    summary="요건검토 시작 (Begin screening; the registers are asked in the background)",
)
async def begin_screening(
    application_id: UUID,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """요건검토를 시작합니다. 외부 조회는 이어서 이루어지므로 결과는 나중에 확인합니다.

    Begins the checks; registers answer later, so the result is read afterwards.
    """
    application = await commands.begin_screening(tx, application_id, read_version=version, by=by, now=now)
    etag(response, application.version)
    return queries.application_view(application)


@routes.post(
    "/v1/applications/{application_id}/supplement-requests",
    status_code=201,
    operation_id="requestSupplement",
    summary="보완 요청 (Ask the company for a supplement)",
)
async def request_supplement(
    application_id: UUID,
    body: RequestSupplement,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """기업에 보완을 요청합니다. 기한은 공고가 정한 날수에 따라, 휴일을 넘겨 정해집니다.

    Asks the firm for more; the call's days and the holidays give the date.
    """
    application = await commands.request_supplement(
        tx, application_id, body.wanted(), read_version=version, by=by, now=now
    )
    etag(response, application.version)
    return queries.application_view(application)


@routes.post(
    "/v1/applications/{application_id}/eligibility-decisions",
    status_code=201,
    operation_id="decideEligibility",
    summary="적격 여부 확정 (Confirm what the screening found)",
)
async def decide_eligibility(
    application_id: UUID,
    body: ConfirmEligibility,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """규칙 결과가 말하는 적격 여부를 사람이 확인해 확정합니다. A person confirms what the rules found."""
    application = await commands.decide_eligibility(
        tx, application_id, body.confirmed, read_version=version, by=by, now=now
    )
    etag(response, application.version)
    return queries.application_view(application)
