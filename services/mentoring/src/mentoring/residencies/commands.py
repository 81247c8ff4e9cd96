"""What becomes of residencies: plans assign and move them, Samsung answers in time, the mentor lead starts and ends.

Whoever changes one locks its project first, then the team. An answer of Samsung's frees weeks and locks rows that
Samsung's system does not see, so it works as the service for that block.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import holidays

from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import Entry, JsonValue
from contracts.mentoring import (
    ResidencyAccepted,
    ResidencyAssigned,
    ResidencyEnded,
    ResidencyReleased,
    ResidencyStarted,
)
from mentoring.matching import commands as waiting
from mentoring.residencies import domain, store
from mentoring.residencies.domain import DeclineReason, ReleaseReason, Residency, ResidencyUnknown
from mentoring.teams import commands as teams

__all__ = [
    "DeclineReason",
    "NewResidency",
    "ReleaseReason",
    "Residency",
    "ResidencyUnknown",
    "accept_residency",
    "assign_residencies",
    "decline_residency",
    "end_residency",
    "ids_of",
    "lapse_residency",
    "lock_residency",
    "movable_residencies",
    "move_residencies",
    "release_residency",
    "start_residency",
]

_SATURDAY = 5
# Made when the program starts, since making it reads files; it then works out each year that is asked for by itself.
_HOLIDAYS = holidays.country_holidays("KR")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResidency:
    """What a confirmed plan says of one residency."""

    rotation_id: UUID
    project_id: UUID
    team_id: UUID
    municipality_code: str
    first_week: date
    weeks: int


async def assign_residencies(
    tx: Transaction,
    wanted: Sequence[NewResidency],
    *,
    plan_id: UUID,
    rule_version: str,
    answer_days: int,
    by: Principal,
    now: datetime,
) -> bool:
    """Give teams' free weeks to locked projects, all or none; False if some of these weeks are free no more."""
    due = _due(now, answer_days)
    entries = []
    for each in wanted:
        given = (each.project_id, plan_id)
        if not await teams.take_rotation(
            tx, each.rotation_id, team_id=each.team_id, project_id=given[0], plan_id=given[1]
        ):
            return False
        residency = Residency(
            id=new_id(),
            rotation_id=each.rotation_id,
            project_id=each.project_id,
            team_id=each.team_id,
            plan_id=plan_id,
            municipality_code=each.municipality_code,
            first_week=each.first_week,
            weeks=each.weeks,
            assigned_at=now,
            answer_due_at=due,
            changed_at=now,
            rule_version=rule_version,
        )
        await store.add(tx, residency)
        told = ResidencyAssigned(
            **ids_of(residency),
            municipality_code=residency.municipality_code,
            first_week=residency.first_week,
            weeks=residency.weeks,
            answer_due_at=due,
        )
        await outbox.record(tx, told, at=now)
        facts = _facts(residency) | {"answer_due_at": due.isoformat()}
        entries.append(Entry(f"project/{each.project_id}", "team-assigned", facts, rule_version))
    await teams.change_version(tx, {each.team_id for each in wanted})
    await journal.record_many(tx, entries, by=by, at=now)
    return True


async def movable_residencies(tx: Transaction, *, after: date) -> dict[UUID, UUID]:
    """The rotation of each project that another plan may move: not started, and to begin after that day."""
    return await store.movable(tx, after=after)


async def move_residencies(tx: Transaction, project_ids: Collection[UUID], *, by: Principal, now: datetime) -> None:
    """Take the weeks of locked projects back, for a plan to give them others."""
    for residency in await store.open_of_projects(tx, project_ids):
        await _free(tx, domain.move(residency, now=now), "team-moved", by=by, now=now)


async def release_residency(
    tx: Transaction, project_id: UUID, reason: ReleaseReason, *, by: Principal, now: datetime
) -> None:
    """Give the weeks of a locked project, which is no more, back to its team, if it had any; of begun ones the rest."""
    today = now.astimezone(KST).date()
    for residency in await store.open_of_projects(tx, [project_id]):
        released = domain.release(residency, reason, today=today, now=now)
        await _free(tx, released, "team-released", by=by, now=now)


