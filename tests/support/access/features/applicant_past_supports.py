"""A past support of each company for the matrix of permissions, and one request for each operation."""

from dataclasses import replace
from typing import Any

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, World
from tests.support.applicant import business_number

SERVICE = "applicant"


def _row(number: str, place: str) -> dict[str, Any]:
    said = {"company_name": "가상정밀", "worksite_name": "제1공장", "scheme": "가상 사업", "fiscal_year": 2021}
    return said | {
        "business_number": number, "municipality_code": place, "supported_on": "2021-07-05", "supported_won": 1,
    }  # fmt: skip


_FURTHER = business_number()
_SUPPORT = "/v1/past-supports/{past_support}"
_ASKS: Asks = {
    "getPastSupportTemplate": lambda _things: Ask("GET", "/v1/past-supports:template"),
    "uploadPastSupports": lambda things: Ask(
        "POST", "/v1/past-supports:batch", {"rows": [_row(_FURTHER, things["place"])]}
    ),
    "listPastSupports": lambda things: Ask(
        "GET", "/v1/past-supports", query={"page_size": 100}, shows=things["past_support"]
    ),
    "getPastSupport": lambda things: Ask("GET", _SUPPORT.format_map(things)),
    "withdrawPastSupport": lambda things: Ask(
        "POST", f"{_SUPPORT}/withdrawals".format_map(things), {"reason": "가상 사유"}, STALE
    ),
}


async def add_to(world: World) -> World:
    """The same service with an earlier support of both companies, under the numbers that they are registered with."""
    operator = world.caller(Role.TECHNOPARK_OPERATOR, "own")
    before, added = world.own, []
    for things in (before(Role.TECHNOPARK_OPERATOR), world.other):
        owner = Caller(Role.COMPANY_OWNER, things["company"], "owner")
        number = (await world.send(Ask("GET", f"/v1/companies/{things['company']}"), owner)).json()["business_number"]
        body = {"rows": [_row(number, things["place"])]}
        told = await world.send(Ask("POST", "/v1/past-supports:batch", body), operator)
        assert told.json()["accepted"] == 1, told.text
        added.append({"past_support": told.json()["results"][0]["id"]})
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **added[0]},
        other={**world.other, **added[1]},
    )
