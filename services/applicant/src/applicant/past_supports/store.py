"""Past supports in PostgreSQL; a partial unique index keeps each of them once."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, RowMapping, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.past_supports.domain import PastSupport, PastSupportHasChanged, PastSupportNotFound, SupportFacts
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row


class PastSupportRow(Tables):
    __tablename__ = "past_support"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    business_number: Mapped[str]
    company_name: Mapped[str]
    worksite_name: Mapped[str]
    municipality_code: Mapped[str]
    code_as_written: Mapped[str]
    scheme: Mapped[str]
    fiscal_year: Mapped[int]
    supported_on: Mapped[date]
    supported_won: Mapped[int]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("supported_won >= 0", name="supported_won"),
        Index(
            "past_support_once_idx",
            "business_number",
            "scheme",
            "fiscal_year",
            "worksite_name",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("past_support_municipality_code_id_idx", "municipality_code", "id"),
    )


_FACTS = tuple(SupportFacts.__slots__)


async def add(tx: Transaction, support: PastSupport) -> bool:
    """Store a row; False when the same support stands already."""
    statement = insert(PastSupportRow).values(
        id=support.id,
        imported_by=support.imported_by,
        imported_at=support.imported_at,
        version=support.version,
        **asdict(support.facts),
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(PastSupportRow.id))
    return added.one_or_none() is not None


async def get_standing(tx: Transaction, facts: SupportFacts) -> PastSupport:
    """The row of this support that counts."""
    row = PastSupportRow
    statement = select(*row.__table__.columns).where(
        row.business_number == facts.business_number,
        row.scheme == facts.scheme,
        row.fiscal_year == facts.fiscal_year,
        row.worksite_name == facts.worksite_name,
        row.withdrawn_at.is_(None),
    )
    return _support((await tx.execute(statement)).mappings().one())


async def get(tx: Transaction, support_id: UUID) -> PastSupport:
    """One row; raises PastSupportNotFound."""
    statement = select(*PastSupportRow.__table__.columns).where(PastSupportRow.id == support_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise PastSupportNotFound
    return _support(row)


async def save_withdrawal(tx: Transaction, support: PastSupport) -> PastSupport:
    """Write a withdrawal; raises PastSupportHasChanged when somebody else was first."""
    values = {
        "withdrawn_by": support.withdrawn_by,
        "withdrawn_at": support.withdrawn_at,
        "withdrawal_reason": support.withdrawal_reason,
    }
    row = await save_next_row(tx, PastSupportRow, support.id, support.version, values)
    if row is None:
        raise PastSupportHasChanged(current_version=(await get(tx, support.id)).version)
    return _support(row)


async def of_firm(tx: Transaction, business_number: str, *, until: date) -> list[UUID]:
    """The supports of a firm that count and were given by that day, oldest first."""
    row = PastSupportRow
    statement = (
        select(row.id)
        .where(row.business_number == business_number, row.supported_on <= until, row.withdrawn_at.is_(None))
        .order_by(row.supported_on, row.id)
    )
    return list((await tx.execute(statement)).scalars())


def _support(row: RowMapping) -> PastSupport:
    columns = dict(row)
    facts = SupportFacts(**{name: columns.pop(name) for name in _FACTS})
    return PastSupport(facts=facts, **columns)
