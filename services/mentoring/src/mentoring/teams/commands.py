"""What the mentor lead does with teams: form one, say when it can reside, disband it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from mentoring.mentors import commands as mentors
from mentoring.teams import domain, store
from mentoring.teams.domain import Candidate, Composition, Rotation, Team

__all__ = ["Rotation", "disband_team", "form_team", "set_calendar"]


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
        by=by.subject,
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
    changed = domain.set_calendar(team, rotations, await _composition(tx, team.cohort_id), version=version)
    await store.replace_rotations(tx, team_id, rotations)
    await store.save_state(tx, changed)
    facts: dict[str, JsonValue] = {"rotations": [[_said(each.first_week), each.weeks] for each in sorted(rotations)]}
    await _journal(tx, changed, "calendar-set", facts, by=by, now=now)


async def disband_team(tx: Transaction, team_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Free a team's mentors for other teams; what it did stays on record."""
    team = domain.disband_team(await store.get_locked(tx, team_id), version=version)
    await store.replace_rotations(tx, team_id, ())
    await store.save_state(tx, team)
    await _journal(tx, team, "team-disbanded", {}, by=by, now=now)


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
