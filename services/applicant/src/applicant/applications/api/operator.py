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
    application = await commands.decide_eligibility(
        tx, application_id, body.confirmed, read_version=version, by=by, now=now
    )
    etag(response, application.version)
    return queries.application_view(application)
