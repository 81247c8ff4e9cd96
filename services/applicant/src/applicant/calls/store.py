"""Calls in PostgreSQL: the terms as one document, with the columns that queries need beside it.

A trigger in the database refuses every change of a published call, whoever asks.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.calls.domain import (
    Call,
    CallHasChanged,
    CallNotFound,
    CallState,
    CallTerms,
    Publication,
)
from applicant.tables import Tables
from common.data_files import json_files
from common.db import Transaction
from common.versions import save_next_row

_PUBLISHED_TOGETHER = (
    "(state = 'PUBLISHED') = (published_at IS NOT NULL AND published_by IS NOT NULL"
    " AND committee_date IS NOT NULL AND committee_resolution_number IS NOT NULL)"
)

_SCREENING_RULES = frozenset(json_files("applicant", "screening_rules"))

_MOST_REMEMBERED = 256
_published: dict[UUID, Call] = {}


class CallRow(Tables):
    __tablename__ = "call"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    track: Mapped[str]
    fiscal_year: Mapped[int]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    terms: Mapped[dict[str, Any]]
    proposers: Mapped[list[str]]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    committee_date: Mapped[date | None]
    committee_resolution_number: Mapped[str | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("state IN ('DRAFT', 'PUBLISHED')", name="state"),
        CheckConstraint("track IN ('A', 'B')", name="track"),
        CheckConstraint("opens_at < closes_at", name="window"),
        CheckConstraint(_PUBLISHED_TOGETHER, name="publication"),
        CheckConstraint("published_by <> ALL (proposers)", name="two_people"),
    )


async def add_call(tx: Transaction, call: Call) -> None:
    """Store a new draft."""
    await tx.execute(insert(CallRow).values(id=call.id, version=call.version, **_columns(call)))


async def get_published(tx: Transaction, call_id: UUID) -> Call:
    """One published call; raises CallNotFound. Read once per process: the database lets nobody change it any more."""
    call = _published.get(call_id)
    if call is None:
        call = await get_call(tx, call_id)
        if call.state is not CallState.PUBLISHED:
            raise CallNotFound
        if len(_published) >= _MOST_REMEMBERED:
            _published.clear()
        _published[call_id] = call
    return call


async def get_call(tx: Transaction, call_id: UUID, *, lock: bool = False) -> Call:
    """One call, draft or published; raises CallNotFound."""
    statement = select(*CallRow.__table__.columns).where(CallRow.id == call_id)
    found = await tx.execute(statement.with_for_update() if lock else statement)
    row = found.mappings().one_or_none()
    if row is None:
        raise CallNotFound
    return call_from(row)


async def hold_call(tx: Transaction, call_id: UUID) -> Call:
    """One call that stays as read until commit, for those who only rest on it; raises CallNotFound."""
    statement = select(*CallRow.__table__.columns).where(CallRow.id == call_id).with_for_update(read=True)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CallNotFound
    return call_from(row)


async def save_call(tx: Transaction, call: Call) -> Call:
    """Write the call as its next version; raises CallHasChanged when somebody else was first."""
    row = await save_next_row(tx, CallRow, call.id, call.version, _columns(call))
    if row is None:
        raise CallHasChanged(current_version=(await get_call(tx, call.id)).version)
    return call_from(row)


def known_screening_rule_versions() -> frozenset[str]:
    """The versions of the screening rules that this installation carries as data."""
    return _SCREENING_RULES


def call_from(row: RowMapping) -> Call:
    """A call out of its columns."""
    publication = None
    if row["state"] == CallState.PUBLISHED:
        publication = Publication(
            row["published_at"], row["published_by"], row["committee_date"], row["committee_resolution_number"]
        )
    return Call(
        id=row["id"],
        terms=msgspec.convert(row["terms"], CallTerms),
        state=CallState(row["state"]),
        proposers=tuple(row["proposers"]),
        publication=publication,
        version=row["version"],
    )


def _columns(call: Call) -> dict[str, object]:
    publication = call.publication
    return {
        "state": call.state.value,
        "track": call.terms.track.value,
        "fiscal_year": call.terms.fiscal_year,
        "opens_at": call.terms.opens_at,
        "closes_at": call.terms.closes_at,
        "terms": msgspec.to_builtins(call.terms),
        "proposers": list(call.proposers),
        "published_at": publication and publication.published_at,
        "published_by": publication and publication.published_by,
        "committee_date": publication and publication.committee_date,
        "committee_resolution_number": publication and publication.committee_resolution_number,
    }
