"""Seat offers in PostgreSQL; a partial unique index keeps one standing offer per call, municipality and type."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.seat_offers.domain import OfferState, SeatOffer, SeatOfferExists, SeatOfferUnknown
from applicant.tables import Tables
from common.db import Transaction
from contracts.types import MunicipalityCode


class SeatOfferRow(Tables):
    __tablename__ = "seat_offer"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    municipality_code: Mapped[str]
    type_code: Mapped[str]
    seats: Mapped[int]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int]


Index(
    "seat_offer_one_standing_idx",
    SeatOfferRow.call_id,
    SeatOfferRow.municipality_code,
    SeatOfferRow.type_code,
    unique=True,
    postgresql_where=SeatOfferRow.state != OfferState.WITHDRAWN.value,
)

_COLUMNS = SeatOfferRow.__table__.columns


async def add(tx: Transaction, offer: SeatOffer) -> None:
    """Store a proposal; raises SeatOfferExists when the municipality's offer of that type stands."""
    added = await tx.execute(
        insert(SeatOfferRow)
        .values(
            id=offer.id,
            call_id=offer.call_id,
            municipality_code=offer.municipality_code,
            type_code=offer.type_code,
            seats=offer.seats,
            state=offer.state,
            proposed_by=offer.proposed_by,
            proposed_at=offer.proposed_at,
            version=offer.version,
        )
        .on_conflict_do_nothing()
        .returning(SeatOfferRow.id)
    )
    if added.one_or_none() is None:
        raise SeatOfferExists(municipality_code=offer.municipality_code, type_code=offer.type_code)


async def call_of(tx: Transaction, offer_id: UUID, *, municipality_code: str) -> UUID:
    """The call of one of a municipality's own offers; raises SeatOfferUnknown."""
    found = await tx.execute(
        select(SeatOfferRow.call_id).where(
            SeatOfferRow.id == offer_id, SeatOfferRow.municipality_code == municipality_code
        )
    )
    call_id: UUID | None = found.scalar_one_or_none()
    if call_id is None:
        raise SeatOfferUnknown(seat_offer_id=offer_id)
    return call_id


async def get_locked(tx: Transaction, offer_id: UUID) -> SeatOffer:
    """One offer that stays as read until commit."""
    row = (await tx.execute(select(*_COLUMNS).where(SeatOfferRow.id == offer_id).with_for_update())).one()
    return SeatOffer(
        id=row.id,
        call_id=row.call_id,
        municipality_code=MunicipalityCode(row.municipality_code),
        type_code=row.type_code,
        seats=row.seats,
        state=OfferState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
        version=row.version,
    )


async def save_decided(tx: Transaction, offer: SeatOffer) -> None:
    """Store what became of an offer that this transaction has locked."""
    await tx.execute(
        update(SeatOfferRow)
        .where(SeatOfferRow.id == offer.id)
        .values(
            state=offer.state, confirmed_by=offer.confirmed_by, confirmed_at=offer.confirmed_at, version=offer.version
        )
    )


async def confirmed_of(tx: Transaction, call_id: UUID) -> dict[tuple[str, str], int]:
    """The confirmed seats of a call by municipality and type."""
    rows = await tx.execute(
        select(SeatOfferRow.municipality_code, SeatOfferRow.type_code, SeatOfferRow.seats).where(
            SeatOfferRow.call_id == call_id, SeatOfferRow.state == OfferState.CONFIRMED.value
        )
    )
    return {(row.municipality_code, row.type_code): row.seats for row in rows}
