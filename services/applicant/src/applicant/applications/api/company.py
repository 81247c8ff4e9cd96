"""What a company does with its application."""

from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Response

from applicant.applications import commands, queries
from applicant.applications.api.bodies import (
    DraftApplication,
    ReviseApplication,
    SupplementApplication,
    WithdrawApplication,
)
from applicant.applications.commands import SupplementAnswer
from applicant.applications.queries import ApplicationView
from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from common.web import IfMatch, Now, Tx, allowed, etag, problem_responses, router
from contracts.roles import Role

routes = router(tags=["applications"])


class AfterWithdrawal(Protocol):
    """What else a withdrawal means, in the same transaction, with the application's row locked and saved."""

    async def __call__(
        self, tx: Transaction, application_id: UUID, /, *, reason: str, by: Principal, now: datetime
    ) -> None: ...


@routes.post(
    "/v1/applications", status_code=201, operation_id="draftApplication", summary="신청서 작성 (Draft an application)"
)
async def draft_application(
    body: DraftApplication,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.COMPANY_STAFF)],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """공고 기간에 신청서 초안을 만듭니다. 제출하기 전에는 고칠 수 있습니다.

    A draft that can be revised until submitted.
    """
    application = await commands.draft_application(
        tx,
        call_id=body.call_id,
        type_code=body.type_code,
        worksite_id=body.worksite_id,
        plan=body.plan(),
        by=by,
        now=now,
    )
    etag(response, application.version)
    return queries.application_view(application)


@routes.patch(
    "/v1/applications/{application_id}",
    operation_id="reviseApplication",
    summary="작성 중인 신청서 수정 (Change a draft)",
)
async def revise_application(
    application_id: UUID,
    body: ReviseApplication,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.COMPANY_STAFF)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """보낸 항목만 바꿉니다. 제출한 뒤에는 바꿀 수 없습니다. Changes the fields that are sent, before submission."""
    application = await commands.revise_application(
        tx, application_id, body.changes(), read_version=version, by=by, now=now
    )
    etag(response, application.version)
    return queries.application_view(application)


@routes.post(
    "/v1/applications/{application_id}/submissions",
    status_code=201,
    operation_id="submitApplication",
    summary="신청서 제출 (Submit a draft inside the call's window)",
)
async def submit_application(
    application_id: UUID,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """마감 전에 제출합니다. 마감 시각 정각은 늦은 것입니다. Submits in time; the closing instant itself is late."""
    application = await commands.submit_application(tx, application_id, read_version=version, by=by, now=now)
    etag(response, application.version)
    return queries.application_view(application)


@routes.post(
    "/v1/applications/{application_id}/supplements",
    status_code=201,
    operation_id="supplementApplication",
    summary="보완 제출 (Answer a request for a supplement)",
)
async def supplement_application(
    application_id: UUID,
    body: SupplementApplication,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ApplicationView:
    """보완요청에 기한 안에 답합니다. Answers the request for more papers in time."""
    answer = SupplementAnswer(body.changes(), body.factory_registration_number)
    application = await commands.supplement_application(
        tx, application_id, answer, read_version=version, by=by, now=now
    )
    etag(response, application.version)
    return queries.application_view(application)


def withdrawal_routes(after_withdrawal: AfterWithdrawal, *refusals: type[DomainError]) -> APIRouter:
    """The route that withdraws, with the later feature that frees the place a case held, and what that may refuse."""
    routes = router(tags=["applications"])

    @routes.post(
        "/v1/applications/{application_id}/withdrawals",
        status_code=201,
        operation_id="withdrawApplication",
        summary="신청 철회 (Take an application back)",
        responses=problem_responses(*refusals),
    )
    async def withdraw_application(
        application_id: UUID,
        body: WithdrawApplication,
        by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
        version: Annotated[int, IfMatch()],
        tx: Tx,
        now: Now,
        response: Response,
    ) -> ApplicationView:
        """신청을 거둡니다. 되돌릴 수 없습니다. Takes the application back, for good."""
        application = await commands.withdraw_application(
            tx, application_id, reason=body.reason, read_version=version, by=by, now=now
        )
        await after_withdrawal(tx, application.id, reason=body.reason, by=by, now=now)
        etag(response, application.version)
        return queries.application_view(application)

    return routes
