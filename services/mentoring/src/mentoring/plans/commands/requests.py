"""What people decide about plans: asked for by the mentor lead, confirmed by the province."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from mentoring.matching import commands as waiting
from mentoring.plans import store
from mentoring.plans.commands import trail
from mentoring.plans.commands.present import read_present
from mentoring.plans.domain import plan as plans
from mentoring.plans.domain.input import PlanInput, read_input
from mentoring.plans.domain.plan import Plan, PlanOutdated
from mentoring.plans.domain.rules import MatchingRule, Weights, check_distances
from mentoring.residencies import commands as residencies
from mentoring.residencies.commands import NewResidency
from mentoring.teams import commands as teams

__all__ = ["Weights", "confirm_plan", "record_rule", "request_plan"]


async def record_rule(
    tx: Transaction,
    *,
    version: str,
    weights: Weights,
    distances: list[tuple[str, str, int]],
    answer_days: int,
    source_note: str,
    by: Principal,
    now: datetime,
) -> None:
    """Record a version of what misfits cost; it is never changed."""
    rule = MatchingRule(
        version=version,
        weights=weights,
        distances_km=check_distances(distances),
        answer_days=answer_days,
        source_note=source_note,
        recorded_by=by.person,
        recorded_at=now,
    )
    await store.add_rule(tx, rule)
    facts: dict[str, JsonValue] = {"version": version, "weights": asdict(weights), "answer_days": answer_days}
    await journal.record(tx, chain=f"matching-rule/{version}", decision="rule-recorded", by=by, at=now, facts=facts)


async def request_plan(tx: Transaction, *, rule_version: str, may_move: bool, by: Principal, now: datetime) -> UUID:
    """Freeze what there is to match, for the worker to match it; `may_move` lets it move what has not started."""
    rule = await store.get_rule(tx, rule_version)
    given = await read_present(tx, rule, starts_on=_today(now), may_move=may_move)
    plan = Plan(
        id=new_id(),
        rule_version=rule_version,
        may_move=may_move,
        given=given.said(),
        input_sha256=given.sha256(),
        requested_by=by.person,
        requested_at=now,
    )
    await store.add(tx, plan)
    await trail.record(tx, plan, "plan-requested", by=by, now=now, projects=len(given.projects), teams=len(given.teams))
    return plan.id


async def confirm_plan(tx: Transaction, plan_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Send the teams, all of them, if everything that the plan rests on is still so and no week of it has begun."""
    plan = plans.confirm(await store.get_locked(tx, plan_id), version=version, by=by.person, at=now)
    frozen, rule = read_input(plan.given), await store.get_rule(tx, plan.rule_version)
    chosen = _chosen(plan)
    dropped = _dropped(plan, frozen)
    projects = {each.project_id for each in chosen} | dropped
    await waiting.lock_projects(tx, projects)
    await teams.lock_teams(tx, {each.team_id for each in chosen})
    present = await read_present(tx, rule, starts_on=_today(now), may_move=plan.may_move)
    rotations = {each.rotation_id for each in chosen}
    if present.facts_of(rotations, projects) != frozen.facts_of(rotations, projects):
        raise PlanOutdated(plan_id=plan_id)
    holds = {each.id: each.holds for each in frozen.projects}
    wanted = [each for each in chosen if holds[each.project_id] != each.rotation_id]
    leaving = {each.project_id for each in wanted if holds[each.project_id]} | dropped
    await residencies.move_residencies(tx, leaving, by=by, now=now)
    assigned = await residencies.assign_residencies(
        tx, wanted, plan_id=plan_id, rule_version=rule.version, answer_days=rule.answer_days, by=by, now=now
    )
    if not assigned:
        raise PlanOutdated(plan_id=plan_id)
    await store.save(tx, plan)
    await trail.record(
        tx, plan, "plan-confirmed", by=by, now=now, pairs=len(chosen), moves=len(leaving), cost=plan.cost
    )


def _chosen(plan: Plan) -> list[NewResidency]:
    return [
        NewResidency(
            rotation_id=UUID(pair["rotation_id"]),
            project_id=UUID(pair["project_id"]),
            team_id=UUID(pair["team_id"]),
            municipality_code=pair["municipality_code"],
            first_week=date.fromisoformat(pair["first_week"]),
            weeks=pair["weeks"],
        )
        for pair in (plan.matched["pairs"] if plan.matched else [])
    ]


def _dropped(plan: Plan, frozen: PlanInput) -> set[UUID]:
    """Projects that have weeks and of which the plan says that they get none."""
    left_out = {UUID(each["project_id"]) for each in (plan.matched["left_out"] if plan.matched else [])}
    return {each.id for each in frozen.projects if each.holds and each.id in left_out}


def _today(now: datetime) -> date:
    return now.astimezone(KST).date()
