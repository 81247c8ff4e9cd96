"""HTTP: a municipality offers seats for a call being drafted; the Technopark and the province read them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.seat_offers import commands, queries
from applicant.seat_offers.domain import OfferState, SeatOffersClosed
from applicant.seat_offers.queries import SeatOfferView, SeatSurveyView
from common.auth import Principal
from common.errors import Text
from common.web import (
    MULTI_STATUS,
    Body,
    IfMatch,
    Now,
    Page,
    PageQuery,
    Sheet,
    Tx,
    Upload,
    UploadResult,
    allowed,
    csv_file,
    csv_response,
    problem_responses,
    router,
    uploaded,
    with_etag,
)
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["seat-offers"])

_MUNICIPALITY = "^[0-9]{5}$"
_Proposer = Annotated[Principal, allowed(Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_CLIENT)]
_Reader = Annotated[Principal, allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR)]


class OfferSeats(Body):
    """How many seats of one type a municipality will fund its share of."""

    municipality_code: str = Field(pattern=_MUNICIPALITY)
    type_code: str = Field(pattern="^[A-Z][A-Z0-9_]{0,15}$")
    seats: int = Field(ge=0, le=1000)


_SHEET = Sheet(
    name="seat-offers",
    model=OfferSeats,
    labels={
        "municipality_code": Text(ko="시·군 코드", en="municipality"),
        "type_code": Text(ko="유형", en="type"),
        "seats": Text(ko="정원(개사)", en="seats"),
    },
    example={"municipality_code": "52130", "type_code": "JS1", "seats": 4},
    identity=("municipality_code", "type_code"),
)


@routes.get(
    "/v1/seat-surveys", operation_id="listSeatSurveys", summary="정원 수요조사 목록 (Calls that take seat offers)"
)
async def list_seat_surveys(by: _Reader, tx: Tx, page: PageQuery) -> Page[SeatSurveyView]:
    """작성 중이어서 정원 제안을 받는 공고. Calls being drafted, which take seat offers until they are published."""
    return await queries.list_surveys(tx, page)


@routes.get(
    "/v1/seat-surveys/{call_id}/seat-offers:template",
    operation_id="getSeatOfferTemplate",
    summary="정원 제안 파일 양식 (A CSV of seat offers to fill in)",
    response_class=Response,
    responses=csv_response(_SHEET),
)
async def get_seat_offer_template(call_id: UUID, by: _Proposer, tx: Tx) -> Response:
    """공고의 유형마다 예시 한 줄이 있는 양식. A CSV with an example row for each type of the call."""
    call = await queries.get_draft(tx, call_id)
    examples = [{"municipality_code": by.tenant, "type_code": each.type_code, "seats": 0} for each in call.terms.types]
    return csv_file(_SHEET.template(examples), name=_SHEET.name, title="정원 제안 양식")


@routes.post(
    "/v1/seat-surveys/{call_id}/seat-offers:batch",
    status_code=MULTI_STATUS,
    operation_id="uploadSeatOffers",
    summary="정원 여러 건 제안 (Offer seats of many types)",
    responses=problem_responses(SeatOffersClosed),
)
async def upload_seat_offers(
    call_id: UUID, upload: Annotated[Upload[OfferSeats], uploaded(_SHEET)], by: _Proposer, tx: Tx, now: Now
) -> UploadResult:
    """줄마다 따로 판단합니다. 게시된 공고에는 제안할 수 없습니다.

    Every row is judged by itself. A call that is published takes none.
    """
    call = await commands.open_call(tx, call_id)

    async def propose(row: OfferSeats) -> UUID:
        return await commands.propose_offer(
            tx,
            call,
            municipality_code=row.municipality_code,
            type_code=row.type_code,
            seats=row.seats,
            by=by,
            now=now,
        )

    return await upload.each(propose)


@routes.get("/v1/seat-offers", operation_id="listSeatOffers", summary="정원 제안 목록 (List seat offers)")
async def list_seat_offers(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    call_id: UUID | None = None,
    municipality_code: Annotated[str | None, Query(pattern=_MUNICIPALITY)] = None,
    state: Annotated[list[OfferState] | None, Query(description="Repeat it for any of several.")] = None,
) -> Page[SeatOfferView]:
    """볼 수 있는 정원 제안: 시·군은 자기 것만. Seat offers; a municipality sees its own."""
    return await queries.list_offers(
        tx, page, by=by, call_id=call_id, municipality_code=municipality_code, state=state or ()
    )


@routes.get("/v1/seat-offers/{seat_offer_id}", operation_id="getSeatOffer", summary="정원 제안 조회 (One seat offer)")
async def get_seat_offer(seat_offer_id: UUID, by: _Reader, tx: Tx, response: Response) -> SeatOfferView:
    """정원 제안 하나와, 결정에 필요한 ETag. One seat offer, with the ETag that a decision needs."""
    return with_etag(await queries.get_offer(tx, seat_offer_id, by=by), response)


@routes.post(
    "/v1/seat-offers/{seat_offer_id}/confirmations",
    status_code=201,
    operation_id="confirmSeatOffer",
    summary="정원 제안 확정 (Confirm another person's seat offer)",
    responses=problem_responses(SeatOffersClosed),
)
async def confirm_seat_offer(
    seat_offer_id: UUID,
    version: Annotated[int, IfMatch()],
    by: Annotated[Principal, allowed(Role.MUNICIPALITY_APPROVER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> SeatOfferView:
    """제안한 사람이 아닌 결재자가 확정합니다. An approver who did not propose it confirms."""
    await commands.confirm_offer(tx, seat_offer_id, version=version, by=by, now=now)
    return with_etag(await queries.get_offer(tx, seat_offer_id, by=by), response)


@routes.post(
    "/v1/seat-offers/{seat_offer_id}/withdrawals",
    status_code=201,
    operation_id="withdrawSeatOffer",
    summary="정원 제안 거두기 (Take a seat offer back)",
    responses=problem_responses(SeatOffersClosed),
)
async def withdraw_seat_offer(
    seat_offer_id: UUID,
    version: Annotated[int, IfMatch()],
    by: Annotated[Principal, allowed(*MUNICIPALITY_ROLES)],
    tx: Tx,
    now: Now,
    response: Response,
) -> SeatOfferView:
    """게시 전에 거둡니다. 확정된 것은 결재자만. Take it back before publication; a confirmed one by an approver."""
    await commands.withdraw_offer(tx, seat_offer_id, version=version, by=by, now=now)
    return with_etag(await queries.get_offer(tx, seat_offer_id, by=by), response)
