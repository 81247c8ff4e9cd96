"""Sessions in PostgreSQL: found by the hash of what the browser has, readable by the service alone."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from metrics.sessions.domain import Session
from metrics.tables import Tables


class WebSessionRow(Tables):
    """One browser's session. What is in `sealed` the service itself cannot read without the browser."""

    __tablename__ = "web_session"
    __table_args__ = (Index("web_session_ends_idx", "ends_at"),)

    id_hash: Mapped[bytes] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str]
    sealed: Mapped[str]
    signed_in_at: Mapped[datetime]
    used_at: Mapped[datetime]
    token_ends_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    renewing_until: Mapped[datetime | None]
    version: Mapped[int]
    token_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


_COLUMNS = [WebSessionRow.__table__.c[field.name] for field in fields(Session)]
# Whoever was denied after signing in is out, also long after the tokens of that hour have ended: refreshing must not
# be a way around it. One token that was taken back by its id ends the session too: who had it may have what renews it.
_DENIED = text(
    """
    SELECT EXISTS (
        SELECT FROM token_denial
        WHERE issued_until >= :signed_in_at AND issuer = :issuer
          AND (token_id = ANY (:token_ids)
               OR subject = :subject AND (role IS NULL OR role = :role) AND (tenant IS NULL OR tenant = :tenant))
    )
    """
).bindparams(bindparam("token_ids", type_=ARRAY(Text)))


async def get(tx: Transaction, id_hash: bytes) -> Session | None:
    row = WebSessionRow
    found = (await tx.execute(select(*_COLUMNS).where(row.id_hash == id_hash))).mappings().one_or_none()
    return None if found is None else Session(**found)


async def add(tx: Transaction, session: Session) -> None:
    await tx.execute(insert(WebSessionRow).values(**asdict(session)))


async def claim(tx: Transaction, session: Session, *, renewing_until: datetime) -> bool:
    """Mark who renews the token, if nobody has since the session was read."""
    row = WebSessionRow
    statement = (
        update(row)
        .where(row.id_hash == session.id_hash, row.version == session.version)
        .values(renewing_until=renewing_until, version=session.version + 1)
    )
    return bool((await tx.execute(statement)).rowcount)


async def save(tx: Transaction, id_hash: bytes, **changed: object) -> bool:
    """Change a session; whether it was still there."""
    values: Mapping[str, Any] = changed
    statement = update(WebSessionRow).where(WebSessionRow.id_hash == id_hash).values(**values)
    return bool((await tx.execute(statement)).rowcount)


async def remove(tx: Transaction, id_hash: bytes) -> None:
    await tx.execute(delete(WebSessionRow).where(WebSessionRow.id_hash == id_hash))


async def is_denied(tx: Transaction, session: Session) -> bool:
    """Whether one of its tokens is denied, or all that was issued to the person until a moment after the sign-in."""
    asked = {
        "signed_in_at": session.signed_in_at,
        "issuer": session.issuer,
        "subject": session.subject,
        "role": session.role,
        "tenant": session.tenant,
        "token_ids": list(session.token_ids),
    }
    return bool((await tx.execute(_DENIED, asked)).scalar_one())


async def forget(tx: Transaction, *, ended_before: datetime, most: int) -> int:
    """Remove sessions that ended before the moment."""
    row = WebSessionRow
    old = select(row.id_hash).where(row.ends_at < ended_before).limit(most).with_for_update(skip_locked=True)
    return (await tx.execute(delete(row).where(row.id_hash.in_(old)))).rowcount
