"""Events that could not be applied: kept with their bytes, shown, discarded by two people.

A parked event holds back the later events of its own key, and nothing else. `consumer.redrive` tries them again.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError

from common import inbox, journal, notes
from common.auth import Principal
from common.db import Transaction, sqlstate
from common.errors import DomainError, InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from common.event import Envelope, Undecodable, WireRecord, open_envelope, traceparent_of
from common.inbox import Claim, IdTaken, Key
from common.journal import JsonValue
from common.schema import journal_note
from common.schema import parked_event as parked

REDRIVEN = "redriven"
SUPERSEDED = "superseded"
WAITING_REASONS = ("gap", "behind")
"""Nothing is wrong with these themselves: they go on as soon as what they wait for is done."""

_DETAIL_MAX = 2_000
_UNPLACED_MAX = 100
_TOLD_BY_OTHERS = ("refused", "failed")

SAID_OF_DISCARD = (
    select(journal_note.c.words).where(journal_note.c.id == parked.c.discard_note).scalar_subquery()
).label("discard_reason")
"""What whoever asked for the discard said, for as long as it is not erased."""

_ALL = (*parked.c, SAID_OF_DISCARD)

_MAY_GO_ON = text(
    """
    SELECT DISTINCT event.topic, event.key FROM parked_event AS event
    LEFT JOIN inbox_sequence AS known ON known.topic = event.topic AND known.key::text = event.key
    WHERE event.resolved_at IS NULL AND (event.sequence <= coalesce(known.last, 0)
        OR event.sequence = coalesce(known.last, 0) + 1 AND event.reason IN ('gap', 'behind'))
    ORDER BY event.topic, event.key
    """
)


class ParkedEventNotFound(NotFound):
    """No parked event has this number."""

    code = "parked-event-not-found"
    title = Text("보류된 이벤트가 없습니다", "No such parked event")
    detail = Text("보류된 이벤트 {id}번이 없습니다.", "There is no parked event {id}.")


class ParkedEventResolved(RuleRefused):
    """The event was redriven or discarded already."""

    code = "parked-event-resolved"
    title = Text("이미 처리된 이벤트입니다", "The parked event is already resolved")
    detail = Text("보류된 이벤트 {id}번은 이미 처리되었습니다({how}).", "Parked event {id} is already {how}.")


class NotFirstOfItsKey(RuleRefused):
    """Only the event that holds its key back may be discarded: a hole before it would stay a hole."""

    code = "parked-event-not-first"
    title = Text("같은 키의 앞선 이벤트가 남아 있습니다", "An earlier event of the same key is not done")
    detail = Text(
        "순번 {last}까지 처리되어 순번 {sequence}은(는) 버릴 수 없습니다. 앞선 이벤트를 먼저 처리하세요.",
        "The key is done up to {last}, so sequence {sequence} cannot be discarded. Settle the earlier event first.",
    )


class DiscardNeedsSecondPerson(NotPermitted):
    """Who asked to discard an event cannot be the one who confirms it."""

    code = "discard-needs-second-person"
    title = Text("다른 사람의 확인이 필요합니다", "A second person must confirm")
    detail = Text(
        "이벤트 {id}번의 폐기를 요청한 사람은 확인할 수 없습니다.",
        "Whoever asked to discard event {id} cannot confirm it.",
    )


class DiscardNotAsked(RuleRefused):
    """Nobody has asked to discard this event yet."""

    code = "discard-not-asked"
    title = Text("폐기 요청이 없습니다", "Nobody asked to discard this event")
    detail = Text("이벤트 {id}번의 폐기를 먼저 요청해야 합니다.", "Somebody must first ask to discard event {id}.")


class DiscardNeedsReason(InvalidInput):
    """A discarded event is a decision, and a decision is explained."""

    code = "discard-needs-reason"
    title = Text("폐기 사유가 필요합니다", "A reason is needed")
    detail = Text("왜 버려도 되는지 적어 주세요.", "Say why this event may be discarded.")


class ParkedEventChanged(StaleVersion):
    """Since it was read, the event was tried again, or somebody asked for something else."""

    code = "parked-event-changed"
    title = Text("보류된 이벤트가 그 사이 바뀌었습니다", "The parked event has changed")
    detail = Text(
        "이벤트 {id}번을 읽은 뒤 내용이 바뀌었습니다. 다시 읽고 결정해 주세요.",
        "Event {id} has changed since it was read. Read it again before you decide.",
    )


@dataclass(frozen=True, slots=True)
class ParkedEventRoles:
    """Who may look at parked events, and who may settle them."""

    read: frozenset[str]
    mend: frozenset[str]


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """One parked event as a person sees it; `record` is exactly what was received."""

    id: int
    key: Key
    sequence: int | None
    event_id: str | None
    type: str | None
    reason: str
    detail: str
    traceparent: str | None
    parked_at: datetime
    attempts: int
    discard_asked_by: str | None
    discard_note: UUID | None
    discard_reason: str | None
    resolved_at: datetime | None
    resolution: str | None
    resolved_by: str | None
    record: WireRecord

    @property
    def fault(self) -> str:
        """Why it is parked, in words that repeat nothing of its content.

        A rule's or a library's message may name amounts or values; the rule's code or the error's class does not.
        """
        return self.detail.partition(":")[0] if self.reason in _TOLD_BY_OTHERS else self.detail

    @property
    def trace_id(self) -> str | None:
        """The trace of the request or event that told it."""
        parts = (self.traceparent or "").split("-")
        return parts[1] if len(parts) > 1 else None

    @property
    def version(self) -> int:
        """A number that is another one as soon as anything that a person decides on has changed."""
        state = (self.reason, self.detail, self.attempts, self.discard_asked_by, self.discard_note, self.resolution)
        return int.from_bytes(hashlib.sha256(repr(state).encode()).digest()[:6], "big")


async def park(tx: Transaction, record: WireRecord, *, envelope: Envelope | None, reason: str, detail: str) -> bool:
    """Keep a record that could not be applied, and tell whether it is new: the same bytes of an event are kept once."""
    row = {
        "identity": _identity(record, envelope),
        "topic": record.topic,
        "partition": record.partition,
        "kafka_offset": record.offset,
        "key": key_of(record).key,
        "sequence": envelope.sequence if envelope else None,
        "event_id": str(envelope.event_id) if envelope else None,
        "type": envelope.type if envelope else None,
        "record_key": record.key,
        "record_headers": [_kept(name, value) for name, value in record.headers],
        "record_value": record.value,
        "reason": reason,
        "detail": _clean(detail)[:_DETAIL_MAX],
        "traceparent": _traceparent(record, envelope),
    }
    return bool((await tx.execute(upsert(parked).values(row).on_conflict_do_nothing())).rowcount)


async def list_waiting(tx: Transaction, *, key: Key | None = None, limit: int = 100) -> list[ParkedEvent]:
    """Unresolved parked events by key, each key's in its order; those without a sequence come first."""
    statement = select(*_ALL).where(parked.c.resolved_at.is_(None))
    if key is not None:
        statement = statement.where(parked.c.topic == key.topic, parked.c.key == key.key)
    order: Sequence[ColumnElement[Any]] = (parked.c.topic, parked.c.key, parked.c.sequence.nulls_first(), parked.c.id)
    return [read(row) for row in (await tx.execute(statement.order_by(*order).limit(limit))).mappings()]


