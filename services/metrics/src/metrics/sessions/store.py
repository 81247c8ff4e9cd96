"""Sessions in PostgreSQL: found by the hash of what the browser has, readable by the service alone."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, Text, bindparam, delete, insert, or_, select, text, update
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


async def claim(tx: Transaction, session: Session, *, renewing_until: datetime) -> Session | None:
    """Mark who renews the token, if nobody has since the session was read; the session as it is then."""
    claimed = replace(session, renewing_until=renewing_until, version=session.version + 1)
    values: Mapping[str, Any] = {"renewing_until": claimed.renewing_until, "version": claimed.version}
    statement = update(WebSessionRow).where(*_as_read(session)).values(**values)
    return claimed if (await tx.execute(statement)).rowcount else None


async def note_used(tx: Transaction, id_hash: bytes, *, used_at: datetime) -> None:
    await tx.execute(update(WebSessionRow).where(WebSessionRow.id_hash == id_hash).values(used_at=used_at))


async def save(tx: Transaction, claimed: Session, **changed: object) -> bool:
    """Change a session that is as it was read: nobody has claimed it since, or stored other tokens. Whether it was."""
    values: Mapping[str, Any] = changed
    statement = update(WebSessionRow).where(*_as_read(claimed)).values(**values)
    return bool((await tx.execute(statement)).rowcount)


async def save_tokens(tx: Transaction, claimed: Session, **changed: object) -> bool:
    """Store what a renewal brought, unless that of a later claim stands there; whether it was stored.

    What an earlier claim brings so late that another one was made is better than the tokens that it was given for, and
    gives way to what the later one brings: so it leaves the version as it is.
    """
    row = WebSessionRow
    values: Mapping[str, Any] = changed
    latest = or_(row.version == claimed.version, row.sealed == claimed.sealed)
    statement = update(row).where(row.id_hash == claimed.id_hash, latest).values(**values)
    return bool((await tx.execute(statement)).rowcount)


async def remove(tx: Transaction, id_hash: bytes) -> None:
    await tx.execute(delete(WebSessionRow).where(WebSessionRow.id_hash == id_hash))


async def remove_as_read(tx: Transaction, session: Session) -> bool:
    """Remove a session unless somebody has claimed it or stored other tokens since it was read; whether it was."""
    return bool((await tx.execute(delete(WebSessionRow).where(*_as_read(session)))).rowcount)


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


def _as_read(session: Session) -> tuple[ColumnElement[bool], ...]:
    row = WebSessionRow
    return row.id_hash == session.id_hash, row.version == session.version, row.sealed == session.sealed
