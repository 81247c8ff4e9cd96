"""What a municipality does with its seat offers. All of it holds the call, so that none of it meets a publication."""

from datetime import datetime
from uuid import UUID

from applicant.calls.queries import Call, CallState, hold_call
from applicant.seat_offers import domain, store
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from contracts.roles import Role


async def open_call(tx: Transaction, call_id: UUID) -> Call:
    """The call of these offers, held as a draft until commit; raises CallNotFound or SeatOffersClosed."""
    call = await hold_call(tx, call_id)
    if call.state is not CallState.DRAFT:
        raise domain.SeatOffersClosed
    return call


async def propose_offer(
    tx: Transaction, call: Call, *, municipality_code: str, type_code: str, seats: int, by: Principal, now: datetime
) -> UUID:
    """Offer seats of one type of a call that is held; it counts once somebody else has confirmed it."""
    offer = domain.propose_offer(
        offer_id=new_id(),
        call_id=call.id,
        types=[each.type_code for each in call.terms.types],
        municipality_code=municipality_code,
        type_code=type_code,
        seats=seats,
        by=by.person,
        at=now,
    )
    if offer.municipality_code != by.tenant:
        raise domain.SeatOfferNotYours
    await store.add(tx, offer)
    await _journal(tx, offer, "seat-offer-proposed", by=by, now=now)
    return offer.id


async def confirm_offer(tx: Transaction, offer_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Confirm another's proposal of one's own municipality."""
    offer = await _held(tx, offer_id, by)
    confirmed = domain.confirm_offer(offer, version=version, by=by.person, at=now)
    await store.save_decided(tx, confirmed)
    await _journal(tx, confirmed, "seat-offer-confirmed", by=by, now=now)


async def withdraw_offer(tx: Transaction, offer_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Take back an offer of one's own municipality."""
    offer = await _held(tx, offer_id, by)
    withdrawn = domain.withdraw_offer(offer, version=version, by_approver=by.role == Role.MUNICIPALITY_APPROVER)
    await store.save_decided(tx, withdrawn)
    await _journal(tx, withdrawn, "seat-offer-withdrawn", by=by, now=now)


async def _held(tx: Transaction, offer_id: UUID, by: Principal) -> domain.SeatOffer:
    # The call before the offer, as everywhere: a publication that holds the call waits for nobody who waits for it.
    await open_call(tx, await store.call_of(tx, offer_id, municipality_code=by.tenant or ""))
    return await store.get_locked(tx, offer_id)


async def _journal(tx: Transaction, offer: domain.SeatOffer, decision: str, *, by: Principal, now: datetime) -> None:
    await journal.record(
        tx,
        chain=f"seat-offer/{offer.id}",
        decision=decision,
        by=by,
        at=now,
        facts={
            "call_id": str(offer.call_id),
            "municipality_code": offer.municipality_code,
            "type_code": offer.type_code,
            "seats": offer.seats,
            "version": offer.version,
        },
    )
