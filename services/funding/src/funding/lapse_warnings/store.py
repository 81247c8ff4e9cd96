"""Looks at lines before a year ends: one a line, year and stage, which never changes; and the rules as data."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.data_files import json_files
from common.db import Transaction
from funding.lapse_warnings.domain import KST, LapseRules, LapseWarning
from funding.tables import Tables

_RULES = [msgspec.json.decode(content, type=LapseRules) for content in json_files("funding", "lapse_rules").values()]


class LapseWarningRow(Tables):
    """The key keeps a second look of one stage away, whoever else looks at the same moment."""

    __tablename__ = "lapse_warning"

    budget_line_id: Mapped[UUID] = mapped_column(ForeignKey("budget_line.id"), primary_key=True)
    lapses_in: Mapped[int] = mapped_column(primary_key=True)
    stage_days: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    municipality_code: Mapped[str | None]
    track: Mapped[str]
    fiscal_year: Mapped[int]
    looked_at: Mapped[datetime]
    uncommitted_won: Mapped[int]
    unpaid_won: Mapped[int]
    carried_won: Mapped[int]
    lapsing_won: Mapped[int]
    rule_version: Mapped[str]

    __table_args__ = (
        CheckConstraint("lapsing_won >= 0 AND stage_days >= 0", name="amounts"),
        Index("lapse_warning_lapses_in_idx", "lapses_in", "stage_days"),
    )


def rules_in_force(now: datetime) -> LapseRules:
    """The newest version whose first day in Korea has come."""
    day = now.astimezone(KST).date()
    return max((each for each in _RULES if each.valid_from <= day), key=lambda each: each.valid_from)


async def looked_at(tx: Transaction, *, lapses_in: int, stage_days: int) -> frozenset[UUID]:
    """The lines that were looked at before a year's end for this stage, or for one nearer to it."""
    statement = select(LapseWarningRow.budget_line_id).where(
        LapseWarningRow.lapses_in == lapses_in, LapseWarningRow.stage_days <= stage_days
    )
    return frozenset((await tx.execute(statement)).scalars())


async def add(tx: Transaction, looks: Sequence[LapseWarning]) -> frozenset[UUID]:
    """Store what was found; tells of which lines it was this one who did."""
    values = [{each.name: getattr(look, each.name) for each in fields(look)} for look in looks]
    added = await tx.execute(
        insert(LapseWarningRow).values(values).on_conflict_do_nothing().returning(LapseWarningRow.budget_line_id)
    )
    return frozenset(added.scalars())
