"""Published calls as opportunities of the CommonGrants protocol, page by page and one by one."""

from datetime import UTC, date, datetime
from math import ceil
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row

from common.acting import as_service
from common.clock import KST
from common.db import Transaction
from metrics.open_data import store
from metrics.open_data.domain import OpenCallUnknown, OpenDataRule
from metrics.open_data.queries.wording import StandardView
from metrics.progress.queries.cases import count_of_calls, published_calls

_OK = 200


class OpportunityStatus(StandardView):
    """Whether one may apply now."""

    value: Literal["forecasted", "open", "closed"]
    description: str


class OpportunityFunding(StandardView):
    """How many places there are."""

    estimated_award_count: int
    details: str


class OpportunityDate(StandardView):
    """A day and an hour in Korea."""

    name: str
    event_type: Literal["singleDate"] = "singleDate"
    date: date
    time: str = Field(description="Without an offset, as the protocol has it.")
    description: str


class OpportunityTimeline(StandardView):
    """When the window opens and closes: what comes at the hour of its close is late."""

    post_date: OpportunityDate
    close_date: OpportunityDate


class Opportunity(StandardView):
    """One published call. It never changes, so both times are that of its publication.

    Of a call that was heard of before that moment was kept they are that of its window's opening, until a rebuild.
    """

    id: UUID
    title: str
    description: str
    status: OpportunityStatus
    funding: OpportunityFunding
    key_dates: OpportunityTimeline
    created_at: datetime
    last_modified_at: datetime


class OpportunityTurns(StandardView):
    """Which page it is, of how many."""

    page: int
    page_size: int
    total_items: int
    total_pages: int


class Opportunities(StandardView):
    """One page of published calls."""

    status: int
    message: str
    items: list[Opportunity]
    pagination_info: OpportunityTurns


class OneOpportunity(StandardView):
    """One published call."""

    status: int
    message: str
    data: Opportunity


async def list_opportunities(tx: Transaction, *, page: int, page_size: int, now: datetime) -> Opportunities:
    """The latest window first; a page beyond the last is empty."""
    rule = store.rule_in_force(now.astimezone(KST).date())
    statement = published_calls().limit(page_size).offset((page - 1) * page_size)
    async with as_service(tx):
        total = int((await tx.execute(count_of_calls())).scalar_one())
        rows = (await tx.execute(statement)).all()
    return Opportunities(
        status=_OK,
        message="Success",
        items=[_opportunity(row, rule, now) for row in rows],
        pagination_info=OpportunityTurns(
            page=page, page_size=page_size, total_items=total, total_pages=ceil(total / page_size)
        ),
    )


async def get_opportunity(tx: Transaction, call_id: UUID, *, now: datetime) -> OneOpportunity:
    """One of them; raises OpenCallUnknown."""
    rule = store.rule_in_force(now.astimezone(KST).date())
    async with as_service(tx):
        row = (await tx.execute(published_calls(call_id))).one_or_none()
    if row is None:
        raise OpenCallUnknown
    return OneOpportunity(status=_OK, message="Success", data=_opportunity(row, rule, now))


def _opportunity(row: Row[Any], rule: OpenDataRule, now: datetime) -> Opportunity:
    published_at: datetime = (row.published_at or row.opens_at).astimezone(UTC)
    return Opportunity(
        id=row.call_id,
        title=row.title_ko,
        description=f"{rule.funder_name} {row.fiscal_year}: 스마트공장 구축 지원, 트랙 {row.track} (smart factories)",
        status=_status(row.opens_at, row.closes_at, now),
        funding=OpportunityFunding(
            estimated_award_count=row.seats, details="시·군과 유형별 정원의 합 (seats of all municipalities and types)"
        ),
        key_dates=OpportunityTimeline(
            post_date=_moment("접수 시작 (opens)", row.opens_at),
            close_date=_moment("접수 마감 (closes)", row.closes_at),
        ),
        created_at=published_at,
        last_modified_at=published_at,
    )


def _status(opens_at: datetime, closes_at: datetime, now: datetime) -> OpportunityStatus:
    if now < opens_at:
        return OpportunityStatus(value="forecasted", description="접수 전 (not open yet)")
    if now < closes_at:
        return OpportunityStatus(value="open", description="접수 중 (open)")
    return OpportunityStatus(value="closed", description="마감 (closed)")


def _moment(name: str, moment: datetime) -> OpportunityDate:
    here = moment.astimezone(KST)
    return OpportunityDate(
        name=name, date=here.date(), time=here.strftime("%H:%M:%S"), description="한국 시각 (Korean time, UTC+9)"
    )
