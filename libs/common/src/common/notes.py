"""What people say of a decision in their own words: beside the journal, which only refers to it, and erasable.

A journal entry keeps the number of the note, and a digest of a random salt and the words. While the note stands, the
digest shows that it still says what it said. Once it is erased, salt and words are gone, and no guess at them can be
tried against the digest; the chain stands as before.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import insert, select, update

from common import journal
from common.auth import Principal
from common.clock import SystemClock
from common.db import Transaction
from common.errors import NotFound, RuleRefused, Text
from common.event import new_id
from common.journal import JsonValue
from common.schema import journal_note

_SALT_BYTES = 16
_SHOWN_MAX = 500

_real_time = SystemClock()


class Ground(StrEnum):
    """Why a note is erased; the journal keeps this, so it is one of a few."""

    PERSONAL_DATA = "personal-data"
    RETENTION_ENDED = "retention-ended"


class NoteNotFound(NotFound):
    """No note has this number."""

    code = "note-not-found"
    title = Text("메모가 없습니다", "No such note")
    detail = Text("메모 {id}이(가) 없습니다.", "There is no note {id}.")


class NoteErased(RuleRefused):
    """The words of this note are gone already."""

    code = "note-erased"
    title = Text("이미 지운 메모입니다", "The note is already erased")
    detail = Text("메모 {id}은(는) 이미 지워졌습니다.", "Note {id} is already erased.")


@dataclass(frozen=True, slots=True)
class Note:
    """One note; without words it was erased."""

    id: UUID
    chain: str
    words: str | None
    recorded_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A note just kept, and how a journal entry refers to it."""

    id: UUID
    digest: bytes

    @property
    def reference(self) -> dict[str, JsonValue]:
        """For the facts of an entry."""
        return {"note": str(self.id), "sha256": self.digest.hex()}


async def keep(tx: Transaction, words: str, *, chain: str) -> Kept:
    """Keep what somebody said of a decision of this chain."""
    id_, salt = new_id(), secrets.token_bytes(_SALT_BYTES)
    row = {"id": id_, "chain": chain, "words": words, "salt": salt, "recorded_at": _real_time.now()}
    await tx.execute(insert(journal_note).values(row))
    return Kept(id_, _digest(salt, words))


async def reference_to(tx: Transaction, id_: UUID) -> dict[str, JsonValue]:
    """How a later decision refers to a note that is kept already; to one that was erased, by its number alone."""
    salt, words = (
        await tx.execute(select(journal_note.c.salt, journal_note.c.words).where(journal_note.c.id == id_))
    ).one()
    return {"note": str(id_)} if words is None else Kept(id_, _digest(salt, words)).reference


async def list_of(tx: Transaction, *, chain: str | None = None) -> list[Note]:
    """The latest notes, of one chain or of all, erased ones too."""
    columns = (getattr(journal_note.c, name) for name in Note.__dataclass_fields__)
    statement = select(*columns).order_by(journal_note.c.id.desc()).limit(_SHOWN_MAX)
    if chain is not None:
        statement = statement.where(journal_note.c.chain == chain)
    return [Note(*row) for row in await tx.execute(statement)]


async def erase(tx: Transaction, id_: UUID, *, by: Principal, ground: Ground, at: datetime) -> None:
    """Take the words away for good; the journal keeps that it was done, by whom, and on which ground."""
    found = (await tx.execute(select(journal_note).where(journal_note.c.id == id_).with_for_update())).one_or_none()
    if found is None:
        raise NoteNotFound(id=id_)
    if found.words is None:
        raise NoteErased(id=id_)
    gone = {"words": None, "salt": None, "erased_at": _real_time.now()}
    await tx.execute(update(journal_note).where(journal_note.c.id == id_).values(gone))
    facts: dict[str, JsonValue] = {"note": str(id_), "ground": ground.value}
    await journal.record(tx, chain=found.chain, decision="note.erased", by=by, at=at, facts=facts)


def _digest(salt: bytes, words: str) -> bytes:
    return hashlib.sha256(salt + words.encode()).digest()
