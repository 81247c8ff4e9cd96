"""HTTP: calls are drafted by the Technopark, published by the province and read by everybody."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from applicant.calls import commands, queries
from applicant.calls.queries import (
    CallTerms,
    CallView,
    OfferedSeats,
    PanelRule,
    PlannedBudgetLine,
    ProjectType,
    Rate,
    SeatLine,
    TieBreak,
    Track,
)
from common.auth import Principal
from common.db import Transaction
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, anyone, etag, router
from contracts.roles import Role
from contracts.types import RULE_VERSION_PATTERN, BasisPoints, MunicipalityCode, Source, Won

routes = router(tags=["calls"])

_TypeCode = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{0,15}$")]
_Municipality = Annotated[str, Field(pattern="^[0-9]{5}$")]
_Positive = Annotated[int, Field(gt=0)]


class ProjectTypeBody(Body):
    type_code: _TypeCode
    cap_won: _Positive
    max_sales_won: int | None = Field(None, gt=0, description="Sales must be below this (rule R-08).")
    max_employees: int | None = Field(None, gt=0, description="Staff must be fewer than this (rule R-08).")
    first_time_only: bool = False
    min_cost_won: int | None = Field(None, gt=0)


class RateBody(Body):
    source: Source
    rate_bp: int = Field(gt=0, le=10_000)
    capped: bool


class SeatLineBody(Body):
    type_code: _TypeCode
    municipality_code: _Municipality
    seats: int = Field(ge=0, le=1000)


class PlannedBudgetLineBody(Body):
    source: Source
    municipality_code: _Municipality | None = None
    amount_won: int = Field(ge=0)


class PanelRuleBody(Body):
    """Scores are hundredths of a point: a pass mark of 60.00 is 6000."""

    size_min: int = Field(ge=1, le=15)
    trim_from: int = Field(ge=3, le=16, description="From this many scores on, one high and one low are dropped.")
    pass_mark: int = Field(ge=0, le=10_000)
    bonus_cap: int = Field(1200, ge=0, le=10_000)
    tie_break: list[TieBreak] = Field(
        [TieBreak.SITE_SCORE, TieBreak.FIRST_TIMER, TieBreak.EARLIER_SUBMISSION], max_length=3
    )


class CallBody(Body):
    """All that a call promises."""

    track: Track
    title_ko: str = Field(min_length=1, max_length=200)
    title_en: str = Field(min_length=1, max_length=200)
    fiscal_year: int = Field(ge=2018, le=2100)
    opens_at: AwareDatetime
    closes_at: AwareDatetime = Field(description="The first second that is too late.")
    split_rule_version: str = Field(pattern=RULE_VERSION_PATTERN, min_length=1, max_length=50)
    types: list[ProjectTypeBody] = Field(min_length=1, max_length=20)
    rates: list[RateBody] = Field(min_length=1, max_length=5)
    seat_lines: list[SeatLineBody] = Field(min_length=1, max_length=300)
    planned_budget_lines: list[PlannedBudgetLineBody] = Field(max_length=50)
    panel_rule: PanelRuleBody
    screening_rule_version: str = Field(min_length=1, max_length=50)
    supplement_days: int = Field(ge=1, le=60)

    def terms(self) -> CallTerms:
        """The same as the domain says it."""
        return CallTerms(
            track=self.track,
            title_ko=self.title_ko,
            title_en=self.title_en,
            fiscal_year=self.fiscal_year,
            opens_at=self.opens_at.astimezone(UTC),
            closes_at=self.closes_at.astimezone(UTC),
            split_rule_version=self.split_rule_version,
            types=tuple(_project_type(each) for each in self.types),
            rates=tuple(Rate(each.source, BasisPoints(each.rate_bp), each.capped) for each in self.rates),
            seat_lines=tuple(
                SeatLine(each.type_code, MunicipalityCode(each.municipality_code), each.seats)
                for each in self.seat_lines
            ),
            planned_budget_lines=tuple(_budget_line(each) for each in self.planned_budget_lines),
            panel_rule=PanelRule(
                size_min=self.panel_rule.size_min,
                trim_from=self.panel_rule.trim_from,
                pass_mark=self.panel_rule.pass_mark,
                bonus_cap=self.panel_rule.bonus_cap,
                tie_break=tuple(dict.fromkeys(self.panel_rule.tie_break)),
            ),
            screening_rule_version=self.screening_rule_version,
            supplement_days=self.supplement_days,
        )


class PublishCall(Body):
    """The committee's deliberation that must come before (domain.md 2.2 A)."""

    committee_date: date
    committee_resolution_number: str = Field(min_length=1, max_length=50)


