"""Closed waves: a row for each, which never changes. No rebuild touches them, since each was told outside."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction, one_of
from metrics.tables import Tables
from metrics.wave_closings.domain import WaveClosing


class WaveClosingRow(Tables):
    """The key keeps a second closing away, whoever else closes at the same moment."""

    __tablename__ = "outcome_wave_closing"
    __table_args__ = (
        CheckConstraint("wave IN ('COMPLETION', 'YEAR_1', 'YEAR_2', 'YEAR_3')", name="wave"),
        CheckConstraint("response IN ('RESPONDED', 'NO_RESPONSE')", name="response"),
        UniqueConstraint("event_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    wave: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    municipality_code: Mapped[str]
    due_on: Mapped[date]
    ended_at: Mapped[datetime]
    response: Mapped[str]
    rule_version: Mapped[str]


async def closed_of(tx: Transaction, project_ids: Collection[UUID]) -> frozenset[tuple[UUID, str]]:
    """Which waves of these projects are closed."""
    row = WaveClosingRow
    found = await tx.execute(select(row.project_id, row.wave).where(one_of(row.project_id, project_ids)))
    return frozenset((each.project_id, each.wave) for each in found)


async def add(tx: Transaction, closings: Sequence[WaveClosing]) -> frozenset[str]:
    """Store those of one project that are not closed yet; tells of which waves it was this one who did."""
    values = [
        {each.name: getattr(closing, each.name) for each in fields(closing)} | {"event_id": closing.event_id}
        for closing in closings
    ]
    if not values:
        return frozenset()
    added = await tx.execute(
        insert(WaveClosingRow)
        .values(values)
        .on_conflict_do_nothing(index_elements=[WaveClosingRow.project_id, WaveClosingRow.wave])
        .returning(WaveClosingRow.wave)
    )
    return frozenset(added.scalars())
