"""Documents as those who see their project see them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from applicant.builds.queries import BuildNotFound, is_visible
from applicant.documents.domain import DocumentKind, DocumentNotFound, DocumentState, MediaType, RefusedBecause
from applicant.documents.store import DocumentRow
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of

__all__ = ["DocumentView", "documents_of_project", "list_documents", "view_document"]


class DocumentView(View):
    """One edition of a document; its content is read at `/content` once it is SEALED."""

    id: UUID
    project_id: UUID
    kind: DocumentKind
    media_type: MediaType
    sha256: str
    size_bytes: int
    replaces: UUID | None
    edition: int
    state: DocumentState
    refused_because: RefusedBecause | None
    parts: int
    received_bytes: int
    announced_at: datetime
    sealed_at: datetime | None
    version: int


async def list_documents(tx: Transaction, page: PageRequest, project_id: UUID, *, by: Principal) -> Page[DocumentView]:
    """A project's documents with all their editions, oldest first; raises BuildNotFound."""
    if not await is_visible(tx, project_id, by=by):
        raise BuildNotFound
    statement = select(*DocumentRow.__table__.columns).where(DocumentRow.project_id == project_id)
    return await page_of(DocumentView, tx, statement, page, by=[DocumentRow.id])


async def documents_of_project(tx: Transaction, project_id: UUID, portion: Portion) -> list[DocumentView]:
    """A part of the documents of a project that the caller has been shown."""
    statement = select(*DocumentRow.__table__.columns).where(DocumentRow.project_id == project_id)
    rows = await tx.execute(portion.of(statement.order_by(DocumentRow.id)))
    return [DocumentView.model_validate(row) for row in rows]


async def view_document(tx: Transaction, document_id: UUID, *, by: Principal) -> DocumentView:
    """One document, if its project is the caller's to see."""
    statement = select(*DocumentRow.__table__.columns).where(DocumentRow.id == document_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise DocumentNotFound
    if not await is_visible(tx, row["project_id"], by=by):
        raise DocumentNotFound
    return DocumentView.model_validate(row)
