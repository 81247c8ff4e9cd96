"""What both sides record of a residency; each entry stands in the project's chain of the journal."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.mentoring import ImprovementItemClosed
from mentoring.matching.commands import pauses_of
from mentoring.residencies import commands as residencies
from mentoring.residencies.commands import Residency, ResidencyUnknown
from mentoring.residencies.queries import get_residency
from mentoring.teams.commands import members_of
from mentoring.visits import domain, store
from mentoring.visits.domain import Item, ItemUnknown, Kpi, Place, RejectReason, Session, SessionUnknown, Stay

__all__ = [
    "Kpi",
    "Place",
    "RejectReason",
    "agree_item",
    "begin_item",
    "close_item",
    "confirm_session",
    "find_item",
    "record_session",
    "reject_item",
]


async def record_session(
    tx: Transaction,
    residency_id: UUID,
    *,
    held_on: date,
    minutes: int,
    place: Place,
    mentor_ids: Sequence[UUID],
    by: Principal,
    now: datetime,
) -> UUID:
    """Say which mentors were at the firm and for how long."""
    residency = await _reached(tx, residency_id, by=by)
    session = Session(
        id=new_id(),
        residency_id=residency_id,
        held_on=held_on,
        minutes=minutes,
        place=place,
        mentor_ids=tuple(sorted(set(mentor_ids))),
        recorded_by=by.person,
        recorded_at=now,
    )
    await store.add_session(tx, domain.record_session(session, await _stay(tx, residency), today=_today(now)))
    facts: dict[str, JsonValue] = {
        "session_id": str(session.id),
        "held_on": held_on.isoformat(),
        "minutes": minutes,
        "place": place.value,
        "mentor_ids": [str(each) for each in session.mentor_ids],
    }
    await _journal(tx, residency, "session-recorded", facts, by=by, now=now)
    return session.id


async def confirm_session(tx: Transaction, session_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Say that the mentors were there: the hours count as know-how in kind."""
    try:
        residency = await _reached(tx, await store.residency_of_session(tx, session_id), by=by)
    except ResidencyUnknown:
        raise SessionUnknown(session_id=session_id) from None
    session = await store.get_session(tx, session_id)
    confirmed = domain.confirm_session(session, version=version, by=by.person, now=now)
    await store.save_session(tx, confirmed)
    hours = len(session.mentor_ids) * session.minutes
    facts: dict[str, JsonValue] = {"session_id": str(session_id), "know_how_minutes": hours}
    await _journal(tx, residency, "session-confirmed", facts, by=by, now=now)


async def find_item(
    tx: Transaction, residency_id: UUID, *, kpi: Kpi, before_sha256: str, by: Principal, now: datetime
) -> UUID:
    """Name a thing to improve, with how it looks."""
    residency = await _reached(tx, residency_id, by=by)
    domain.check_there(await _stay(tx, residency), _today(now), today=_today(now))
    item = Item(
        id=new_id(),
        residency_id=residency_id,
        kpi=kpi,
        before_sha256=before_sha256,
        found_by=by.person,
        found_at=now,
        changed_by=by.person,
        changed_at=now,
    )
    await store.add_item(tx, item)
    await _journal_item(tx, residency, item, by=by, now=now, evidence=before_sha256)
    return item.id


async def agree_item(tx: Transaction, item_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """The firm wants it done."""
    await _change(
        tx, item_id, lambda item: domain.agree_item(item, version=version, by=by.person, now=now), by=by, now=now
    )


async def begin_item(tx: Transaction, item_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """It is worked on."""
    await _change(
        tx, item_id, lambda item: domain.begin_item(item, version=version, by=by.person, now=now), by=by, now=now
    )


async def reject_item(
    tx: Transaction, item_id: UUID, reason: RejectReason, *, version: int, by: Principal, now: datetime
) -> None:
    """The firm does not want it, or no more."""

    def rejected(item: Item) -> Item:
        return domain.reject_item(item, reason, version=version, by=by.person, now=now)

    await _change(tx, item_id, rejected, by=by, now=now)


async def close_item(
    tx: Transaction, item_id: UUID, *, after_sha256: str, version: int, by: Principal, now: datetime
) -> None:
    """It is done, on evidence."""

    def closed(item: Item) -> Item:
        return domain.close_item(item, after_sha256=after_sha256, version=version, by=by.person, now=now)

    residency, item = await _change(tx, item_id, closed, by=by, now=now, evidence=after_sha256)
    told = ImprovementItemClosed(
        **residencies.ids_of(residency), item_id=item_id, kpi=item.kpi.value, closed_on=_today(now)
    )
    await outbox.record(tx, told, at=now)


async def _change(
    tx: Transaction,
    item_id: UUID,
    change: Callable[[Item], Item],
    *,
    by: Principal,
    now: datetime,
    evidence: str | None = None,
) -> tuple[Residency, Item]:
    try:
        residency = await _reached(tx, await store.residency_of_item(tx, item_id), by=by)
    except ResidencyUnknown:
        raise ItemUnknown(item_id=item_id) from None
    item = change(await store.get_item(tx, item_id))
    await store.save_item(tx, item)
    await _journal_item(tx, residency, item, by=by, now=now, evidence=evidence)
    return residency, item


async def _reached(tx: Transaction, residency_id: UUID, *, by: Principal) -> Residency:
    """The residency, locked, if it is the caller's to see; raises ResidencyUnknown."""
    await get_residency(tx, residency_id, by=by)
    return await residencies.lock_residency(tx, residency_id)


async def _stay(tx: Transaction, residency: Residency) -> Stay:
    async with as_service(tx):
        members = await members_of(tx, residency.team_id)
        pauses = await pauses_of(tx, residency.project_id)
    return Stay(
        residency_id=residency.id,
        state=residency.state,
        members=members,
        started_on=residency.started_on,
        ended_on=residency.ended_on,
        rests=pauses,
    )


async def _journal_item(
    tx: Transaction, residency: Residency, item: Item, *, by: Principal, now: datetime, evidence: str | None
) -> None:
    reason = item.reject_reason.value if item.reject_reason else None
    facts: dict[str, JsonValue] = {"item_id": str(item.id), "kpi": item.kpi.value, "reason": reason}
    decision = f"item-{item.state.value.lower().replace('_', '-')}"
    await _journal(tx, residency, decision, facts, by=by, now=now, evidence=evidence)


async def _journal(
    tx: Transaction,
    residency: Residency,
    decision: str,
    facts: dict[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
    evidence: str | None = None,
) -> None:
    said: dict[str, JsonValue] = {"residency_id": str(residency.id), **facts}
    papers = [f"sha256:{evidence}"] if evidence else []
    chain = f"project/{residency.project_id}"
    await journal.record(tx, chain=chain, decision=decision, by=by, at=now, facts=said, evidence=papers)


def _today(now: datetime) -> date:
    return now.astimezone(KST).date()
