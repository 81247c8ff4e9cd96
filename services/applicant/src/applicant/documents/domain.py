"""A document: announced with its hash, type and size, uploaded in parts, and sealed when it is what was announced.

UPLOADING -> SEALED, or REFUSED (another hash, size or type, or the scanner found something), or EXPIRED.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text


class DocumentKind(StrEnum):
    """What a document shows."""

    PHOTO = "PHOTO"
    LOGIN_STATISTICS = "LOGIN_STATISTICS"
    INVOICE = "INVOICE"
    DELIVERY_NOTE = "DELIVERY_NOTE"
    DEMONSTRATION_RECORD = "DEMONSTRATION_RECORD"
    KPI_MEASUREMENT = "KPI_MEASUREMENT"
    DECISION = "DECISION"
    OTHER = "OTHER"


class MediaType(StrEnum):
    """What a document may be."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    CSV = "text/csv"


class DocumentState(StrEnum):
    """How far it has come."""

    UPLOADING = "UPLOADING"
    SEALED = "SEALED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class RefusedBecause(StrEnum):
    """Why what came is not kept."""

    SIZE_DIFFERS = "SIZE_DIFFERS"
    HASH_DIFFERS = "HASH_DIFFERS"
    TYPE_DIFFERS = "TYPE_DIFFERS"
    SCANNER_FOUND = "SCANNER_FOUND"


_BEGINS = {
    MediaType.PDF: b"%PDF-",
    MediaType.JPEG: b"\xff\xd8\xff",
    MediaType.PNG: b"\x89PNG\r\n\x1a\n",
    MediaType.XLSX: b"PK\x03\x04",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One version of a document of one project; it has no name, since names tell of people."""

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


class DocumentNotFound(NotFound):
    """No such document, or of a project that is not the caller's to see."""

    code = "document-not-found"
    title = Text("자료를 찾을 수 없습니다", "There is no such document")
    detail = Text("자료 번호를 확인해 주세요.", "Check the document's id.")


class DocumentHasChanged(StaleVersion):
    """Somebody changed it after the caller had read it."""

    code = "document-has-changed"
    title = Text("자료가 그 사이에 바뀌었습니다", "The document has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class DocumentTooLarge(RuleRefused):
    """More than a document may have, or more than was announced."""

    code = "document-too-large"
    title = Text("자료가 너무 큽니다", "The document is too large")
    detail = Text(
        "최대 {limit_bytes}바이트까지 받습니다. 이번에 보낸 것은 저장되지 않았습니다.",
        "At most {limit_bytes} bytes are taken. What was sent now is not kept.",
    )


class DocumentNotUploading(RuleRefused):
    """Its upload has ended."""

    code = "document-not-uploading"
    title = Text("업로드가 끝난 자료입니다", "The upload has ended")
    detail = Text("자료의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The document is {state}. Nothing was changed.")


class PartOutOfOrder(RuleRefused):
    """Parts come one after another; the last one may be sent again."""

    code = "document-part-out-of-order"
    title = Text("조각의 순서가 맞지 않습니다", "The part is out of order")
    detail = Text(
        "다음 조각은 {next_part}번입니다. 저장되지 않았습니다.", "The next part is {next_part}. Nothing was kept."
    )


class DocumentNotSealed(RuleRefused):
    """Only what is whole and clean is read or replaced."""

    code = "document-not-sealed"
    title = Text("완료된 자료가 아닙니다", "The document is not sealed")
    detail = Text("자료의 상태가 {state}입니다.", "The document is {state}.")


class DocumentReplaced(RuleRefused):
    """A newer edition exists already."""

    code = "document-replaced"
    title = Text("이미 새 판이 있는 자료입니다", "The document has a newer edition")
    detail = Text("최신 판을 다시 읽고 그 판을 대체해 주세요.", "Read the newest edition, and replace that one.")


class DocumentContentLost(RuleRefused):
    """The row is there and its content is not: the operators have to look."""

    code = "document-content-lost"
    title = Text("자료의 내용을 읽을 수 없습니다", "The document's content cannot be read")
    detail = Text(
        "등록된 내용이 저장소에 없습니다. 운영자에게 알려 주세요.",
        "What was registered is not in the store. Tell the operators.",
    )


class DocumentNotScanned(RuleRefused):
    """The scanner did not answer: nothing is kept that nobody has looked at."""

    code = "document-not-scanned"
    title = Text("자료를 검사하지 못했습니다", "The document could not be scanned")
    detail = Text(
        "검사 서버가 답하지 않았습니다. 올린 조각은 그대로 있습니다. 잠시 뒤 새 Idempotency-Key로 다시 완료해 주세요.",
        "The scanner did not answer. The parts are kept. Seal it again in a while, with a new Idempotency-Key.",
    )


def check_version(document: Document, read_version: int) -> None:
    """Refuse what rests on a version that is no longer the current one."""
    if document.version != read_version:
        raise DocumentHasChanged(current_version=document.version)


def check_announced(size_bytes: int, *, limit_bytes: int) -> None:
    """A document has something in it, and not too much."""
    if size_bytes > limit_bytes:
        raise DocumentTooLarge(limit_bytes=limit_bytes)


def replaceable(document: Document, *, has_newer: bool) -> int:
    """The number of the edition after this one."""
    if document.state is not DocumentState.SEALED:
        raise DocumentNotSealed(state=document.state)
    if has_newer:
        raise DocumentReplaced
    return document.edition + 1


def receive(document: Document, number: int, size_bytes: int) -> Document:
    """Take the next part; counted while it comes, so that nobody sends more than was announced."""
    check_uploading(document)
    if number != document.parts + 1:
        raise PartOutOfOrder(next_part=document.parts + 1)
    received = document.received_bytes + size_bytes
    if received > document.size_bytes:
        raise DocumentTooLarge(limit_bytes=document.size_bytes)
    return replace(document, parts=number, received_bytes=received)


def check_uploading(document: Document) -> None:
    """Parts are for what is not sealed."""
    if document.state is not DocumentState.UPLOADING:
        raise DocumentNotUploading(state=document.state)


def seal(
    document: Document, *, sha256: str, size_bytes: int, head: bytes, finding: str | None, now: datetime
) -> Document:
    """Keep it if it is what was announced and the scanner found nothing; else say why not."""
    check_uploading(document)
    refused = None
    if size_bytes != document.size_bytes:
        refused = RefusedBecause.SIZE_DIFFERS
    elif sha256 != document.sha256:
        refused = RefusedBecause.HASH_DIFFERS
    elif finding is not None:
        refused = RefusedBecause.SCANNER_FOUND
    elif not looks_like(head, document.media_type):
        refused = RefusedBecause.TYPE_DIFFERS
    if refused is not None:
        return replace(document, state=DocumentState.REFUSED, refused_because=refused)
    return replace(document, state=DocumentState.SEALED, sealed_at=now)


def expire(document: Document) -> Document:
    """Nobody went on with this upload."""
    check_uploading(document)
    return replace(document, state=DocumentState.EXPIRED)


def looks_like(head: bytes, media_type: MediaType) -> bool:
    """Whether the first bytes are those of the announced type."""
    begins = _BEGINS.get(media_type)
    if begins is not None:
        return head.startswith(begins)
    if b"\0" in head or any(head.startswith(other) for other in _BEGINS.values()):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as cut:
        # The head may end within a character; anywhere else it is no text.
        return cut.start >= len(head) - 3
    return True
