"""Announce, upload, seal: the content is on the disk before the row says so, so that a row never promises too much.

What a crash leaves between the two is content that no row has, and the sweep removes it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from applicant.builds import commands as builds
from applicant.disclosures.commands import record_disclosure
from applicant.documents import domain, store
from applicant.documents.domain import Document, DocumentKind, DocumentState, MediaType
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.objects import Joined, ObjectLostError, Objects
from common.scanning import Scanner, ScannerUnavailableError
from contracts.roles import COMPANY_ROLES

__all__ = [
    "DocumentKind",
    "MediaType",
    "announce_document",
    "expire_document",
    "left_behind",
    "left_uploading",
    "read_document",
    "receive_part",
    "seal_document",
]


async def announce_document(
    tx: Transaction,
    project_id: UUID,
    *,
    kind: DocumentKind,
    media_type: MediaType,
    sha256: str,
    size_bytes: int,
    replaces: UUID | None,
    limit_bytes: int,
    by: Principal,
    now: datetime,
) -> UUID:
    """Say what will come; returns its id. A new edition names the one it replaces."""
    build = await builds.hold_build(tx, project_id)
    if by.role in COMPANY_ROLES:
        builds.check_own(build, by)
    domain.check_announced(size_bytes, limit_bytes=limit_bytes)
    edition = 1
    if replaces is not None:
        before = await store.get(tx, replaces)
        if before.project_id != project_id:
            raise domain.DocumentNotFound
        edition = domain.replaceable(before, has_newer=await store.has_newer(tx, replaces))
    document = Document(
        id=new_id(),
        project_id=project_id,
        kind=kind,
        media_type=media_type,
        sha256=sha256,
        size_bytes=size_bytes,
        replaces=replaces,
        edition=edition,
        state=DocumentState.UPLOADING,
        refused_because=None,
        parts=0,
        received_bytes=0,
        announced_at=now,
        sealed_at=None,
        version=1,
    )
    await store.add(tx, document)
    return document.id


async def receive_part(
    tx: Transaction, document_id: UUID, number: int, content: bytes, *, objects: Objects, by: Principal
) -> None:
    """Keep the next part; sent again after a crash it overwrites itself."""
    document = await store.get(tx, document_id, lock=True)
    await _check_own(tx, document, by)
    received = domain.receive(document, number, len(content))
    await objects.put_part(document_id, number, content)
    await store.save(tx, received)


async def seal_document(
    tx: Transaction,
    document_id: UUID,
    *,
    read_version: int,
    objects: Objects,
    scanner: Callable[[], Scanner],
    by: Principal,
    now: datetime,
) -> None:
    """Join, measure, scan and keep it, or say why not; the row follows the content."""
    document = await store.get(tx, document_id, lock=True)
    await _check_own(tx, document, by)
    domain.check_version(document, read_version)
    domain.check_uploading(document)

    def judged(joined: Joined) -> Document:
        return domain.seal(
            document,
            sha256=joined.sha256,
            size_bytes=joined.size_bytes,
            head=joined.head,
            finding=joined.finding,
            now=now,
        )

    try:
        joined = await objects.seal(
            document_id,
            parts=document.parts,
            scanner=scanner,
            keep=lambda joined: judged(joined).state is DocumentState.SEALED,
        )
    except ObjectLostError as lost:
        raise domain.DocumentContentLost from lost
    except ScannerUnavailableError as silent:
        raise domain.DocumentNotScanned from silent
    sealed = judged(joined)
    if sealed.state is DocumentState.REFUSED:
        sealed = replace(sealed, replaces=None)
    saved = await store.save(tx, sealed)
    because = saved.refused_because.value if saved.refused_because else None
    await journal.record(
        tx,
        chain=f"project/{saved.project_id}",
        decision=f"document-{saved.state.value.lower()}",
        facts={
            "document_id": str(saved.id),
            "kind": saved.kind.value,
            "edition": saved.edition,
            "size_bytes": saved.size_bytes,
            "refused_because": because,
        },
        evidence=[f"document/sha256:{saved.sha256}"],
        by=by,
        at=now,
    )


async def read_document(
    tx: Transaction, document_id: UUID, *, objects: Objects, by: Principal, access_point: str
) -> tuple[Document, AsyncIterator[bytes]]:
    """The content, for whoever sees its project; what others see of a firm's papers is recorded."""
    document = await store.get(tx, document_id)
    build = await builds.see_build(tx, document.project_id, by=by)
    if build is None:
        raise domain.DocumentNotFound
    if document.state is not DocumentState.SEALED:
        raise domain.DocumentNotSealed(state=document.state)
    if by.role not in COMPANY_ROLES:
        subject = f"company/{build.company_id}"
        await record_disclosure(
            tx, data_subject=subject, action=f"download document/{document.id}", by=by, access_point=access_point
        )
    try:
        return document, await objects.read(document.sha256)
    except ObjectLostError as lost:
        raise domain.DocumentContentLost from lost


async def left_uploading(tx: Transaction, *, since: datetime, most: int) -> list[UUID]:
    """Uploads that nobody went on with."""
    return await store.left_uploading(tx, since=since, most=most)


async def expire_document(tx: Transaction, document_id: UUID) -> bool:
    """End an upload that nobody went on with; False if somebody did meanwhile."""
    document = await store.get(tx, document_id, lock=True)
    if document.state is not DocumentState.UPLOADING:
        return False
    await store.save(tx, replace(domain.expire(document), replaces=None))
    return True


async def left_behind(tx: Transaction, uploads: list[UUID], hashes: list[str]) -> tuple[set[UUID], set[str]]:
    """Of what the store holds, the parts and the objects that no row needs."""
    needed, kept = await store.uploading_of(tx, uploads), await store.kept_of(tx, hashes)
    return set(uploads) - needed, set(hashes) - kept


async def _check_own(tx: Transaction, document: Document, by: Principal) -> None:
    if await builds.see_build(tx, document.project_id, by=by) is None:
        raise domain.DocumentNotFound
