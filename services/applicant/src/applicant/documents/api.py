"""HTTP: documents are announced, uploaded in parts, sealed, listed and read."""

import base64
import binascii
from functools import partial
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from applicant.documents import commands, queries
from applicant.documents.queries import DocumentView
from applicant.settings import Settings
from common.auth import Principal
from common.objects import FolderObjects
from common.scanning import scanner_at
from common.web import AccessPoint, Body, IfMatch, Now, Page, PageQuery, RecordingTx, Tx, allowed, router, with_etag
from common.web.runtime import runtime_of
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["documents"])

_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.SUPPLIER,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]
_Sender = Annotated[Principal, allowed(*sorted(COMPANY_ROLES), Role.TECHNOPARK_OPERATOR)]
_PART_CHARACTERS_MAX = 174_764
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The content", "content": {"application/octet-stream": _BINARY}}
}


class AnnounceDocument(Body):
    """What will be uploaded. It has no name: a new edition names the document that it replaces."""

    kind: commands.DocumentKind
    media_type: commands.MediaType
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=1, le=1_000_000_000)
    replaces: UUID | None = None


class UploadPart(Body):
    """The next part, from 1 on: at most 131,072 bytes, in base64."""

    number: int = Field(ge=1, le=100_000)
    content: str = Field(min_length=4, max_length=_PART_CHARACTERS_MAX)

    @field_validator("content")
    @classmethod
    def _is_base64(cls, value: str) -> str:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise PydanticCustomError("base64", "not base64") from error
        return value

    def bytes(self) -> bytes:
        """What it holds."""
        return base64.b64decode(self.content, validate=True)


@routes.post(
    "/v1/builds/{project_id}/documents",
    status_code=201,
    operation_id="announceDocument",
    summary="자료 등록 (Announce a document)",
)
async def announce_document(
    project_id: UUID, body: AnnounceDocument, by: _Sender, request: Request, tx: Tx, now: Now, response: Response
) -> DocumentView:
    """올릴 자료의 해시, 형식, 크기를 먼저 등록합니다. 파일 이름은 받지 않습니다.

    Says the hash, type and size of what will come. No file name is taken.
    """
    limit = _settings(request).document_bytes_max
    values = body.model_dump() | {"limit_bytes": limit}
    made = await commands.announce_document(tx, project_id, **values, by=by, now=now)
    return with_etag(await queries.view_document(tx, made, by=by), response)


@routes.post(
    "/v1/documents/{document_id}/parts",
    status_code=201,
    operation_id="uploadDocumentPart",
    summary="자료 조각 올리기 (Upload the next part)",
)
async def upload_part(
    document_id: UUID, body: UploadPart, by: _Sender, request: Request, tx: Tx, response: Response
) -> DocumentView:
    """끊기면 다음 조각부터 이어 올립니다. 등록한 크기를 넘으면 거절합니다.

    After a broken line it goes on with the next part; more than was announced is refused.
    """
    await commands.receive_part(tx, document_id, body.number, body.bytes(), objects=_objects(request), by=by)
    return with_etag(await queries.view_document(tx, document_id, by=by), response)


@routes.post(
    "/v1/documents/{document_id}/seals",
    status_code=201,
    operation_id="sealDocument",
    summary="자료 올리기 완료 (Seal a document)",
)
async def seal_document(
    document_id: UUID,
    by: _Sender,
    version: Annotated[int, IfMatch()],
    request: Request,
    tx: Tx,
    now: Now,
    response: Response,
) -> DocumentView:
    """해시, 크기, 형식이 등록한 대로이고 검사에서 발견된 것이 없으면 SEALED, 아니면 REFUSED와 이유.

    SEALED if hash, size and type are as announced and the scan found nothing; else REFUSED, with the reason.
    """
    settings = _settings(request)
    await commands.seal_document(
        tx,
        document_id,
        read_version=version,
        objects=_objects(request),
        scanner=partial(scanner_at, settings.document_scanner, timeout_seconds=settings.document_scanner_seconds),
        by=by,
        now=now,
    )
    return with_etag(await queries.view_document(tx, document_id, by=by), response)


@routes.get("/v1/builds/{project_id}/documents", operation_id="listDocuments", summary="자료 목록 (List documents)")
async def list_documents(project_id: UUID, by: _Reader, tx: Tx, page: PageQuery) -> Page[DocumentView]:
    """과제의 자료와 그 판들. A project's documents and their editions."""
    return await queries.list_documents(tx, page, project_id, by=by)


@routes.get("/v1/documents/{document_id}", operation_id="getDocument", summary="자료 조회 (Read about a document)")
async def get_document(document_id: UUID, by: _Reader, tx: Tx, response: Response) -> DocumentView:
    """자료 하나와 ETag. One document, with its ETag."""
    return with_etag(await queries.view_document(tx, document_id, by=by), response)


@routes.get(
    "/v1/documents/{document_id}/content",
    operation_id="readDocument",
    summary="자료 내려받기 (Read a document's content)",
    response_class=Response,
    responses=_CONTENT,
)
async def read_document(
    document_id: UUID, by: _Reader, access_point: AccessPoint, request: Request, tx: RecordingTx
) -> Response:
    """기업 밖의 사람이 내려받으면 접속기록이 남습니다. Whoever is not of the firm leaves a record of the access."""
    document, content = await commands.read_document(
        tx, document_id, objects=_objects(request), by=by, access_point=access_point
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{document.id}"',
        "Content-Length": str(document.size_bytes),
        "Content-Security-Policy": "sandbox",
    }
    return StreamingResponse(content, media_type="application/octet-stream", headers=headers)


def _settings(request: Request) -> Settings:
    return cast("Settings", runtime_of(request).settings)


def _objects(request: Request) -> FolderObjects:
    return FolderObjects(_settings(request).documents())
