"""A campaign that markets the programme, and the letters of intent (참여의향서) that it brings in (domain.md 2.2 B).

A campaign is drafted by one member of the Forum and published by another; from then on its words stay. A firm sends it
one letter inside the window: RECEIVED -> VISIT_ASSIGNED -> CONSULTED. A letter is never a condition of eligibility.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text


class LetterState(StrEnum):
    """How far the Forum has come with a letter."""

    RECEIVED = "RECEIVED"
    VISIT_ASSIGNED = "VISIT_ASSIGNED"
    CONSULTED = "CONSULTED"


@dataclass(frozen=True, slots=True)
class CampaignTerms:
    """What a campaign says, for whom, and when letters are taken. No municipality named means the whole province."""

    title_ko: str
    title_en: str
    body_ko: str
    body_en: str
    municipality_codes: tuple[str, ...]
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign; `drafted_by` and `published_by` are people, issuer and subject."""

    id: UUID
    terms: CampaignTerms
    drafted_by: str
    drafted_at: datetime
    published_by: str | None = None
    published_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """What a firm says of itself: the Forum sees this and no other figure of it."""

    company_name: str
    municipality_code: str
    annual_sales_won: int
    employees: int
    wishes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One firm's letter to one campaign."""

    id: UUID
    campaign_id: UUID
    company_id: UUID
    facts: LetterFacts
    state: LetterState
    received_at: datetime
    version: int = 1


class CampaignNotFound(NotFound):
    code = "campaign-not-found"
    title = Text("홍보 캠페인을 찾을 수 없습니다", "There is no such campaign")
    detail = Text(
        "캠페인 번호를 확인해 주세요. 게시되지 않은 캠페인은 상생협의회와 담당자만 볼 수 있습니다.",
        "Check the campaign's id. A draft is shown to the Forum and the programme's staff only.",
    )


class CampaignWindowEmpty(InvalidInput):
    code = "campaign-window-empty"
    title = Text("접수 기간이 올바르지 않습니다", "The window is empty")
    detail = Text(
        "접수 마감은 접수 시작보다 뒤여야 합니다. 저장된 것은 없습니다.",
        "Letters must close after they open. Nothing was stored.",
    )


class CampaignHasChanged(StaleVersion):
    code = "campaign-has-changed"
    title = Text("캠페인이 그 사이에 바뀌었습니다", "The campaign has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class CampaignAlreadyPublished(RuleRefused):
    code = "campaign-already-published"
    title = Text("이미 게시된 캠페인입니다", "The campaign is published already")
    detail = Text("게시된 캠페인은 바뀌지 않습니다.", "A published campaign stays as it is.")


class CampaignOwnDraft(NotPermitted):
    code = "campaign-own-draft"
    title = Text("작성자는 게시할 수 없습니다", "Who drafted it cannot publish it")
    detail = Text(
        "상생협의회의 다른 위원이 게시해야 합니다. 바뀐 것은 없습니다.",
        "Another member of the Forum publishes it. Nothing was changed.",
    )


class LetterWindowClosed(RuleRefused):
    """Before the window or after it; 17:00:00 for an end at 17:00 is after it."""

    code = "letter-window-closed"
    title = Text("참여의향서 접수 기간이 아닙니다", "Letters of intent are not taken now")
    detail = Text(
        "이 캠페인은 {opens_at}부터 {closes_at} 전까지 참여의향서를 받습니다. 저장된 것은 없습니다."
        " 참여의향서가 없어도 모집공고에 신청할 수 있습니다.",
        "This campaign takes letters from {opens_at} until before {closes_at}. Nothing was stored. A firm without a"
        " letter may still apply to the call.",
    )


class CampaignElsewhere(RuleRefused):
    code = "campaign-elsewhere"
    title = Text("이 캠페인의 대상 지역이 아닙니다", "The campaign is for other municipalities")
    detail = Text(
        "{municipality_code}에 있는 사업장은 이 캠페인의 대상이 아닙니다. 저장된 것은 없습니다.",
        "A plant in {municipality_code} is not one this campaign is for. Nothing was stored.",
    )


class LetterAlreadySent(RuleRefused):
    code = "letter-already-sent"
    title = Text("이미 참여의향서를 냈습니다", "The firm has sent its letter already")
    detail = Text(
        "캠페인마다 기업당 한 번만 받습니다. 새로 저장된 것은 없습니다.",
        "A campaign takes one letter per firm. Nothing was stored.",
    )


class LetterNotFound(NotFound):
    code = "letter-not-found"
    title = Text("참여의향서를 찾을 수 없습니다", "There is no such letter of intent")
    detail = Text("참여의향서 번호를 확인해 주세요.", "Check the letter's id.")


class LetterHasChanged(StaleVersion):
    code = "letter-has-changed"
    title = Text("참여의향서가 그 사이에 바뀌었습니다", "The letter has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class VisitAlreadyAssigned(RuleRefused):
    code = "visit-already-assigned"
    title = Text("이미 방문이 배정되었습니다", "A visit is assigned already")
    detail = Text("이 참여의향서의 상태는 {state}입니다.", "The letter is {state}. Nothing was changed.")


def draft_campaign(terms: CampaignTerms, *, campaign_id: UUID, by: str, now: datetime) -> Campaign:
    """Begin a campaign; nobody outside sees it yet."""
    if terms.opens_at >= terms.closes_at:
        raise CampaignWindowEmpty(field="/closes_at")
    return Campaign(id=campaign_id, terms=terms, drafted_by=by, drafted_at=now)


def publish_campaign(campaign: Campaign, *, read_version: int, by: str, now: datetime) -> Campaign:
    """Let everybody see it."""
    if campaign.version != read_version:
        raise CampaignHasChanged(current_version=campaign.version)
    if campaign.published_at is not None:
        raise CampaignAlreadyPublished
    if campaign.drafted_by == by:
        raise CampaignOwnDraft
    return replace(campaign, published_by=by, published_at=now)


def send_letter(campaign: Campaign, facts: LetterFacts, *, letter_id: UUID, company_id: UUID, now: datetime) -> Letter:
    """Take a firm's letter inside the campaign's window, which is half-open."""
    terms = campaign.terms
    if campaign.published_at is None:
        raise CampaignNotFound
    if not terms.opens_at <= now < terms.closes_at:
        raise LetterWindowClosed(opens_at=terms.opens_at.isoformat(), closes_at=terms.closes_at.isoformat())
    if terms.municipality_codes and facts.municipality_code not in terms.municipality_codes:
        raise CampaignElsewhere(municipality_code=facts.municipality_code)
    return Letter(
        id=letter_id,
        campaign_id=campaign.id,
        company_id=company_id,
        facts=facts,
        state=LetterState.RECEIVED,
        received_at=now,
    )


def assign_letter(letter: Letter, *, read_version: int) -> Letter:
    """Somebody will visit the firm."""
    if letter.version != read_version:
        raise LetterHasChanged(current_version=letter.version)
    if letter.state is not LetterState.RECEIVED:
        raise VisitAlreadyAssigned(state=letter.state)
    return replace(letter, state=LetterState.VISIT_ASSIGNED)


def consult_letter(letter: Letter) -> Letter:
    """The visit was made and reported."""
    return replace(letter, state=LetterState.CONSULTED)
