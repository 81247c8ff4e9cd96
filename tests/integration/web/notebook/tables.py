"""The notebook's tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from common.db import new_tables

Tables = new_tables()


class NoteRow(Tables):
    """One note. Two notes with one slot are noticed only when the transaction commits."""

    __tablename__ = "note"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    author: Mapped[str]
    text: Mapped[str]
    price_won: Mapped[int]
    slot: Mapped[str]
    written_at: Mapped[datetime]
    version: Mapped[int]
