"""One request for each operation of exports and of open data; the table that is asked for are cases, each of which is of a place."""

from dataclasses import replace

from tests.support.access.worlds import Ask, Asks, World

SERVICE = "metrics"

_TABLE = {"table": "cases", "public_table": "gauge"}
_ASKS: Asks = {
    "listExportTables": lambda _things: Ask("GET", "/v1/public/export-tables"),
    "exportTable": lambda things: Ask(
        "GET", f"/v1/exports/{things['table']}", query={"reason": "권한 시험"}, shows=things["place"]
    ),
    "exportPublicTable": lambda things: Ask("GET", f"/v1/public/exports/{things['public_table']}"),
    "readOpenGrants": lambda _things: Ask("GET", "/v1/public/open-data/grants", query={"fiscal_year": 2024}),
    "listOpenCalls": lambda _things: Ask("GET", "/v1/public/common-grants/opportunities"),
    "readOpenCall": lambda things: Ask("GET", f"/v1/public/common-grants/opportunities/{things['call']}"),
    "listExportRecords": lambda _things: Ask("GET", "/v1/export-records"),
}


async def add_to(world: World) -> World:
    """The same service with its tables to save."""
    before = world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **_TABLE},
        other={**world.other, **_TABLE},
    )
