"""The record of what was saved by whom, in PostgreSQL: rows are added, and nobody changes or removes one."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.event import new_id
from metrics.tables import Tables


class ExportRecordRow(Tables):
    """One file: who took it from where, which table by which filters, what it was, and why."""

    __tablename__ = "export_record"
    __table_args__ = (Index("export_record_subject_id_idx", "subject", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    made_for: Mapped[datetime]
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str | None]
    access_point: Mapped[str]
    table_name: Mapped[str]
    format: Mapped[str]
    filters: Mapped[dict[str, Any]]
    row_count: Mapped[int]
    sha256: Mapped[str]
    reason: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file that leaves now. `made_for` is the programme's time of its figures; the record's own time is real."""

    made_for: datetime
    issuer: str
    subject: str
    role: str
    tenant: str | None
    access_point: str
    table_name: str
    format: str
    filters: dict[str, str]
    row_count: int
    sha256: str
    reason: str


async def add(tx: Transaction, export: Export) -> None:
    """Append one file."""
    await tx.execute(insert(ExportRecordRow).values(id=new_id(), **asdict(export)))
