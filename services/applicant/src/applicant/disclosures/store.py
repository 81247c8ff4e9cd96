"""The record of disclosures in PostgreSQL: rows are added, and nobody changes or removes one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func, insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.tables import Tables
from common.db import Transaction
from common.event import new_id


class DisclosureRow(Tables):
    """One access: the account, the time, the access point, whose data it was, and what was done with it."""

    __tablename__ = "disclosure"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str | None]
    access_point: Mapped[str]
    data_subject: Mapped[str]
    action: Mapped[str]

    __table_args__ = (Index("disclosure_data_subject_id_idx", "data_subject", "id"),)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """An access that happens now; the time is the database's, real time as the law asks."""

    issuer: str
    subject: str
    role: str
    tenant: str | None
    access_point: str
    data_subject: str
    action: str


async def add(tx: Transaction, shown: Disclosure) -> None:
    """Append one access."""
    await tx.execute(
        insert(DisclosureRow).values(
            id=new_id(),
            issuer=shown.issuer,
            subject=shown.subject,
            role=shown.role,
            tenant=shown.tenant,
            access_point=shown.access_point,
            data_subject=shown.data_subject,
            action=shown.action,
        )
    )
