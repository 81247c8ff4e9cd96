"""HTTP: the Forum's campaigns are read by everybody, and firms answer them with letters of intent."""

from datetime import UTC
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import AwareDatetime, Field

from applicant.forum import queries
from applicant.forum.commands import campaigns as commands
from applicant.forum.queries import CampaignView, LetterState, LetterView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, anyone, etag, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import municipality

routes = router(tags=["forum"])

_Title = Annotated[str, Field(min_length=1, max_length=200)]
_Text = Annotated[str, Field(min_length=1, max_length=4000)]
_Code = Annotated[str, Field(pattern="^[0-9]{5}$")]
_Forum = Annotated[Principal, allowed(Role.FORUM_MEMBER)]
_Firm = Annotated[Principal, allowed(*sorted(COMPANY_ROLES))]
_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.FORUM_MEMBER,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]


class DraftCampaign(Body):
    """What the campaign says, and when letters are taken; without municipalities it is for the whole province."""

    title_ko: _Title
    title_en: _Title
    body_ko: _Text
    body_en: _Text
    municipality_codes: list[_Code] = Field(default_factory=list, max_length=14)
    opens_at: AwareDatetime
    closes_at: AwareDatetime


class SendLetter(Body):
    """Name, sales and headcount, where the plant is, and what the firm wishes for."""

    company_name: _Title
    municipality_code: _Code
    annual_sales_won: int = Field(ge=0, le=10**15)
    employees: int = Field(ge=0, le=1_000_000)
    wishes: str = Field("", max_length=1000)


@routes.post(
    "/v1/campaigns", status_code=201, operation_id="draftCampaign", summary="홍보 캠페인 작성 (Draft a campaign)"
)
async def draft_campaign(body: DraftCampaign, by: _Forum, tx: Tx, now: Now, response: Response) -> CampaignView:
    """상생협의회 위원이 작성하고 다른 위원이 게시합니다. Drafted by a member of the Forum, published by another."""
    codes = tuple(
        sorted({str(municipality(code, field="/municipality_codes").code) for code in body.municipality_codes})
    )
    terms = commands.CampaignTerms(
        body.title_ko,
        body.title_en,
        body.body_ko,
        body.body_en,
        codes,
        body.opens_at.astimezone(UTC),
        body.closes_at.astimezone(UTC),
    )
    campaign_id = await commands.draft_campaign(tx, terms, by=by, now=now)
    return with_etag(await queries.view_campaign(tx, campaign_id, by=by), response)


@routes.post(
    "/v1/campaigns/{campaign_id}/publications",
    status_code=201,
    operation_id="publishCampaign",
    summary="홍보 캠페인 게시 (Publish another member's campaign)",
)
async def publish_campaign(
    campaign_id: UUID, by: _Forum, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> CampaignView:
    """게시하면 누구나 볼 수 있고 바뀌지 않습니다. From here everybody sees it and it stays."""
    await commands.publish_campaign(tx, campaign_id, read_version=version, by=by, now=now)
    return with_etag(await queries.view_campaign(tx, campaign_id, by=by), response)


@routes.get("/v1/campaigns", operation_id="listCampaigns", summary="홍보 캠페인 목록 (List campaigns)")
async def list_campaigns(by: Annotated[Principal | None, anyone()], tx: Tx, page: PageQuery) -> Page[CampaignView]:
    """게시된 캠페인. 초안은 상생협의회와 담당자에게만 보입니다. Campaigns; drafts for the Forum and the staff."""
    return await queries.list_campaigns(tx, page, by=by)


@routes.get("/v1/campaigns/{campaign_id}", operation_id="getCampaign", summary="홍보 캠페인 조회 (Read a campaign)")
async def get_campaign(
    campaign_id: UUID, by: Annotated[Principal | None, anyone()], tx: Tx, response: Response
) -> CampaignView:
    """캠페인 하나와, 게시에 필요한 ETag. One campaign, with the ETag that a publication needs."""
    return with_etag(await queries.view_campaign(tx, campaign_id, by=by), response)


@routes.post(
    "/v1/campaigns/{campaign_id}/letters",
    status_code=201,
    operation_id="sendLetterOfIntent",
    summary="참여의향서 제출 (Send a letter of intent)",
)
async def send_letter(
    campaign_id: UUID, body: SendLetter, by: _Firm, tx: Tx, now: Now, response: Response
) -> LetterView:
    """접수 기간 안에 기업당 한 번 냅니다. 신청 자격과는 관계가 없습니다.

    One letter per firm inside the window; whether a firm may apply does not depend on it.
    """
    code = str(municipality(body.municipality_code, field="/municipality_code").code)
    facts = commands.LetterFacts(body.company_name, code, body.annual_sales_won, body.employees, body.wishes)
    letter_id = await commands.send_letter(tx, campaign_id, facts, by=by, now=now)
    return _letter(await queries.view_letter(tx, letter_id, by=by), response)


@routes.get("/v1/letters", operation_id="listLetters", summary="참여의향서 목록 (List letters of intent)")
async def list_letters(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    campaign_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[LetterState | None, Query()] = None,
) -> Page[LetterView]:
    """기업은 자기 것, 시·군은 관내, 상생협의회는 모두. A firm its own, a municipality its area's, the Forum all."""
    return await queries.list_letters(tx, page, by=by, campaign_id=campaign_id, state=state)


@routes.get("/v1/letters/{letter_id}", operation_id="getLetter", summary="참여의향서 조회 (Read a letter of intent)")
async def get_letter(letter_id: UUID, by: _Reader, tx: Tx, response: Response) -> LetterView:
    """참여의향서 하나와, 방문 배정에 필요한 ETag. One letter, with the ETag that assigning a visit needs."""
    return _letter(await queries.view_letter(tx, letter_id, by=by), response)


def _letter(view: LetterView, response: Response) -> LetterView:
    etag(response, view.version)
    return view
