"""HTTP: a firm asks its municipality for a permit or help, an officer owns the request and closes it in time."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.support import commands, queries
from applicant.support.queries import TicketState, TicketView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["support"])

_Words = Annotated[str, Field(min_length=1, max_length=1000)]
_Officer = Annotated[Principal, allowed(Role.MUNICIPALITY_OFFICER)]
_Reader = Annotated[
    Principal,
    allowed(*sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]


class OpenTicket(Body):
    """What is needed, and until when."""

    kind: commands.TicketKind
    request: _Words
    due_on: date


class CloseTicket(Body):
    outcome: commands.Outcome
    words: _Words


@routes.post(
    "/v1/agreements/{project_id}/support-tickets",
    status_code=201,
    operation_id="openSupportTicket",
    summary="인허가·행정 지원 요청 (Ask for a permit or help)",
)
async def open_ticket(
    project_id: UUID,
    body: OpenTicket,
    by: Annotated[Principal, allowed(*sorted(COMPANY_ROLES), Role.MUNICIPALITY_OFFICER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> TicketView:
    """기한이 가까워지거나 지나면 알립니다. Told of as its day comes near, and again and again once it has passed."""
    ticket_id = await commands.open_ticket(
        tx, project_id, body.kind, request=body.request, due_on=body.due_on, by=by, now=now
    )
    return with_etag(await queries.view_ticket(tx, ticket_id, by=by), response)


@routes.get("/v1/support-tickets", operation_id="listSupportTickets", summary="지원 요청 목록 (List support tickets)")
async def list_tickets(
    by: _Reader, tx: Tx, page: PageQuery, state: Annotated[TicketState | None, Query()] = None
) -> Page[TicketView]:
    """기업은 자기 것, 시·군은 관내. A firm sees its own, a municipality its area's."""
    return await queries.list_tickets(tx, page, by=by, state=state)


@routes.get(
    "/v1/support-tickets/{ticket_id}", operation_id="getSupportTicket", summary="지원 요청 조회 (Read a support ticket)"
)
async def get_ticket(ticket_id: UUID, by: _Reader, tx: Tx, response: Response) -> TicketView:
    """요청 하나와, 처리에 필요한 ETag. One ticket, with the ETag that a step needs."""
    return with_etag(await queries.view_ticket(tx, ticket_id, by=by), response)


@routes.post(
    "/v1/support-tickets/{ticket_id}/owners",
    status_code=201,
    operation_id="takeSupportTicket",
    summary="지원 요청 맡기 (Take a support ticket)",
)
async def take_ticket(
    ticket_id: UUID,
    by: _Officer,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> TicketView:
    """맡은 사람이 처리합니다. 동료가 맡은 것도 넘겨받을 수 있습니다. Whoever takes it closes it, a colleague's too."""
    await commands.take_ticket(tx, ticket_id, read_version=version, by=by, now=now)
    return with_etag(await queries.view_ticket(tx, ticket_id, by=by), response)


@routes.post(
    "/v1/support-tickets/{ticket_id}/outcomes",
    status_code=201,
    operation_id="closeSupportTicket",
    summary="지원 요청 처리 결과 (Say what came of it)",
)
async def close_ticket(
    ticket_id: UUID,
    body: CloseTicket,
    by: _Officer,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> TicketView:
    """담당자가 처리 결과를 적으면 기한이 끝납니다. Its owner says what came of it, and its deadline is met."""
    await commands.close_ticket(tx, ticket_id, body.outcome, words=body.words, read_version=version, by=by, now=now)
    return with_etag(await queries.view_ticket(tx, ticket_id, by=by), response)
