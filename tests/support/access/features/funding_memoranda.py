"""Two memoranda for the matrix of permissions, one confirmed and one proposed, and one request for each operation."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, World

SERVICE = "funding"


def _propose() -> Ask:
    body = {
        "reference": f"matrix-{uuid4()}",
        "title": "표에 쓰는 업무협약",
        "signed_on": "2023-11-24",
        "source_note": "assumed",
        "parties": [
            {"name": "전북특별자치도", "kind": "PROVINCE", "obligations": []},
            {"name": "삼성전자", "kind": "COMPANY", "obligations": []},
        ],
    }
    return Ask("POST", "/v1/memoranda", body)


_ASKS: Asks = {
    "proposeMemorandum": lambda _things: _propose(),
    "confirmMemorandum": lambda things: Ask(
        "POST", f"/v1/memoranda/{things['memorandum']}/confirmations", version=STALE
    ),
    "listMemoranda": lambda things: Ask("GET", "/v1/memoranda", query={"page_size": 100}, shows=things["memorandum"]),
    "getMemorandum": lambda things: Ask("GET", f"/v1/memoranda/{things['memorandum']}"),
}


async def add_to(world: World) -> World:
    """The same service with both in it."""

    async def made(ask: Ask, role: str) -> Any:
        answer = await world.send(ask, world.caller(role, "own"))
        assert answer.status_code == 201, answer.text
        return answer.json()

    proposed, confirmed = [await made(_propose(), Role.PROVINCE_OFFICER) for _ in range(2)]
    path = f"/v1/memoranda/{confirmed['id']}/confirmations"
    await made(Ask("POST", path, version=1), Role.PROVINCE_APPROVER)
    own = world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**own(role), "memorandum": confirmed["id"]},
        other={**world.other, "memorandum": proposed["id"]},
    )