async def lock_first(tx: Transaction, key: Key) -> list[ParkedEvent]:
    """The earliest event that waits of one key, held against everybody else who would settle it.

    Taken before the key's place in the inbox, by everybody: so no two wait for each other.
    """
    placed = _waiting_of(key).where(parked.c.sequence.is_not(None)).order_by(parked.c.sequence, parked.c.id).limit(1)
    return [read(row) for row in (await tx.execute(placed.with_for_update())).mappings()]


async def lock_unplaced(tx: Transaction, key: Key) -> list[ParkedEvent]:
    """What waits of one key and had no readable sequence when it came, held in the same way."""
    unplaced = _waiting_of(key).where(parked.c.sequence.is_(None)).order_by(parked.c.id).limit(_UNPLACED_MAX)
    return [read(row) for row in (await tx.execute(unplaced.with_for_update())).mappings()]


async def count_waiting(tx: Transaction, *, key: Key | None = None) -> dict[str, int]:
    """How many events wait, by topic."""
    statement = (
        select(parked.c.topic, func.count().label("waiting"))
        .where(parked.c.resolved_at.is_(None))
        .group_by(parked.c.topic)
    )
    if key is not None:
        statement = statement.where(parked.c.topic == key.topic, parked.c.key == key.key)
    return {row.topic: row.waiting for row in await tx.execute(statement)}