async def accept_residency(tx: Transaction, residency_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Samsung sends the team."""
    await store.project_of(tx, residency_id)  # as the caller, who may not see it
    async with as_service(tx):
        residency = await _locked(tx, residency_id)
        accepted = domain.accept(residency, version=version, by=by.person, now=now)
        await store.save(tx, accepted)
        await outbox.record(tx, ResidencyAccepted(**ids_of(accepted)), at=now)
        await _journal(tx, accepted, "residency-accepted", by=by, now=now)


async def decline_residency(
    tx: Transaction, residency_id: UUID, reason: DeclineReason, *, version: int, by: Principal, now: datetime
) -> None:
    """Samsung does not send the team: the firm waits again, and is not planned for this team or these weeks."""
    await store.project_of(tx, residency_id)  # as the caller, who may not see it
    async with as_service(tx):
        residency = await _locked(tx, residency_id)
        declined = domain.decline(residency, reason, version=version, by=by.person, now=now)
        await _free(tx, declined, "residency-declined", by=by, now=now)


async def lapse_residency(tx: Transaction, *, by: Principal, now: datetime) -> bool:
    """Free the weeks of one residency that nobody answered in time; False if there is none."""
    residency_id = await store.overdue(tx, now)
    if residency_id is None:
        return False
    lapsed = domain.lapse(await _locked(tx, residency_id), now=now)
    if lapsed is not None:
        await _free(tx, lapsed, "residency-lapsed", by=by, now=now)
    return True


async def start_residency(tx: Transaction, residency_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """The team is at the firm."""
    residency = await _locked(tx, residency_id)
    pauses = await waiting.pauses_of(tx, residency.project_id)
    resting = next((each.suspended_on for each in pauses if each.resumed_on is None), None)
    today = now.astimezone(KST).date()
    started = domain.start(residency, suspended_on=resting, version=version, today=today, now=now)
    await store.save(tx, started)
    told = ResidencyStarted(**ids_of(started), started_on=_day(started.started_on))
    await outbox.record(tx, told, at=now)
    await _journal(tx, started, "residency-started", by=by, now=now, on=_day(started.started_on).isoformat())


async def end_residency(tx: Transaction, residency_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """The team leaves the firm."""
    today = now.astimezone(KST).date()
    ended = domain.end(await _locked(tx, residency_id), version=version, today=today, now=now)
    await store.save(tx, ended)
    await outbox.record(tx, ResidencyEnded(**ids_of(ended), ended_on=_day(ended.ended_on)), at=now)
    await _journal(tx, ended, "residency-ended", by=by, now=now, on=_day(ended.ended_on).isoformat())


async def lock_residency(tx: Transaction, residency_id: UUID) -> Residency:
    """One residency, which neither starts nor ends until commit; raises ResidencyUnknown."""
    return await store.get_locked(tx, residency_id)


async def _locked(tx: Transaction, residency_id: UUID) -> Residency:
    await waiting.lock_projects(tx, [await store.project_of(tx, residency_id)])
    return await store.get_locked(tx, residency_id)


async def _free(tx: Transaction, freed: Residency, decision: str, *, by: Principal, now: datetime) -> None:
    begun_by = now.astimezone(KST).date() if freed.started_on else None
    await teams.free_rotation(tx, freed.project_id, begun_by=begun_by)
    await store.save(tx, freed)
    why = freed.decline_reason or freed.release_reason
    reason = why.value if why else None
    await outbox.record(tx, ResidencyReleased(**ids_of(freed), why=freed.state.value, reason=reason), at=now)
    await _journal(tx, freed, decision, by=by, now=now, reason=reason)


async def _journal(
    tx: Transaction, residency: Residency, decision: str, *, by: Principal, now: datetime, **facts: JsonValue
) -> None:
    chain, said = f"project/{residency.project_id}", _facts(residency) | facts
    rule = residency.rule_version
    await journal.record(tx, chain=chain, decision=decision, by=by, at=now, facts=said, rule_version=rule)


def ids_of(residency: Residency) -> dict[str, UUID]:
    """What every event of a residency names."""
    return {
        "residency_id": residency.id,
        "rotation_id": residency.rotation_id,
        "project_id": residency.project_id,
        "team_id": residency.team_id,
        "plan_id": residency.plan_id,
    }


def _facts(residency: Residency) -> dict[str, JsonValue]:
    ids: dict[str, JsonValue] = {name: str(value) for name, value in ids_of(residency).items()}
    weeks: dict[str, JsonValue] = {"first_week": residency.first_week.isoformat(), "weeks": residency.weeks}
    return ids | weeks | {"state": residency.state.value, "residency_version": residency.version}


def _due(now: datetime, days: int) -> datetime:
    """When so many days are over in Korea, counted from the next one; the last is no Saturday, Sunday or holiday."""
    last = now.astimezone(KST).date() + timedelta(days=days)
    while last.weekday() >= _SATURDAY or last in _HOLIDAYS:
        last += timedelta(days=1)
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=KST)


def _day(day: date | None) -> date:
    assert day is not None  # noqa: S101  the domain has just set it
    return day
