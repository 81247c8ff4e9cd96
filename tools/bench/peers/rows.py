"""The benchmark's tables as an ORM sees them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BIGINT, TIMESTAMP, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class _Tables(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: TIMESTAMP(timezone=True), int: BIGINT}  # noqa: RUF012  SQLAlchemy's way


class InboxRow(_Tables):
    __tablename__ = "inbox_row"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    topic: Mapped[str]
    key: Mapped[UUID]
    sequence: Mapped[int]


class EffectRow(_Tables):
    __tablename__ = "effect_row"

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    state: Mapped[str]
    changed_at: Mapped[datetime]
