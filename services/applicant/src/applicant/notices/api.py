"""HTTP: firms and offices read their notices and say where they go; the operator sees what was not delivered."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.companies import queries as companies
from applicant.companies.queries import CompanyView
from applicant.mailboxes import queries as mailboxes
from applicant.mailboxes.queries import MailboxView
from applicant.notices import commands, queries
from applicant.notices.queries import NoticeKind, NoticeState, NoticeView, OfficeList, OfficeNoticeView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["notices"])

_Reader = Annotated[Principal, allowed(*sorted(COMPANY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)]
_OfOffices = Annotated[
    Principal, allowed(*sorted(MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)
]
_Confirmer = Annotated[Principal, allowed(Role.MUNICIPALITY_APPROVER, Role.PROVINCE_APPROVER, Role.TECHNOPARK_OPERATOR)]


class ChangeContact(Body):
    """Where the firm's notices go."""

    contact_email: str = Field(min_length=3, max_length=254)


@routes.get("/v1/notices", operation_id="listNotices", summary="통지 목록 (List notices)")
async def list_notices(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    state: Annotated[NoticeState | None, Query()] = None,
    kind: Annotated[NoticeKind | None, Query()] = None,
    application_id: Annotated[UUID | None, Query()] = None,
) -> Page[NoticeView]:
    """보낸 통지와 발송 기록. 발송을 포기한 통지는 state=GIVEN_UP으로 찾습니다.

    Notices with their delivery records; those that were given up are found by state=GIVEN_UP.
    """
    return await queries.list_notices(tx, page, by=by, state=state, kind=kind, application_id=application_id)


@routes.get("/v1/notices/{notice_id}", operation_id="getNotice", summary="통지 조회 (Read a notice)")
async def get_notice(notice_id: UUID, by: _Reader, tx: Tx) -> NoticeView:
    """통지 하나와 발송 기록. One notice and how its delivery went."""
    return await queries.view_notice(tx, notice_id, by=by)


@routes.post(
    "/v1/notices/{notice_id}/retries",
    status_code=201,
    operation_id="retryNotice",
    summary="통지 재발송 (Send a notice again that was given up)",
)
async def retry_notice(
    notice_id: UUID, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], tx: Tx, now: Now
) -> NoticeView:
    """발송을 포기한 통지를 다시 보냅니다. Sets a delivery going again that was given up."""
    await commands.retry_notice(tx, notice_id, by=by, now=now)
    return await queries.view_notice(tx, notice_id, by=by)


@routes.put(
    "/v1/companies/{company_id}/contact",
    operation_id="changeContact",
    summary="통지 받을 주소 변경 (Change where a firm's notices go)",
)
async def change_contact(
    company_id: UUID,
    body: ChangeContact,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CompanyView:
    """통지를 받을 전자우편 주소를 바꿉니다. 주소가 없어 보내지 못한 통지는 바로 나갑니다.

    Changes where the firm's notices go; those that found no address leave at once.
    """
    companies.check_own(company_id, by)
    changed = await commands.change_contact(tx, company_id, body.contact_email, read_version=version, by=by, now=now)
    etag(response, changed.version)
    return companies.company_view(changed)


@routes.get("/v1/offices", operation_id="listOffices", summary="기관과 우편함 (Offices and whether notices reach them)")
async def list_offices(by: _OfOffices, tx: Tx) -> OfficeList:
    """우편함이 없는 기관의 통지는 전북테크노파크로 갑니다. 시·군은 자기 것만 봅니다.

    What is for an office without a mailbox goes to the Technopark, and is counted here. A municipality sees itself.
    """
    return await queries.list_offices(tx, by=by)


@routes.get("/v1/office-notices", operation_id="listOfficeNotices", summary="기관 통지 목록 (List notices to offices)")
async def list_office_notices(
    by: _OfOffices,
    tx: Tx,
    page: PageQuery,
    state: Annotated[NoticeState | None, Query()] = None,
    kind: Annotated[NoticeKind | None, Query()] = None,
    municipality_code: Annotated[str | None, Query(pattern="^[0-9]{5}$")] = None,
) -> Page[OfficeNoticeView]:
    """기관에 보낸 통지와 발송 기록: 기한 알림과 연말 불용 예고. 시·군은 자기에게 온 것만.

    Notices to offices with their delivery records: of deadlines, and of money that lapses. A municipality sees its own.
    """
    return await queries.list_office_notices(
        tx, page, by=by, state=state, kind=kind, municipality_code=municipality_code
    )


@routes.post(
    "/v1/office-notices/{notice_id}/retries",
    status_code=201,
    operation_id="retryOfficeNotice",
    summary="기관 통지 재발송 (Send a notice to an office again that was given up)",
)
async def retry_office_notice(
    notice_id: UUID, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], tx: Tx, now: Now
) -> OfficeNoticeView:
    """발송을 포기한 기관 통지를 다시 보냅니다. Sets a delivery to an office going again that was given up."""
    await commands.retry_office_notice(tx, notice_id, by=by, now=now)
    return await queries.view_office_notice(tx, notice_id, by=by)


@routes.post(
    "/v1/office-mailboxes/{mailbox_id}/confirmations",
    status_code=201,
    operation_id="confirmOfficeMailbox",
    summary="기관 우편함 확정 (Confirm where an office's notices go)",
)
async def confirm_office_mailbox(
    mailbox_id: UUID, by: _Confirmer, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> MailboxView:
    """제안한 사람은 확정할 수 없습니다. 주소 때문에 보내지 못한 통지는 바로 나갑니다.

    Not by who proposed it. What its old address refused leaves at once.
    """
    await commands.confirm_mailbox(tx, mailbox_id, read_version=version, by=by, now=now)
    return with_etag(await mailboxes.view_mailbox(tx, mailbox_id, by=by), response)
