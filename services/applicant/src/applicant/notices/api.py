"""HTTP: a firm reads its notices and says where they go; the operator sees what could not be delivered."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.companies import queries as companies
from applicant.companies.queries import CompanyView
from applicant.notices import commands, queries
from applicant.notices.queries import NoticeKind, NoticeState, NoticeView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["notices"])

_Reader = Annotated[Principal, allowed(*sorted(COMPANY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)]


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
