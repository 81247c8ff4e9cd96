"""Needs, a matching rule and a plan for the matrix of permissions, and one request for each operation."""

from dataclasses import replace
from typing import Any

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Things, World
from tests.support.mentoring import matching_rule, needs

SERVICE = "mentoring"


def _needs_of(things: Things) -> str:
    return f"/v1/waiting-projects/{things['project']}/needs"


_ASKS: Asks = {
    "stateProjectNeeds": lambda things: Ask("PUT", _needs_of(things), needs(), STALE),
    "getProjectNeeds": lambda things: Ask("GET", _needs_of(things)),
    "recordMatchingRule": lambda _things: Ask("POST", "/v1/matching-rules", matching_rule("matrix-1")),
    "listMatchingRules": lambda things: Ask("GET", "/v1/matching-rules", shows=things["matching-rule"]),
    "getMatchingRule": lambda things: Ask("GET", f"/v1/matching-rules/{things['matching-rule']}"),
    "requestPlan": lambda things: Ask("POST", "/v1/mentor-plans", {"rule_version": things["matching-rule"]}),
    "confirmPlan": lambda things: Ask("POST", f"/v1/mentor-plans/{things['plan']}/confirmations", version=STALE),
    "askWhatIf": lambda things: Ask(
        "POST",
        f"/v1/mentor-plans/{things['plan']}/what-ifs",
        {"like_team_id": things["team"], "rotations": [{"first_week": "2025-01-06", "weeks": 8}]},
    ),
    "listPlans": lambda things: Ask("GET", "/v1/mentor-plans", query={"page_size": 100}, shows=things["plan"]),
    "getPlan": lambda things: Ask("GET", f"/v1/mentor-plans/{things['plan']}"),
}


async def add_to(world: World) -> World:
    """The same service with what two projects need, and a plan that was asked for."""

    async def made(ask: Ask, role: str) -> Any:
        answer = await world.send(ask, world.caller(role, "own"))
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    before = world.own
    for things in (before(Role.TECHNOPARK_OPERATOR), world.other):
        await made(Ask("PUT", _needs_of(things), needs(), 0), Role.TECHNOPARK_OPERATOR)
    rule = (await made(Ask("POST", "/v1/matching-rules", matching_rule("matrix")), Role.MENTOR_LEAD))["version"]
    plan = (await made(Ask("POST", "/v1/mentor-plans", {"rule_version": rule}), Role.MENTOR_LEAD))["id"]
    mine = {"matching-rule": rule, "plan": plan}
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **mine},
        other={**world.other, **mine},
    )
