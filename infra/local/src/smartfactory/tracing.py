"""What happened to one case, or because of one request, in all services: read from their databases and put in order.

An event carries its correlation id, its trace and its cause through every service, so the outboxes hold the story; the
inboxes say when each service was done with it, the journals say what was decided, and parked rows what got stuck.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from smartfactory.snapshots import snapshots

_ONE_ACT = timedelta(seconds=10)
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_CASE_FIELDS = ("application_id", "project_id")

_EVENT_COLUMNS = """
    SELECT event_id, type, topic, key, sequence, occurred_at, recorded_at, published_at, correlation_id, causation_id,
           split_part(traceparent, '-', 2) AS trace_id, actor,
           data ->> 'application_id' AS application_id, data ->> 'project_id' AS project_id,
           data ->> 'call_id' AS call_id
      FROM (SELECT *, convert_from(payload, 'UTF8')::jsonb AS data FROM outbox) AS told
"""
_EVENTS_OF_CASES = (
    _EVENT_COLUMNS
    + "WHERE key = ANY($1::uuid[]) OR data ->> 'application_id' = ANY($1::uuid[]::text[])"
    + " OR data ->> 'project_id' = ANY($1::uuid[]::text[])"
)
_EVENTS_OF_MARK = (
    _EVENT_COLUMNS
    + "WHERE correlation_id = $1 OR causation_id = $1 OR event_id::text = $1 OR split_part(traceparent, '-', 2) = $1"
)
_CLAIMS = (
    "SELECT event_id, type, topic, key, sequence, outcome, recorded_at FROM inbox WHERE event_id = ANY($1::uuid[])"
)
_DECISIONS = """
    SELECT chain, decision, actor, rule_version, decided_at, recorded_at,
           (SELECT words FROM journal_note WHERE id::text = facts -> 'reason' ->> 'note') AS reason
      FROM journal_entry WHERE split_part(chain, '/', 2) = ANY($1::text[])
        OR chain LIKE 'parked/%' AND facts ->> 'key' = ANY($1::text[])
"""
_PARKED = """
    SELECT id, event_id, topic, key, sequence, type, reason, attempts, parked_at, resolved_at, resolution, resolved_by,
           split_part(traceparent, '-', 2) AS trace_id
      FROM parked_event
     WHERE event_id = ANY($1::text[]) OR key = ANY($2::text[]) OR split_part(traceparent, '-', 2) = $3
"""

Row = Mapping[str, Any]


class Kind(StrEnum):
    """What sort of thing happened; what one transaction wrote is told in this order, its cause first."""

    APPLIED = "applied"
    EVENT = "event"
    DECISION = "decision"
    PARKED = "parked"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the story, in real time; of an event and its application, the moment their transaction began.

    `delay_ms` is the time from the one to the other.
    """

    at: datetime
    service: str
    kind: Kind
    what: str
    of: str
    sequence: int | None = None
    note: str = ""
    actor: str | None = None
    programme_at: datetime | None = None
    delay_ms: int | None = None
    event_id: str | None = None
    correlation_id: str | None = None
    trace_id: str | None = None


async def follow(database_urls: Mapping[str, str], wanted: str) -> list[Happening]:
    """Everything about an application, a project, an event, a correlation or request id, or a trace, in time order."""
    async with snapshots(database_urls) as databases:
        told = await _all(databases, _EVENTS_OF_MARK, wanted)
        cases = set[UUID]() if _known(told) else await _cases(databases, wanted)
        if cases:
            told = await _all(databases, _EVENTS_OF_CASES, list(cases))
        elif _known(told) and not _TRACE_ID.fullmatch(wanted):
            # An event or a cause names one step of a story: the correlation is the whole of it.
            told = await _whole(databases, told, wanted)
        return await _story(databases, told, cases, wanted)


async def _cases(databases: Mapping[str, asyncpg.Connection], wanted: str) -> set[UUID]:
    """The application and the projects that belong together with this one."""
    try:
        found, cases = {UUID(wanted)}, set[UUID]()
    except ValueError:
        return set()
    while found != cases:
        cases = set(found)
        for rows in (await _all(databases, _EVENTS_OF_CASES, list(cases))).values():
            found |= {UUID(row[field]) for row in rows for field in _CASE_FIELDS if row[field] is not None}
    return cases


async def _whole(
    databases: Mapping[str, asyncpg.Connection], told: Mapping[str, Sequence[Row]], wanted: str
) -> dict[str, Sequence[Row]]:
    correlations = {row["correlation_id"] for rows in told.values() for row in rows} | {wanted}
    whole: dict[str, dict[UUID, Row]] = {service: {} for service in databases}
    for correlation in sorted(correlations):
        for service, rows in (await _all(databases, _EVENTS_OF_MARK, correlation)).items():
            whole[service] |= {row["event_id"]: row for row in rows}
    return {service: list(rows.values()) for service, rows in whole.items()}


