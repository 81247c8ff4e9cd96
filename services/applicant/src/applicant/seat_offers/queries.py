"""Reading seat offers: a municipality sees its own, the province, the Technopark and the auditor see all."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from applicant.calls.queries import Call, Moment, get_draft, list_drafts
from applicant.seat_offers import store
from applicant.seat_offers.domain import OfferState, SeatOfferUnknown
from applicant.seat_offers.store import SeatOfferRow
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of
from contracts.roles import MUNICIPALITY_ROLES

__all__ = ["confirmed_seats", "get_draft", "get_offer", "list_offers", "list_surveys"]

confirmed_seats = store.confirmed_of
"""The confirmed seats of a call by municipality and type: what its seat lines may not go above."""


class SurveyTypeView(View):
    type_code: str
    cap_won: int


class SeatSurveyView(View):
    """A call being drafted, as far as a municipality needs it to say how many seats it will fund."""

    call_id: UUID
    track: str
    title_ko: str
    title_en: str
    fiscal_year: int
    opens_at: Moment
    closes_at: Moment
    types: list[SurveyTypeView]


class SeatOfferView(View):
    """So many seats of one type that one municipality funds its share of; only a confirmed offer counts."""

    id: UUID
    call_id: UUID
    municipality_code: str
    type_code: str
    seats: int
    state: OfferState
    proposed_at: Moment
    confirmed_at: Moment | None
    version: int


_OFFERS = select(*SeatOfferRow.__table__.columns)


async def list_surveys(tx: Transaction, page: PageRequest) -> Page[SeatSurveyView]:
    """The calls that take seat offers now, newest first."""
    drafts, turns = await list_drafts(tx, page)
    return Page[SeatSurveyView](items=[_survey(call) for call in drafts], **turns)


async def get_offer(tx: Transaction, offer_id: UUID, *, by: Principal) -> SeatOfferView:
    """One offer, or SeatOfferUnknown when it is not the caller's to see."""
    row = (await tx.execute(_OFFERS.where(SeatOfferRow.id == offer_id, _visible(by)))).one_or_none()
    if row is None:
        raise SeatOfferUnknown(seat_offer_id=offer_id)
    return SeatOfferView.model_validate(row)


async def list_offers(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    call_id: UUID | None,
    municipality_code: str | None,
    state: Collection[OfferState],
) -> Page[SeatOfferView]:
    """The offers the caller may see, oldest first."""
    statement = _OFFERS.where(_visible(by))
    if call_id is not None:
        statement = statement.where(SeatOfferRow.call_id == call_id)
    if municipality_code is not None:
        statement = statement.where(SeatOfferRow.municipality_code == municipality_code)
    if state:
        statement = statement.where(SeatOfferRow.state.in_([each.value for each in state]))
    return await page_of(SeatOfferView, tx, statement, page, by=[SeatOfferRow.id])


def _survey(call: Call) -> SeatSurveyView:
    terms = call.terms
    return SeatSurveyView(
        call_id=call.id,
        track=terms.track.value,
        title_ko=terms.title_ko,
        title_en=terms.title_en,
        fiscal_year=terms.fiscal_year,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        types=[SurveyTypeView(type_code=each.type_code, cap_won=each.cap_won) for each in terms.types],
    )


def _visible(by: Principal) -> ColumnElement[bool]:
    return SeatOfferRow.municipality_code == by.tenant if by.role in MUNICIPALITY_ROLES else true()
