"""The table of split rules: one row per version, which never changes once confirmed."""

from datetime import date, datetime
from typing import TypedDict

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import BasisPoints, Source
from funding.splits.domain import RuleState, SourceRate, SplitRule, SplitRuleExists, SplitRuleUnknown
from funding.tables import Tables


class StoredRate(TypedDict):
    """One source's rate as it lies in the row."""

    source: str
    rate_bp: int
    capped: bool


class SplitRuleRow(Tables):
    """Two different people are a CHECK, and a confirmed row refuses every change by trigger."""

    __tablename__ = "split_rule"

    version: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    rates: Mapped[list[StoredRate]] = mapped_column(JSONB)
    valid_from: Mapped[date]
    source_note: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]


async def add(tx: Transaction, rule: SplitRule) -> None:
    """Store a proposal; raises SplitRuleExists when the version is taken."""
    added = await tx.execute(
        insert(SplitRuleRow)
        .values(
            version=rule.version,
            title=rule.title,
            rates=[StoredRate(source=rate.source, rate_bp=rate.rate_bp, capped=rate.capped) for rate in rule.rates],
            valid_from=rule.valid_from,
            source_note=rule.source_note,
            state=rule.state,
            proposed_by=rule.proposed_by,
            proposed_at=rule.proposed_at,
        )
        .on_conflict_do_nothing()
        .returning(SplitRuleRow.version)
    )
    if added.one_or_none() is None:
        raise SplitRuleExists(version=rule.version)


async def get(tx: Transaction, version: str, *, lock: bool = False) -> SplitRule:
    """One version; with `lock` it stays as read until commit. Raises SplitRuleUnknown."""
    statement = select(*SplitRuleRow.__table__.columns).where(SplitRuleRow.version == version)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).one_or_none()
    if row is None:
        raise SplitRuleUnknown(version=version)
    return SplitRule(
        version=row.version,
        title=row.title,
        rates=tuple(
            SourceRate(Source(rate["source"]), BasisPoints(rate["rate_bp"]), rate["capped"]) for rate in row.rates
        ),
        valid_from=row.valid_from,
        source_note=row.source_note,
        state=RuleState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
    )


async def save_confirmed(tx: Transaction, rule: SplitRule) -> None:
    """Store a confirmation of a rule that this transaction has locked."""
    await tx.execute(
        update(SplitRuleRow)
        .where(SplitRuleRow.version == rule.version)
        .values(state=rule.state, confirmed_by=rule.confirmed_by, confirmed_at=rule.confirmed_at)
    )
