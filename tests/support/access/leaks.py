"""Sends what the table forbids to services whose guards are gone, and looks for another's things in what comes back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from common.db import DatabaseUnavailable
from contracts.roles import MUNICIPALITY_ROLES, Role
from tests.support.access.table import OFFERED, PERMISSIONS
from tests.support.access.worlds import STALE, Ask, World
from tools.catalogue.permissions import ALLOWED, PUBLIC, Operation

_OF_SOMEBODY = frozenset(
    {
        "company",
        "worksite",
        "application",
        "project",
        "budget-line",
        "figures",
        "seat-offer",
        "residency",
        "session",
        "item",
        "webhook",
    }
)
_VERSIONED = {
    "calls": text("SELECT version FROM call WHERE id::text = :id"),
    "applications": text("SELECT version FROM application WHERE id::text = :id"),
    "seat-offers": text("SELECT version FROM seat_offer WHERE id::text = :id"),
    "projects": text("SELECT version FROM project WHERE id::text = :id"),
    "residencies": text("SELECT version FROM residency WHERE id::text = :id"),
    "mentor-sessions": text("SELECT version FROM mentor_session WHERE id::text = :id"),
    "improvement-items": text("SELECT version FROM improvement_item WHERE id::text = :id"),
    "budget-lines": text("SELECT version FROM budget_line WHERE id::text = :id"),
    "webhook-endpoints": text("SELECT version FROM webhook_endpoint WHERE id::text = :id"),
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEPT_BY_A_REQUEST = {"idempotency_key", "disclosure", "export_record", "outcome_reading"}


@dataclass(frozen=True)
class Attempt:
    """One request that the table forbids: by a role that is bound to its own, on what is not its own."""

    operation: Operation
    role: str
    scope: str

    def __str__(self) -> str:
        return f"{self.operation.name} by {self.role} on {self.scope}"


@dataclass
class Leaks:
    """What came of many attempts: how many there were, and each that showed or changed something of another's."""

    attempts: int = 0
    found: Sequence[str] = ()


def attempts(service: str, roles: Iterable[str] | None = None) -> list[Attempt]:
    """Every operation by every role that is not to reach another's things in this service.

    A role that may do nothing on anything of somebody's here is tried on `own` too: nothing here is its own.
    """
    offered = [each for each in OFFERED if each.service == service]
    tied = [each for each in offered if PERMISSIONS.tie(each.name) in _OF_SOMEBODY]
    found = []
    for role in PERMISSIONS.roles if roles is None else roles:
        if any(PERMISSIONS.answer(each.name, role, "other") == ALLOWED for each in tied):
            continue
        stranger = all(PERMISSIONS.answer(each.name, role, "own") != ALLOWED for each in tied)
        found += [
            Attempt(each, role, scope)
            for each in offered
            for scope in (("other", "own") if stranger else ("other",))
            if PERMISSIONS.answer(each.name, role, scope) != ALLOWED
            # A draft of a call is nobody's, and municipalities are shown it when they are asked for seats.
            and not (PERMISSIONS.tie(each.name) == "publication" and role in MUNICIPALITY_ROLES)
            # Who holds what is the identity provider's own question: another route tells it, and the rows are not hidden.
            and not (PERMISSIONS.tie(each.name) == "appointment" and role == Role.IDENTITY_PROVIDER)
        ]
    return found


async def leaks_of(world: World, tried: Sequence[Attempt]) -> Leaks:
    """Make the attempts; nothing of another's may be shown by one, and nothing at all changed by all of them."""
    before = await world.state()
    found = [fault for attempt in tried for fault in await _shown(world, attempt)]
    after = await world.state()
    found += [
        f"{world.service}: an attempt changed {table}"
        for table in before
        if table not in _KEPT_BY_A_REQUEST and before[table] != after[table]
    ]
    return Leaks(len(tried), found)


async def _shown(world: World, attempt: Attempt) -> list[str]:
    # Without a token a role that is nobody's comes as a member of the public.
    scope = "none" if attempt.role == PUBLIC else attempt.scope
    ask = await _with_the_version(world, world.ask(attempt.operation.id, attempt.role, attempt.scope))
    try:
        answer = await world.send(ask, world.caller(attempt.role, scope if scope == "none" else "own"))
    except DatabaseUnavailable:
        raise
    except Exception:  # noqa: BLE001  a request that breaks off has shown nothing; what it changed is looked at after
        return []
    if answer.status_code >= 300:
        return []
    return [f"{attempt} shows {marker}" for marker in _markers(world, attempt, ask) if marker in answer.text]


def _markers(world: World, attempt: Attempt, ask: Ask) -> set[str]:
    mine, others = world.own(attempt.role), world.other
    target = others if attempt.scope == "other" else mine
    shared = {name for name in target if mine.get(name) == others.get(name)}
    if attempt.role in MUNICIPALITY_ROLES and "publication" in target:
        # Its own offers of seats name the draft that they are for.
        shared.add("publication")
    markers = {value for name, value in target.items() if name not in shared and _ID.fullmatch(value)}
    return markers | ({ask.shows} if ask.shows and ask.shows.strip('"') not in _values(mine, shared) else set())


def _values(things: Mapping[str, str], names: Iterable[str]) -> set[str]:
    return {things[name] for name in names}


async def _with_the_version(world: World, ask: Ask) -> Ask:
    """An attempt names the version that is there, since a stale one would be refused for that alone."""
    _, _, plural, *rest = ask.path.split("/")
    if ask.version != STALE or plural not in _VERSIONED or not rest:
        return ask
    async with world.owner.transaction(read_only=True) as tx:
        found: Any = (await tx.execute(_VERSIONED[plural], {"id": rest[0]})).scalar_one_or_none()
    return ask if found is None else replace(ask, version=found)
