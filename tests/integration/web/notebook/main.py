"""The notebook's routes and the service they make."""

import asyncio
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import insert, select, text, update

from common.auth import Principal
from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from common.event import new_id
from common.service import Service, run
from common.settings import ServiceSettings
from common.web import (
    Body,
    IfMatch,
    Now,
    Page,
    PageQuery,
    Tx,
    View,
    allowed,
    anyone,
    etag,
    paginate,
    problem_responses,
    router,
)
from tests.integration.web.notebook.tables import NoteRow, Tables

routes = router(tags=["notes"])

WRITER = "writer"
DEAREST_WON = 1_000


class TooDear(RuleRefused):
    code: ClassVar[str] = "too-dear"
    title: ClassVar[Text] = Text(ko="너무 비쌈", en="Too dear")
    detail: ClassVar[Text] = Text(
        ko="{price_won:,}원은 한도 {limit_won:,}원을 넘습니다.", en="{price_won:,} won is above {limit_won:,} won."
    )


class NoteUnknown(NotFound):
    code: ClassVar[str] = "note-unknown"
    title: ClassVar[Text] = Text(ko="없는 쪽지", en="No such note")
    detail: ClassVar[Text] = Text(ko="쪽지 {note_id}이(가) 없습니다.", en="There is no note {note_id}.")


class NotYourNote(NotPermitted):
    code: ClassVar[str] = "not-your-note"
    title: ClassVar[Text] = Text(ko="다른 사람의 쪽지", en="Not your note")
    detail: ClassVar[Text] = Text(ko="쓴 사람만 할 수 있습니다.", en="Only its author may do this.")


class BadSlot(InvalidInput):
    code: ClassVar[str] = "bad-slot"
    title: ClassVar[Text] = Text(ko="잘못된 자리", en="Bad slot")
    detail: ClassVar[Text] = Text(ko="자리는 '-'로 시작할 수 없습니다.", en="A slot does not start with '-'.")


class NoteChanged(StaleVersion):
    code: ClassVar[str] = "note-changed"
    title: ClassVar[Text] = Text(ko="바뀐 쪽지", en="Note has changed")
    detail: ClassVar[Text] = Text(ko="현재 판은 {current_version}입니다.", en="Its version is now {current_version}.")


class Part(Body):
    name: str
    due_on: date | None = None


class WriteNote(Body):
    text: Annotated[str, Field(min_length=1, max_length=200)]
    price_won: Annotated[int, Field(ge=0)]
    slot: str | None = None
    parts: Annotated[tuple[Part, ...], Field(max_length=3)] = ()
    urgent: bool = False
    after: UUID | None = None


class NoteView(View):
    id: UUID
    author: str
    text: str
    price_won: int
    written_at: datetime
    version: int


_NOTES = select(NoteRow.id, NoteRow.author, NoteRow.text, NoteRow.price_won, NoteRow.written_at, NoteRow.version)

Writer = Annotated[Principal, allowed(WRITER)]


@routes.post(
    "/v1/notes",
    status_code=201,
    operation_id="writeNote",
    summary="쪽지 쓰기 (Write a note)",
    responses=problem_responses(TooDear, BadSlot, NotYourNote),
)
async def write_note(body: WriteNote, by: Writer, tx: Tx, now: Now, response: Response) -> NoteView:
    note = NoteView(id=new_id(), author=by.subject, text=body.text, price_won=body.price_won, written_at=now, version=1)
    await tx.execute(insert(NoteRow).values(note.model_dump() | {"slot": body.slot or str(note.id)}))
    match body.text:
        case "refused after writing":
            raise TooDear(price_won=body.price_won, limit_won=DEAREST_WON)
        case "not permitted":
            raise NotYourNote
        case "not stored":
            raise BadSlot(field="/slot")
        case "a bug":
            raise RuntimeError("secret inside: 8801011234567")
        case "slow":
            await asyncio.sleep(60)
        case "slow query":
            await tx.execute(text("SELECT pg_sleep(60)"))
        case _:
            pass
    response.headers["Location"] = f"/v1/notes/{note.id}"
    etag(response, note.version)
    return note


@routes.put("/v1/notes/{note_id}", operation_id="rewriteNote", summary="쪽지 고치기 (Rewrite a note)")
async def rewrite_note(
    note_id: UUID, body: WriteNote, by: Writer, version: Annotated[int, IfMatch()], tx: Tx, response: Response
) -> NoteView:
    found = (await tx.execute(_NOTES.where(NoteRow.id == note_id).with_for_update())).one_or_none()
    if found is None:
        raise NoteUnknown(note_id=note_id)
    if found.version != version:
        raise NoteChanged(current_version=found.version)
    changed = update(NoteRow).where(NoteRow.id == note_id).values(text=body.text, version=version + 1)
    await tx.execute(changed)
    etag(response, version + 1)
    return NoteView(**{**found._asdict(), "text": body.text, "version": version + 1})


@routes.get("/v1/notes/{note_id}", operation_id="getNote", summary="쪽지 하나 (One note)")
async def get_note(note_id: UUID, by: Writer, tx: Tx, response: Response) -> NoteView:
    found = (await tx.execute(_NOTES.where(NoteRow.id == note_id))).one_or_none()
    if found is None:
        raise NoteUnknown(note_id=note_id)
    etag(response, found.version)
    return NoteView.model_validate(found)


@routes.get("/v1/notes", operation_id="listNotes", summary="쪽지 목록 (Notes)")
async def list_notes(
    by: Writer, tx: Tx, page: PageQuery, author: Annotated[list[str] | None, Query()] = None
) -> Page[NoteView]:
    statement = _NOTES if author is None else _NOTES.where(NoteRow.author.in_(author))
    rows, turns = await paginate(tx, statement, page, by=(NoteRow.written_at, NoteRow.id))
    return Page(items=[NoteView.model_validate(row) for row in rows], **turns)


@routes.get("/v1/numbers/{number}", operation_id="readNumber", summary="저장할 수 없는 수 (Numbers)")
async def read_number(number: int, by: Writer, tx: Tx) -> dict[str, Any]:
    rows = await tx.execute(_NOTES.where(NoteRow.price_won == number))
    return {"found": len(rows.all())}


@routes.get("/v1/writes", operation_id="writeByReading", summary="읽기로 쓰기 (A reading route that writes)")
async def write_by_reading(by: Writer, tx: Tx) -> dict[str, Any]:
    await tx.execute(text("DELETE FROM note"))
    return {}


@routes.get("/v1/time", operation_id="readTime", summary="지금 (Programme time)")
async def read_time(by: Annotated[Principal | None, anyone()], now: Now) -> dict[str, Any]:
    return {"now": now.isoformat(), "who": by.actor if by else None}


SERVICE = Service(
    name="notebook",
    title=Text(ko="쪽지", en="Notebook"),
    settings=ServiceSettings,
    routers=lambda: (routes,),
    migrations=Path(__file__).parent / "migrations",
    tables=Tables.metadata,
)


def cli() -> int:
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