@routes.post("/v1/calls", status_code=201, operation_id="draftCall", summary="모집공고 작성 (Draft a call)")
async def draft_call(
    body: CallBody,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    tx: Tx,
    now: Now,
    response: Response,
) -> CallView:
    """공고의 정원, 예산, 분담률, 평가 기준을 초안으로 적습니다. 공고하기 전에는 바꿀 수 있습니다.

    Seats, money, rates and the panel's rules as a draft, which can change until it is published.
    """
    call = await commands.draft_call(tx, body.terms(), by=by, now=now)
    etag(response, call.version)
    return queries.call_view(call)


@routes.put("/v1/calls/{call_id}", operation_id="editCall", summary="작성 중인 공고 수정 (Replace a draft's terms)")
async def edit_call(
    call_id: UUID,
    body: CallBody,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CallView:
    """초안 전체를 새 내용으로 바꿉니다. 공고한 뒤에는 바꿀 수 없습니다. Replaces a draft as a whole."""
    call = await commands.edit_call(tx, call_id, body.terms(), read_version=version, by=by, now=now)
    etag(response, call.version)
    return queries.call_view(call)


@routes.get("/v1/calls", operation_id="listCalls", summary="모집공고 목록 (List calls)")
async def list_calls(
    by: Annotated[Principal | None, anyone()],
    tx: Tx,
    page: PageQuery,
    fiscal_year: Annotated[int | None, Query(ge=2018, le=2100)] = None,
    track: Annotated[Track | None, Query()] = None,
) -> Page[CallView]:
    """공고 목록. 초안은 담당자에게만 보입니다. Calls; drafts are shown to those who work on them."""
    return await queries.list_calls(tx, page, by=by, fiscal_year=fiscal_year, track=track)


@routes.get("/v1/calls/{call_id}", operation_id="getCall", summary="모집공고 조회 (Read a call)")
async def get_call(call_id: UUID, by: Annotated[Principal | None, anyone()], tx: Tx, response: Response) -> CallView:
    """공고 하나와, 결정에 필요한 ETag. One call, with the ETag that a decision needs."""
    view = await queries.view_call(tx, call_id, by=by)
    etag(response, view.version)
    return view


def publishing_routes(offered_seats: Callable[[Transaction, UUID], Awaitable[OfferedSeats]]) -> APIRouter:
    """The route that publishes, with the later feature that knows which seats were offered."""
    routes = router(tags=["calls"])

    @routes.post(
        "/v1/calls/{call_id}/publications",
        status_code=201,
        operation_id="publishCall",
        summary="모집공고 게시 (Publish a call for ever)",
    )
    async def publish_call(
        call_id: UUID,
        body: PublishCall,
        by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
        version: Annotated[int, IfMatch()],
        tx: Tx,
        now: Now,
        response: Response,
    ) -> CallView:
        """제안자와 다른 승인자가 보조금관리위원회 의결을 근거로 공고합니다. 그 뒤로는 아무도 바꿀 수 없습니다.

        Another person publishes it on the committee's resolution; from then on nobody can change it.
        """
        call = await commands.publish_call(
            tx,
            call_id,
            read_version=version,
            committee_date=body.committee_date,
            committee_resolution_number=body.committee_resolution_number,
            offered_seats=offered_seats,
            by=by,
            now=now,
        )
        etag(response, call.version)
        return queries.call_view(call)

    return routes


def _project_type(body: ProjectTypeBody) -> ProjectType:
    return ProjectType(
        type_code=body.type_code,
        cap_won=Won(body.cap_won),
        max_sales_won=None if body.max_sales_won is None else Won(body.max_sales_won),
        max_employees=body.max_employees,
        first_time_only=body.first_time_only,
        min_cost_won=None if body.min_cost_won is None else Won(body.min_cost_won),
    )


def _budget_line(body: PlannedBudgetLineBody) -> PlannedBudgetLine:
    code = None if body.municipality_code is None else MunicipalityCode(body.municipality_code)
    return PlannedBudgetLine(body.source, code, Won(body.amount_won))
