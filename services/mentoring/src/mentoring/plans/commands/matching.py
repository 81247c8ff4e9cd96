"""What the worker does with a plan: the next one to match, the question and its proven answer, or none."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from mentoring.plans import store
from mentoring.plans.commands import trail
from mentoring.plans.domain import plan as plans
from mentoring.plans.domain.input import PlanInput, read_input
from mentoring.plans.domain.matching import Matching, NotProven, Question, prove
from mentoring.plans.domain.plan import Plan, PlanState

__all__ = ["Matching", "NotProven", "PlanInput", "begin_plan", "given_of", "proven", "question_of", "settle"]


async def begin_plan(tx: Transaction, *, lease_seconds: float, by: Principal, now: datetime) -> Plan | None:
    """The next plan to match; what ended the worker in it too often is given up."""
    plan = await store.next_requested(tx)
    if plan is None:
        return None
    begun = plans.attempt(plan)
    await store.save(tx, begun)
    await store.lease(tx, begun.id, lease_seconds)
    if begun.state is PlanState.FAILED:
        await trail.record(tx, begun, "plan-failed", by=by, now=now, failure=begun.failure)
    return begun


def given_of(plan: Plan) -> PlanInput:
    """What is to be matched."""
    return read_input(plan.given)


def question_of(given: PlanInput) -> bytes:
    """What the solver is asked; of the size of all pairs."""
    return json.dumps(Question.of(given).said()).encode()


def proven(given: PlanInput, answer: Mapping[str, Any]) -> Matching:
    """What the solver answered, if its prices prove that nothing is cheaper; looks at all pairs again."""
    return prove(Question.of(given), answer)


async def settle(tx: Transaction, plan_id: UUID, found: Matching | str, *, by: Principal, now: datetime) -> None:
    """Propose what was matched and proven; without that, say why there is no plan, and that there will be none."""
    plan = await store.get_locked(tx, plan_id)
    if plan.state is not PlanState.REQUESTED:
        return
    if isinstance(found, str):
        failed = plans.fail(plan, found)
        await store.save(tx, failed)
        await trail.record(tx, failed, "plan-failed", by=by, now=now, failure=found)
        return
    matching = found
    said = _said(matching, {each.id: each.municipality for each in read_input(plan.given).projects})
    proposed = plans.propose(plan, said, cost=matching.cost, bound=matching.proof.bound, solver=matching.solver)
    await store.save(tx, proposed)
    many = {"pairs": len(matching.pairs), "left_out": len(matching.left_out), "moves": matching.moves}
    solver, cost = matching.solver, matching.cost
    await trail.record(tx, proposed, "plan-proposed", by=by, now=now, solver=solver, cost=cost, **many)


def _said(matching: Matching, places: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "pairs": [
            {
                "project_id": str(pair.project_id),
                "rotation_id": str(pair.rotation.id),
                "team_id": str(pair.rotation.team_id),
                "municipality_code": places[pair.project_id],
                "first_week": pair.rotation.first_week.isoformat(),
                "weeks": pair.rotation.weeks,
                "moved_from": str(pair.moved_from) if pair.moved_from else None,
                "fit": {**asdict(pair.fit), "missing_processes": list(pair.fit.missing_processes),
                        "missing_technologies": list(pair.fit.missing_technologies)},
            }
            for pair in matching.pairs
        ],
        "moves": matching.moves,
        "left_out": [
            {"project_id": str(each.project_id), "why": each.why.value, "possible": each.possible}
            for each in matching.left_out
        ],
        "proof": {
            "projects": dict(matching.proof.projects),
            "rotations": dict(matching.proof.rotations),
            "teams": dict(matching.proof.teams),
        },
    }  # fmt: skip
