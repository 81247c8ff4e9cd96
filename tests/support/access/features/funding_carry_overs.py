"""A carry-over and a look at a line of the province's and of each municipality's, and one request per operation."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from contracts.roles import MUNICIPALITY_ROLES, Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, Things, World
from tests.support.funding import GUNSAN

SERVICE = "funding"
_BODY = {"cause": "BUILD_CROSSES_YEAR", "reference": "2024-12 의결"}

_LOOKED_AT = text(
    """
    INSERT INTO lapse_warning
    SELECT id, 30, source, municipality_code, track, fiscal_year, make_timestamptz(fiscal_year::int, 12, 1, 9, 0, 0),
        1, 0, 0, 1, '2022-1', fiscal_year
    FROM budget_line
    """
)


def _propose(things: Things) -> Ask:
    """Propose what is proposed already: whoever is let in is told so."""
    return Ask("POST", f"/v1/budget-lines/{things['line']}/carry-overs", _BODY)


_ASKS: Asks = {
    "listLapsingMoney": lambda things: Ask(
        "GET", "/v1/lapsing-money", query={"fiscal_year": 2024, "page_size": 100}, shows=things["line"]
    ),
    "listLapseWarnings": lambda things: Ask(
        "GET", "/v1/lapse-warnings", query={"page_size": 100}, shows=things["line"]
    ),
    "proposeCarryOver": _propose,
    "listCarryOvers": lambda things: Ask(
        "GET", "/v1/carry-overs", query={"page_size": 100}, shows=things["carry_over"]
    ),
    "getCarryOver": lambda things: Ask("GET", f"/v1/carry-overs/{things['carry_over']}"),
    "confirmCarryOver": lambda things: Ask(
        "POST", f"/v1/carry-overs/{things['carry_over']}/confirmations", None, STALE
    ),
}


async def add_to(world: World) -> World:
    """The same service, with what all its lines have committed proposed to be carried over, and looked at before."""
    async with world.owner.transaction() as tx:
        await tx.execute(_LOOKED_AT)
    officer = Caller(Role.PROVINCE_OFFICER, "52", "officer")
    clerk = Caller(Role.MUNICIPALITY_OFFICER, world.municipality, "clerk")
    provincial = await _made(world, world.own(Role.PROVINCE_OFFICER), officer)
    municipal = await _made(world, world.own(Role.MUNICIPALITY_OFFICER), clerk)
    other = await _made(world, world.other, Caller(Role.MUNICIPALITY_OFFICER, GUNSAN, "clerk"))
    before = world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), "carry_over": municipal if role in MUNICIPALITY_ROLES else provincial},
        other={**world.other, "carry_over": other},
    )


async def _made(world: World, things: Things, caller: Caller) -> str:
    answer: Any = await world.send(_propose(things), caller)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
