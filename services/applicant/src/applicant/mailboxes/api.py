"""HTTP: an office says where its notices go; who confirms it stands with the notices, which leave at once."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from applicant.mailboxes import commands, queries
from applicant.mailboxes.queries import MailboxView
from common.auth import Principal
from common.web import Body, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["mailboxes"])

_Proposer = Annotated[Principal, allowed(Role.MUNICIPALITY_OFFICER, Role.PROVINCE_OFFICER, Role.TECHNOPARK_OPERATOR)]
_Reader = Annotated[
    Principal, allowed(*sorted(MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)
]


class ProposeOfficeMailbox(Body):
    """Where the notices of the caller's own office go: an office's address, not a person's."""

    address: str = Field(min_length=3, max_length=254)


@routes.post(
    "/v1/office-mailboxes",
    status_code=201,
    operation_id="proposeOfficeMailbox",
    summary="기관 우편함 제안 (Propose where an office's notices go)",
)
async def propose_office_mailbox(
    body: ProposeOfficeMailbox, by: _Proposer, tx: Tx, now: Now, response: Response
) -> MailboxView:
    """자기 기관이 통지를 받을 주소를 제안합니다. 다른 사람이 확정하면 그때부터 그 주소로 갑니다.

    Proposes where the notices of one's own office go; they do once another person has confirmed it. A proposal that
    waited gives way to this one.
    """
    mailbox_id = await commands.propose_mailbox(tx, body.address, by=by, now=now)
    return with_etag(await queries.view_mailbox(tx, mailbox_id, by=by), response)


@routes.get("/v1/office-mailboxes", operation_id="listOfficeMailboxes", summary="기관 우편함 목록 (List mailboxes)")
async def list_office_mailboxes(by: _Reader, tx: Tx, page: PageQuery) -> Page[MailboxView]:
    """시·군은 자기 것만. 주소는 자기 기관의 것만 보입니다. A municipality sees its own; an address its own office."""
    return await queries.list_mailboxes(tx, page, by=by)


@routes.get(
    "/v1/office-mailboxes/{mailbox_id}", operation_id="getOfficeMailbox", summary="기관 우편함 조회 (Read a mailbox)"
)
async def get_office_mailbox(mailbox_id: UUID, by: _Reader, tx: Tx, response: Response) -> MailboxView:
    """우편함 하나와, 확정에 필요한 ETag. One mailbox, with the ETag that confirming needs."""
    return with_etag(await queries.view_mailbox(tx, mailbox_id, by=by), response)
