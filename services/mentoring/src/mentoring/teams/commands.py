"""What the mentor lead does with teams: form one, say when it can reside, disband it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from mentoring.mentors import commands as mentors
from mentoring.teams import domain, store
from mentoring.teams.domain import Candidate, Composition, Rotation, Team, TeamUnknown

__all__ = [
    "FreedRotation",
    "Rotation",
    "TeamUnknown",
    "change_version",
    "disband_team",
    "form_team",
    "free_rotation",
    "lock_teams",
    "members_of",
    "set_calendar",
    "take_rotation",
]


@dataclass(frozen=True, slots=True)
class FreedRotation:
    """A rotation that a project no longer has, and the plan that had given it."""

    rotation_id: UUID
    plan_id: UUID
    team_id: UUID


async def form_team(
    tx: Transaction,
    *,
    cohort_id: UUID,
    title: str,
    base_municipality_code: str,
    member_ids: Collection[UUID],
    lead_id: UUID,
    by: Principal,
    now: datetime,
) -> UUID:
    """Form a team of trained mentors of one cohort, under its terms."""
    composition = await _composition(tx, cohort_id)
    found = await mentors.lock_mentors(tx, member_ids)
    team = domain.form_team(
        team_id=new_id(),
        cohort_id=cohort_id,
        composition=composition,
        title=title,
        base_municipality_code=base_municipality_code,
        candidates={each.id: Candidate(each.cohort_id, trained=each.trained_on is not None) for each in found},
        member_ids=member_ids,
        lead_id=lead_id,
        by=by.person,
        at=now,
    )
    await store.add(tx, team)
    facts: dict[str, JsonValue] = {
        "mentor_ids": [str(each) for each in team.member_ids],
        "lead_id": str(lead_id),
        "base_municipality_code": team.base_municipality_code,
    }
    await _journal(tx, team, "team-formed", facts, by=by, now=now)
    return team.id


async def set_calendar(
    tx: Transaction, team_id: UUID, rotations: Sequence[Rotation], *, version: int, by: Principal, now: datetime
) -> None:
    """Say in which weeks a team can reside at a firm: these, and no others."""
    team = await store.get_locked(tx, team_id)
    composition, taken = await _composition(tx, team.cohort_id), await store.get_taken(tx, team_id)
    changed = domain.set_calendar(team, rotations, composition, taken=taken, version=version)
    await store.replace_rotations(tx, team_id, rotations)
    await store.save_state(tx, changed)
    facts: dict[str, JsonValue] = {"rotations": [[_said(each.first_week), each.weeks] for each in sorted(rotations)]}
    await _journal(tx, changed, "calendar-set", facts, by=by, now=now)


async def disband_team(tx: Transaction, team_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Free a team's mentors for other teams; what it did stays on record."""
    team, taken = await store.get_locked(tx, team_id), await store.get_taken(tx, team_id)
    team = domain.disband_team(team, taken=taken, version=version, today=now.astimezone(KST).date())
    await store.replace_rotations(tx, team_id, ())
    await store.save_state(tx, team)
    await _journal(tx, team, "team-disbanded", {}, by=by, now=now)


async def lock_teams(tx: Transaction, team_ids: Collection[UUID]) -> None:
    """Hold these teams and their calendars as they are until commit."""
    await store.get_many_locked(tx, team_ids)


async def take_rotation(tx: Transaction, rotation_id: UUID, *, team_id: UUID, project_id: UUID, plan_id: UUID) -> bool:
    """Give a free rotation of a team that the caller has locked to a project; False if it is free no more."""
    return await store.take(tx, rotation_id, team_id=team_id, project_id=project_id, plan_id=plan_id)


async def change_version(tx: Transaction, team_ids: Collection[UUID]) -> None:
    """Let nobody decide on these locked teams by what was read before."""
    for team in await store.get_many_locked(tx, team_ids):
        await store.save_state(tx, replace(team, version=team.version + 1))


async def members_of(tx: Transaction, team_id: UUID) -> frozenset[UUID]:
    """Who is in a team, or was when it was disbanded."""
    return await store.members_of(tx, team_id)


async def free_rotation(tx: Transaction, project_id: UUID, *, begun_by: date | None = None) -> FreedRotation | None:
    """Take a team's weeks back from a project, if it has any, for another project to have them.

    Of weeks in which the team was there, the rest from the Monday after `begun_by` on is free, if it is long enough.
    """
    team_id = await store.team_of_project(tx, project_id)
    if team_id is None:
        return None
    team = await store.get_locked(tx, team_id)
    freed = await store.free(tx, team_id, project_id)
    if freed is None:
        return None
    if begun_by is not None:
        rest = domain.rest_of(Rotation(freed.first_week, freed.weeks), begun_by, await _composition(tx, team.cohort_id))
        await store.replace_begun(tx, team_id, freed.rotation_id, rest)
    await store.save_state(tx, replace(team, version=team.version + 1))
    return FreedRotation(freed.rotation_id, freed.plan_id, team_id)


async def _composition(tx: Transaction, cohort_id: UUID) -> Composition:
    terms = (await mentors.get_cohort(tx, cohort_id)).terms
    return Composition(
        size_min=terms.team_size_min,
        size_max=terms.team_size_max,
        weeks_min=terms.residency_weeks_min,
        weeks_max=terms.residency_weeks_max,
    )


def _said(day: date) -> str:
    return day.isoformat()


async def _journal(
    tx: Transaction, team: Team, decision: str, facts: dict[str, JsonValue], *, by: Principal, now: datetime
) -> None:
    await journal.record(
        tx,
        chain=f"mentor-team/{team.id}",
        decision=decision,
        by=by,
        at=now,
        facts={**facts, "team_version": team.version},
        rule_version=f"cohort/{team.cohort_id}",
    )
