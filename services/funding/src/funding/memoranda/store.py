"""Memoranda in PostgreSQL."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import Source
from funding.memoranda.domain import (
    Memorandum,
    MemorandumExists,
    MemorandumState,
    MemorandumUnknown,
    Obligation,
    ObligationKind,
    Party,
    PartyKind,
)
from funding.tables import Tables


class MemorandumRow(Tables):
    """Two different people are a CHECK, and a confirmed row refuses every change by trigger."""

    __tablename__ = "memorandum"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    signed_on: Mapped[date]
    source_note: Mapped[str]
    parties: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int]


async def add(tx: Transaction, memorandum: Memorandum) -> None:
    """Store a proposal; raises MemorandumExists when its reference is taken."""
    added = await tx.execute(
        insert(MemorandumRow)
        .values(
            id=memorandum.id,
            reference=memorandum.reference,
            title=memorandum.title,
            signed_on=memorandum.signed_on,
            source_note=memorandum.source_note,
            parties=[_stored(party) for party in memorandum.parties],
            state=memorandum.state.value,
            proposed_by=memorandum.proposed_by,
            proposed_at=memorandum.proposed_at,
            version=memorandum.version,
        )
        .on_conflict_do_nothing()
        .returning(MemorandumRow.id)
    )
    if added.one_or_none() is None:
        raise MemorandumExists


async def get_locked(tx: Transaction, memorandum_id: UUID) -> Memorandum:
    """One that stays as read until commit; raises MemorandumUnknown."""
    statement = select(*MemorandumRow.__table__.columns).where(MemorandumRow.id == memorandum_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise MemorandumUnknown(memorandum_id=memorandum_id)
    return _memorandum(row)


async def find_in_force(tx: Transaction, *, on: date) -> UUID | None:
    """The confirmed one that was signed last, by that day in Korea."""
    statement = (
        select(MemorandumRow.id)
        .where(MemorandumRow.state == MemorandumState.CONFIRMED.value, MemorandumRow.signed_on <= on)
        .order_by(MemorandumRow.signed_on.desc(), MemorandumRow.id.desc())
        .limit(1)
    )
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    return found


async def save_confirmed(tx: Transaction, memorandum: Memorandum) -> None:
    """Store the confirmation of one that this transaction has locked."""
    await tx.execute(
        update(MemorandumRow)
        .where(MemorandumRow.id == memorandum.id)
        .values(
            state=memorandum.state.value,
            confirmed_by=memorandum.confirmed_by,
            confirmed_at=memorandum.confirmed_at,
            version=memorandum.version,
        )
    )


def _stored(party: Party) -> dict[str, Any]:
    return {
        "name": party.name,
        "kind": party.kind.value,
        "municipality_code": party.municipality_code,
        "obligations": [
            {"kind": each.kind.value, "source": each.source.value if each.source else None, "text": each.text}
            for each in party.obligations
        ],
    }


def _party(stored: dict[str, Any]) -> Party:
    obligations = tuple(
        Obligation(ObligationKind(each["kind"]), Source(each["source"]) if each["source"] else None, each["text"])
        for each in stored["obligations"]
    )
    return Party(stored["name"], PartyKind(stored["kind"]), stored["municipality_code"], obligations)


def _memorandum(row: RowMapping) -> Memorandum:
    parties = tuple(_party(stored) for stored in row["parties"])
    return Memorandum(**{**row, "parties": parties, "state": MemorandumState(row["state"])})
