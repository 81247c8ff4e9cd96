"""Kept forms in PostgreSQL: readable by the service alone, and sealed even then."""

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Index, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from metrics.kept_forms.domain import KeptForm
from metrics.tables import Tables


class KeptFormRow(Tables):
    """One form of one person."""

    __tablename__ = "kept_form"
    __table_args__ = (Index("kept_form_owner_idx", "owner", "kept_at"), Index("kept_form_ends_idx", "ends_at"))

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    owner: Mapped[str]
    sealed: Mapped[str]
    kept_at: Mapped[datetime]
    ends_at: Mapped[datetime]


_COLUMNS = [KeptFormRow.__table__.c[field.name] for field in fields(KeptForm)]
_KEEP = insert(KeptFormRow)
_PUT = _KEEP.on_conflict_do_update(
    index_elements=[KeptFormRow.id_hash],
    set_={name: _KEEP.excluded[name] for name in ("sealed", "kept_at", "ends_at")},
)


async def put(tx: Transaction, form: KeptForm) -> None:
    """Keep a form in the place of the one that the person typed into the same page before."""
    await tx.execute(_PUT, asdict(form))


async def get(tx: Transaction, id_hash: bytes, *, now: datetime) -> KeptForm | None:
    row = KeptFormRow
    found = (await tx.execute(select(*_COLUMNS).where(row.id_hash == id_hash, row.ends_at > now))).mappings()
    kept = found.one_or_none()
    return None if kept is None else KeptForm(**kept)


async def remove(tx: Transaction, id_hash: bytes) -> None:
    await tx.execute(delete(KeptFormRow).where(KeptFormRow.id_hash == id_hash))


async def remove_all_but(tx: Transaction, owner: str, *, newest: int) -> None:
    """Of one person's forms leave the newest."""
    row = KeptFormRow
    old = select(row.id_hash).where(row.owner == owner).order_by(row.kept_at.desc(), row.id_hash).offset(newest)
    await tx.execute(delete(row).where(row.id_hash.in_(old)))


async def forget(tx: Transaction, *, ended_before: datetime, most: int) -> int:
    """Remove forms that ended before the moment."""
    row = KeptFormRow
    old = select(row.id_hash).where(row.ends_at < ended_before).limit(most).with_for_update(skip_locked=True)
    return (await tx.execute(delete(row).where(row.id_hash.in_(old)))).rowcount