async def _story(
    databases: Mapping[str, asyncpg.Connection],
    told: Mapping[str, Sequence[Row]],
    cases: Iterable[UUID],
    wanted: str,
) -> list[Happening]:
    sent = {row["event_id"]: row for rows in told.values() for row in rows}
    ids = {str(case) for case in cases}
    if not ids:
        ids = {str(row[field]) for row in sent.values() for field in (*_CASE_FIELDS, "call_id", "key") if row[field]}
    found = [_event(service, row) for service, rows in told.items() for row in rows]
    stuck = [str(event_id) for event_id in sent], [str(case) for case in cases], wanted
    for service, database in databases.items():
        claims = await database.fetch(_CLAIMS, list(sent))
        found += [_claim(service, row, sent[row["event_id"]]) for row in claims]
        parked = await database.fetch(_PARKED, *stuck)
        for row in parked:
            found += _parked(service, row)
        decisions = await database.fetch(_DECISIONS, sorted(ids | {row["key"] for row in parked}))
        if not cases:
            decisions = [row for row in decisions if _on_parked(row) or _of_one_act(row, told[service])]
        found += [_decision(service, row) for row in decisions]
    order = list(Kind)
    return sorted(found, key=lambda one: (one.at, order.index(one.kind), one.service, one.of, one.sequence or 0))


def _on_parked(decision: Row) -> bool:
    return bool(decision["chain"].startswith("parked/"))


def _of_one_act(decision: Row, events: Sequence[Row]) -> bool:
    return any(_same_act(decision, event) for event in events)


def _same_act(decision: Row, event: Row) -> bool:
    """Whether a decision and an event were written by one transaction: same actor, same programme moment, close by."""
    near = timedelta(0) <= decision["recorded_at"] - event["recorded_at"] <= _ONE_ACT
    same = decision["actor"] == event["actor"] and decision["decided_at"] == event["occurred_at"]
    return near and bool(same)


def _event(service: str, row: Row) -> Happening:
    return Happening(
        at=row["recorded_at"],
        service=service,
        kind=Kind.EVENT,
        what=_short(row["type"]),
        of=str(row["key"]),
        sequence=row["sequence"],
        note="" if row["published_at"] else "not sent yet",
        actor=row["actor"],
        programme_at=row["occurred_at"],
        event_id=str(row["event_id"]),
        correlation_id=row["correlation_id"],
        trace_id=row["trace_id"] or None,
    )


def _claim(service: str, row: Row, event: Row) -> Happening:
    return Happening(
        at=row["recorded_at"],
        service=service,
        kind=Kind.APPLIED,
        what=_short(row["type"]),
        of=str(row["key"]),
        sequence=row["sequence"],
        note="" if row["outcome"] == "applied" else row["outcome"],
        delay_ms=round((row["recorded_at"] - event["recorded_at"]).total_seconds() * 1000),
        event_id=str(row["event_id"]),
        correlation_id=event["correlation_id"],
        trace_id=event["trace_id"] or None,
    )


def _decision(service: str, row: Row) -> Happening:
    notes = (row["rule_version"], row["reason"] if _on_parked(row) else None)
    return Happening(
        at=row["recorded_at"],
        service=service,
        kind=Kind.DECISION,
        what=row["decision"],
        of=row["chain"],
        note=", ".join(note for note in notes if note),
        actor=row["actor"],
        programme_at=row["decided_at"],
    )


def _parked(service: str, row: Row) -> list[Happening]:
    about = {
        "service": service,
        "what": _short(row["type"] or "?"),
        "of": row["key"],
        "sequence": row["sequence"],
        "event_id": row["event_id"],
        "trace_id": row["trace_id"] or None,
    }
    note = f"parked-event {row['id']}: {row['reason']}, tried {row['attempts']}"
    story = [Happening(at=row["parked_at"], kind=Kind.PARKED, note=note, **about)]
    if row["resolved_at"] is not None:
        done = Happening(
            at=row["resolved_at"], kind=Kind.RESOLVED, note=row["resolution"], actor=row["resolved_by"], **about
        )
        story.append(done)
    return story


def _short(type_: str) -> str:
    """`kr.jeonbuk.smartfactory.funding.commitment.committed.v1` as `commitment.committed.v1`.

    What partners outside are told is called by all four words: its last three are another event's too.
    """
    words = type_.split(".")
    return ".".join(words[-4:] if words[-4:-3] == ["partner"] else words[-3:])


def _known(told: Mapping[str, Sequence[Row]]) -> bool:
    return any(told.values())


async def _all(databases: Mapping[str, asyncpg.Connection], sql: str, argument: object) -> dict[str, Sequence[Row]]:
    return {service: await database.fetch(sql, argument) for service, database in databases.items()}