async def keys_that_may_go_on(tx: Transaction) -> list[Key]:
    """The keys of which something parked has its turn, or is done: who should have seen to them died over it."""
    return [Key(row.topic, row.key) for row in await tx.execute(_MAY_GO_ON)]


async def show(tx: Transaction, id_: int) -> ParkedEvent:
    """One parked event, resolved or not; raises `ParkedEventNotFound`."""
    row = (await tx.execute(select(*_ALL).where(parked.c.id == id_))).mappings().one_or_none()
    if row is None:
        raise ParkedEventNotFound(id=id_)
    return read(row)


def read(row: Any) -> ParkedEvent:  # noqa: ANN401  a row mapping has no useful type
    """A row of the table as what it stands for."""
    record = WireRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["kafka_offset"],
        key=row["record_key"],
        value=row["record_value"],
        headers=[_header(*kept) for kept in row["record_headers"]],
    )
    shown = {name: row[name] for name in ParkedEvent.__dataclass_fields__ if name not in {"key", "record"}}
    return ParkedEvent(key=Key(row["topic"], row["key"]), record=record, **shown)


async def ask_discard(tx: Transaction, id_: int, *, by: Principal, reason: str, at: datetime) -> None:
    """The first of two people says why an event may be dropped."""
    if not reason.strip():
        raise DiscardNeedsReason
    event = await lock_unresolved(tx, id_)
    said = await notes.keep(tx, reason.strip(), chain=chain_of(event.key))
    asked = {"discard_asked_by": by.actor, "discard_note": said.id}
    await tx.execute(update(parked).where(parked.c.id == id_).values(asked))
    await note(tx, event, "parked-event.discard-asked", by=by, at=at, facts={"reason": said.reference})


async def confirm_discard(tx: Transaction, id_: int, *, by: Principal, at: datetime, version: int | None = None) -> Key:
    """The second of two people drops the event: its sequence counts as done, and what waited behind it can go on.

    `version` is what this person has read; without one, whatever is asked now is confirmed.
    """
    event = await lock_unresolved(tx, id_)
    if version is not None and version != event.version:
        raise ParkedEventChanged(id=id_, current_version=event.version)
    if event.discard_asked_by is None:
        raise DiscardNotAsked(id=id_)
    if _person(event.discard_asked_by) == by.subject:
        raise DiscardNeedsSecondPerson(id=id_)
    standing = (await inbox.lock(tx, [event.key]))[event.key]
    if event.sequence is not None and event.sequence > standing.last + 1:
        raise NotFirstOfItsKey(last=standing.last, sequence=event.sequence)
    envelope = _envelope(event.record)
    if envelope is not None and envelope.sequence == standing.last + 1:
        try:
            await inbox.claim_all(tx, [Claim(envelope, inbox.DISCARDED)])
        except IdTaken:
            await inbox.pass_over(tx, envelope)
    await resolve(tx, id_, "discarded", by=by.actor)
    facts: dict[str, JsonValue] = {}
    if event.discard_note is not None:
        facts["reason"] = await notes.reference_to(tx, event.discard_note)
    await note(tx, event, "parked-event.discarded", by=by, at=at, facts=facts)
    return event.key


async def resolve(tx: Transaction, id_: int, resolution: str, *, by: str) -> None:
    """Note that a parked event waits no longer."""
    done = {"resolved_at": text("now()"), "resolution": resolution, "resolved_by": by}
    await tx.execute(update(parked).where(parked.c.id == id_).values(done))


async def keep_waiting(tx: Transaction, id_: int, *, reason: str, detail: str) -> None:
    """Note that another try failed, and why."""
    changed = {"reason": reason, "detail": _clean(detail)[:_DETAIL_MAX], "attempts": parked.c.attempts + 1}
    await tx.execute(update(parked).where(parked.c.id == id_).values(changed))


