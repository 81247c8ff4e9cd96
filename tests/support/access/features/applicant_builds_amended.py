"""An amendment of each project's agreement for the matrix of permissions; after `applicant_builds`, by whose name it comes."""

from dataclasses import replace
from typing import Any

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, Things, World

SERVICE = "applicant"

_REQUEST = {
    "cause": "DESIGN_CHANGE", "cause_on": "2024-05-04", "reason": "가상 사유", "evidence_sha256": ["d" * 64],
    "plan_sha256": "e" * 64,
}  # fmt: skip


def _on(things: Things, what: str, body: object = None) -> Ask:
    return Ask("POST", f"/v1/amendments/{things['amendment']}/{what}", body, STALE)  # type: ignore[arg-type]


_ASKS: Asks = {
    "requestAmendment": lambda things: Ask("POST", f"/v1/agreements/{things['project']}/amendments", _REQUEST),
    "listAmendments": lambda things: Ask("GET", "/v1/amendments", query={"page_size": 100}, shows=things["amendment"]),
    "getAmendment": lambda things: Ask("GET", f"/v1/amendments/{things['amendment']}"),
    "consentToAmendment": lambda things: _on(things, "consents"),
    "decideAmendment": lambda things: _on(things, "decisions", {"verdict": "REFUSED", "reason": "가상 사유"}),
    "withdrawAmendment": lambda things: _on(things, "withdrawals", {"reason": "가상 사유"}),
}


async def add_to(world: World) -> World:
    """The same service with an amendment that each firm has asked for."""
    before = world.own
    added: list[dict[str, Any]] = []
    for things in (before(Role.TECHNOPARK_OPERATOR), world.other):
        ask = Ask("POST", f"/v1/agreements/{things['project']}/amendments", _REQUEST)
        answer = await world.send(ask, Caller(Role.COMPANY_OWNER, things["company"], "owner"))
        assert answer.status_code == 201, answer.text
        added.append({"amendment": answer.json()["id"]})
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **added[0]},
        other={**world.other, **added[1]},
    )
