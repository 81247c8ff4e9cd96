"""A site visit and a ticket of each project for the matrix of permissions, and one request for each operation."""

from dataclasses import replace
from typing import Any

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, World

SERVICE = "applicant"

_TIMES = {"starts_at": "2024-05-20T01:00:00Z", "ends_at": "2024-05-20T03:00:00Z", "place": "가상산단로 2"}
_VISIT = {"purpose": "가상 방문", **_TIMES}
_TICKET = {"kind": "HELP", "request": "가상 요청", "due_on": "2024-05-20"}


def _on(method: str, path: str, body: object = None, *, version: int | None = None) -> Any:
    return lambda things: Ask(method, path.format_map(things), body, version)


_ASKS: Asks = {
    "planSiteVisit": _on("POST", "/v1/agreements/{project}/site-visits", _VISIT),
    "moveSiteVisit": _on("POST", "/v1/site-visits/{site_visit}/changes", _TIMES, version=STALE),
    "cancelSiteVisit": _on("POST", "/v1/site-visits/{site_visit}/cancellations", version=STALE),
    "listSiteVisits": lambda things: Ask(
        "GET", "/v1/site-visits", query={"page_size": 100}, shows=things["site_visit"]
    ),
    "getSiteVisit": _on("GET", "/v1/site-visits/{site_visit}"),
    "getSiteVisitFeed": lambda things: Ask("GET", f"/v1/municipalities/{things['area']}/site-visits.ics"),
    "getCompanySiteVisitFeed": lambda things: Ask("GET", f"/v1/companies/{things['company']}/site-visits.ics"),
    "openSupportTicket": _on("POST", "/v1/agreements/{project}/support-tickets", _TICKET),
    "listSupportTickets": lambda things: Ask(
        "GET", "/v1/support-tickets", query={"page_size": 100}, shows=things["ticket"]
    ),
    "getSupportTicket": _on("GET", "/v1/support-tickets/{ticket}"),
    "takeSupportTicket": _on("POST", "/v1/support-tickets/{ticket}/owners", version=STALE),
    "closeSupportTicket": _on(
        "POST", "/v1/support-tickets/{ticket}/outcomes", {"outcome": "DONE", "words": "가상 결과"}, version=STALE
    ),
}


async def add_to(world: World) -> World:
    """The same service with a visit and a ticket that the officer of each plant's municipality keeps."""
    before = world.own
    added: list[dict[str, str]] = []
    for things in (before(Role.TECHNOPARK_OPERATOR), world.other):
        officer = Caller(Role.MUNICIPALITY_OFFICER, things["place"], "officer")
        path, found = f"/v1/agreements/{things['project']}", {"area": things["place"]}
        for name, what, body in (("site_visit", "site-visits", _VISIT), ("ticket", "support-tickets", _TICKET)):
            answer = await world.send(Ask("POST", f"{path}/{what}", body), officer)
            assert answer.status_code == 201, answer.text
            found[name] = answer.json()["id"]
        added.append(found)
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **added[0]},
        other={**world.other, **added[1]},
    )
