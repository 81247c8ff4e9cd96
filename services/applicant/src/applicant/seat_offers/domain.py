"""A municipality's offer of seats for one type of a call: who may make, confirm and take it back, and until when."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import MunicipalityCode, municipality


class OfferState(StrEnum):
    """Only a confirmed offer counts when the call is published."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"


class SeatOfferUnknown(NotFound):
    """There is no such offer, or it is another municipality's."""

    code = "seat-offer-unknown"
    title = Text("정원 제안을 찾을 수 없습니다", "No such seat offer")
    detail = Text("정원 제안 {seat_offer_id}을(를) 찾을 수 없습니다.", "There is no seat offer {seat_offer_id}.")


class SeatOfferExists(RuleRefused):
    """One municipality has one standing offer per type of a call."""

    code = "seat-offer-exists"
    title = Text("이미 낸 정원 제안입니다", "These seats are offered already")
    detail = Text(
        "{municipality_code}의 {type_code} 제안이 이미 있습니다. 새로 저장된 것은 없습니다. 고치려면 먼저 거두세요.",
        "{municipality_code} has offered seats of {type_code} already. Nothing new was stored. To change it, take it "
        "back first.",
    )


class SeatOfferStale(StaleVersion):
    code = "seat-offer-stale"
    title = Text("정원 제안이 그 사이 변경되었습니다", "The seat offer has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class SeatOfferDecided(RuleRefused):
    """The offer is confirmed already, or was taken back."""

    code = "seat-offer-decided"
    title = Text("이미 처리된 정원 제안입니다", "The seat offer is decided already")
    detail = Text("현재 상태는 {state}입니다. 바뀐 것은 없습니다.", "It is {state}. Nothing was changed.")


class SeatOfferOwnProposal(RuleRefused):
    """Whoever proposed an offer tried to confirm it."""

    code = "seat-offer-own-proposal"
    title = Text("제안자는 확정할 수 없습니다", "The proposer cannot confirm")
    detail = Text(
        "제안한 사람은 확정할 수 없습니다. 다른 결재자가 확정해야 합니다.",
        "Whoever proposed the offer cannot confirm it; another person must.",
    )


class SeatOfferNotYours(NotPermitted):
    """A municipality offers its own seats only."""

    code = "seat-offer-not-yours"
    title = Text("다른 시·군의 정원입니다", "These seats are another municipality's")
    detail = Text(
        "자기 시·군의 정원만 제안할 수 있습니다. 저장된 것은 없습니다.",
        "A municipality offers its own seats only. Nothing was stored.",
    )


class ConfirmedOfferIsTheApprovers(NotPermitted):
    """What the approver has confirmed, the approver takes back."""

    code = "confirmed-offer-is-the-approvers"
    title = Text("확정된 제안은 결재자만 거둘 수 있습니다", "Only an approver takes a confirmed offer back")
    detail = Text(
        "확정된 정원 제안을 거두려면 시·군 결재자가 처리해야 합니다. 바뀐 것은 없습니다.",
        "The municipality's approver takes a confirmed offer back. Nothing was changed.",
    )


class SeatOffersClosed(RuleRefused):
    """A published call carries its seats and never changes (decisions.md, ownership and flow)."""

    code = "seat-offers-closed"
    title = Text("정원 제안이 끝난 공고입니다", "The call takes no more seat offers")
    detail = Text(
        "이미 게시되어 정원이 정해진 공고입니다. 저장된 것은 없습니다. 바꾸려면 새 공고가 필요합니다.",
        "The call is published and its seats are fixed. Nothing was stored. Other seats need a new call.",
    )


class TypeNotOffered(InvalidInput):
    code = "type-not-in-call"
    title = Text("공고에 없는 유형입니다", "The call has no such type")
    detail = Text("이 공고의 유형: {types}. 저장된 것은 없습니다.", "Its types are {types}. Nothing was stored.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatOffer:
    """So many places of one type that one municipality will fund its share of."""

    id: UUID
    call_id: UUID
    municipality_code: MunicipalityCode
    type_code: str
    seats: int
    state: OfferState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1


def propose_offer(
    *, offer_id: UUID, call_id: UUID, types: Collection[str], municipality_code: str, type_code: str, seats: int,
    by: str, at: datetime,
) -> SeatOffer:  # fmt: skip
    """An offer as one person or machine proposes it; raises TypeNotOffered or UnknownMunicipality."""
    if type_code not in types:
        raise TypeNotOffered(field="/type_code", types=", ".join(types))
    return SeatOffer(
        id=offer_id,
        call_id=call_id,
        municipality_code=municipality(municipality_code, field="/municipality_code").code,
        type_code=type_code,
        seats=seats,
        state=OfferState.PROPOSED,
        proposed_by=by,
        proposed_at=at,
    )


def confirm_offer(offer: SeatOffer, *, version: int, by: str, at: datetime) -> SeatOffer:
    """A second person, who has read this version, promises the municipality's share."""
    _check_version(offer, version)
    if offer.state is not OfferState.PROPOSED:
        raise SeatOfferDecided(state=offer.state)
    if offer.proposed_by == by:
        raise SeatOfferOwnProposal
    return replace(offer, state=OfferState.CONFIRMED, confirmed_by=by, confirmed_at=at, version=offer.version + 1)


def withdraw_offer(offer: SeatOffer, *, version: int, by_approver: bool) -> SeatOffer:
    """Take an offer back while the call is a draft, so that another may stand in its place."""
    _check_version(offer, version)
    if offer.state is OfferState.WITHDRAWN:
        raise SeatOfferDecided(state=offer.state)
    if offer.state is OfferState.CONFIRMED and not by_approver:
        raise ConfirmedOfferIsTheApprovers
    return replace(offer, state=OfferState.WITHDRAWN, version=offer.version + 1)


def _check_version(offer: SeatOffer, version: int) -> None:
    if offer.version != version:
        raise SeatOfferStale(current_version=offer.version)
