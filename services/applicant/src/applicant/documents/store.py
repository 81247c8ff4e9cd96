"""Documents in PostgreSQL; their contents are in the object store, under the hash that the row has."""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, RowMapping, UniqueConstraint, exists, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from applicant.documents.domain import (
    Document,
    DocumentHasChanged,
    DocumentKind,
    DocumentNotFound,
    DocumentState,
    MediaType,
    RefusedBecause,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row


class DocumentRow(Tables):
    """What is sealed or refused stays so; an edition is replaced once."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("replaces"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("build.project_id"))
    kind: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))
    edition: Mapped[int]
    state: Mapped[str]
    refused_because: Mapped[str | None]
    parts: Mapped[int]
    received_bytes: Mapped[int]
    announced_at: Mapped[datetime]
    sealed_at: Mapped[datetime | None]
    version: Mapped[int]


Index("document_project_id_id_idx", DocumentRow.project_id, DocumentRow.id)
Index("document_sha256_idx", DocumentRow.sha256, postgresql_where=DocumentRow.state == DocumentState.SEALED.value)
Index(
    "document_uploading_idx",
    DocumentRow.announced_at,
    postgresql_where=DocumentRow.state == DocumentState.UPLOADING.value,
)


async def add(tx: Transaction, document: Document) -> None:
    """Store an announced document."""
    await tx.execute(insert(DocumentRow).values(**_columns(document)))


async def get(tx: Transaction, document_id: UUID, *, lock: bool = False) -> Document:
    """One document; with `lock` it stays as read until commit. Raises DocumentNotFound."""
    statement = select(*DocumentRow.__table__.columns).where(DocumentRow.id == document_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise DocumentNotFound
    return _document(row)


async def has_newer(tx: Transaction, document_id: UUID) -> bool:
    """Whether an edition that counts replaces this one; a refused or expired attempt does not."""
    newer = exists().where(DocumentRow.replaces == document_id)
    return bool((await tx.execute(select(newer))).scalar_one())


async def save(tx: Transaction, document: Document) -> Document:
    """Write a document as its next version; raises DocumentHasChanged when somebody else was first."""
    values = {
        "state": document.state.value,
        "refused_because": document.refused_because.value if document.refused_because else None,
        "replaces": document.replaces,
        "parts": document.parts,
        "received_bytes": document.received_bytes,
        "sealed_at": document.sealed_at,
    }
    row = await save_next_row(tx, DocumentRow, document.id, document.version, values)
    if row is None:
        raise DocumentHasChanged(current_version=(await get(tx, document.id)).version)
    return _document(row)


async def left_uploading(tx: Transaction, *, since: datetime, most: int) -> list[UUID]:
    """Documents that were announced before a moment and are still not sealed."""
    statement = (
        select(DocumentRow.id)
        .where(DocumentRow.state == DocumentState.UPLOADING.value, DocumentRow.announced_at <= since)
        .order_by(DocumentRow.announced_at)
        .limit(most)
    )
    return list((await tx.execute(statement)).scalars())


async def uploading_of(tx: Transaction, ids: Collection[UUID]) -> set[UUID]:
    """Which of these are still being uploaded."""
    statement = select(DocumentRow.id).where(
        DocumentRow.id.in_(ids), DocumentRow.state == DocumentState.UPLOADING.value
    )
    return set((await tx.execute(statement)).scalars())


async def kept_of(tx: Transaction, hashes: Collection[str]) -> set[str]:
    """Which of these contents a sealed document has."""
    statement = select(DocumentRow.sha256).where(
        DocumentRow.sha256.in_(hashes), DocumentRow.state == DocumentState.SEALED.value
    )
    return set((await tx.execute(statement)).scalars())


def _columns(document: Document) -> dict[str, object]:
    columns = {field.name: getattr(document, field.name) for field in fields(document)}
    because = document.refused_because
    return columns | {
        "kind": document.kind.value,
        "media_type": document.media_type.value,
        "state": document.state.value,
        "refused_because": because.value if because else None,
    }


def _document(row: RowMapping) -> Document:
    because = row["refused_because"]
    return Document(
        **{
            **row,
            "kind": DocumentKind(row["kind"]),
            "media_type": MediaType(row["media_type"]),
            "state": DocumentState(row["state"]),
            "refused_because": RefusedBecause(because) if because else None,
        }
    )
