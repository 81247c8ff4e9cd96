"""Cases that an upheld objection brought back after their call was decided: what their place rests on.

A ranking is a snapshot that stays as it was decided; these stand beside it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.selections.domain.ranking import Line
from applicant.tables import Tables
from common.db import Transaction


class ReinstatementRow(Tables):
    """One per application; a second objection about the same case cannot be upheld."""

    __tablename__ = "reinstatement"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("selection.call_id"))
    company_id: Mapped[UUID] = mapped_column(index=True)
    type_code: Mapped[str]
    municipality_code: Mapped[str] = mapped_column(index=True)
    total_cost_won: Mapped[int]
    need_won: Mapped[dict[str, Any]]
    reinstated_at: Mapped[datetime]


async def add_reinstatement(
    tx: Transaction,
    *,
    application_id: UUID,
    call_id: UUID,
    company_id: UUID,
    line: Line,
    total_cost_won: int,
    need_won: Mapping[str, int],
    at: datetime,
) -> None:
    """Keep what the place of a case that came back rests on."""
    await tx.execute(
        insert(ReinstatementRow).values(
            application_id=application_id,
            call_id=call_id,
            company_id=company_id,
            type_code=line.type_code,
            municipality_code=line.municipality_code,
            total_cost_won=total_cost_won,
            need_won=dict(need_won),
            reinstated_at=at,
        )
    )