def describe(error: Exception) -> tuple[str, str]:
    """The reason and the detail to park an event with, when this happened to it."""
    if isinstance(error, Undecodable):
        return error.reason, error.detail
    if isinstance(error, DomainError):
        return "refused", f"{error.code}: {error}"
    if isinstance(error, DBAPIError):
        # PostgreSQL's own message may repeat a whole row, and those who look after parked events see no cases.
        constraint = getattr(error.orig and error.orig.__cause__, "constraint_name", None)
        return "failed", f"{type(error).__name__}: SQLSTATE {sqlstate(error)}, constraint {constraint}"
    return "failed", f"{type(error).__name__}: {error}"


def key_of(record: WireRecord) -> Key:
    """The key of any record, event or not, as text that a database can hold."""
    return Key(record.topic, _clean((record.key or b"").decode(errors="backslashreplace")))


async def lock_unresolved(tx: Transaction, id_: int) -> ParkedEvent:
    """One parked event that still waits, held for a decision; raises what speaks against one."""
    known = await show(tx, id_)
    # The key's first before any other: who settles the key goes through them in this order.
    await lock_first(tx, known.key)
    row = (await tx.execute(select(*_ALL).where(parked.c.id == id_).with_for_update())).mappings().one()
    if row["resolved_at"] is not None:
        raise ParkedEventResolved(id=id_, how=row["resolution"])
    return read(row)


async def note(
    tx: Transaction, event: ParkedEvent, decision: str, *, by: Principal, at: datetime, facts: Mapping[str, JsonValue]
) -> None:
    """Write into the journal what somebody decided about a parked event."""
    about: dict[str, JsonValue] = {
        "parked_event": event.id,
        "topic": event.key.topic,
        # A record that is no event of ours may have anything for its key, and the journal never forgets.
        "key": event.key.key if event.key.names_an_aggregate else None,
        "sequence": event.sequence,
        "type": event.type,
    }
    await journal.record(tx, chain=chain_of(event.key), decision=decision, by=by, at=at, facts={**about, **facts})


def chain_of(key: Key) -> str:
    """The chain of the journal that tells what was decided on parked events of this key's topic."""
    return f"parked/{key.topic}"


def _person(actor: str) -> str:
    """Who it was: somebody who comes with another role or tenant is no second person."""
    return actor.split(":", 2)[2]


def _waiting_of(key: Key) -> Select[Any]:
    return select(*_ALL).where(parked.c.resolved_at.is_(None), parked.c.topic == key.topic, parked.c.key == key.key)


def _identity(record: WireRecord, envelope: Envelope | None) -> str:
    # The bytes are part of it: a broken copy must not pass for the event whose id it bears.
    content = hashlib.sha256(record.value or b"").hexdigest()[:32]
    if envelope is not None:
        return f"{envelope.event_id}/{content}"
    return f"{record.topic}/{record.partition}/{record.offset}/{content}"


def _envelope(record: WireRecord) -> Envelope | None:
    try:
        return open_envelope(record)[0]
    except Undecodable:
        return None


def _traceparent(record: WireRecord, envelope: Envelope | None) -> str | None:
    # What cannot be read is what somebody will have to trace, so the header is asked, whatever became of the rest.
    told = envelope.traceparent if envelope else None
    return traceparent_of(record) or (_clean(told) if told else None)


def _kept(name: str, value: bytes | None) -> list[str | None]:
    """Name and value; after them the name's own bytes, where no text can say them."""
    own = name.encode(errors="surrogateescape")
    shown = _clean(own.decode(errors="backslashreplace"))
    kept = (value,) if shown == name else (value, own)
    return [shown, *(None if one is None else base64.b64encode(one).decode() for one in kept)]


def _header(name: str, value: str | None, own: str | None = None) -> tuple[str, bytes | None]:
    said = name.encode() if own is None else base64.b64decode(own)
    return said.decode(errors="surrogateescape"), None if value is None else base64.b64decode(value)


def _clean(value: str) -> str:
    return value.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
