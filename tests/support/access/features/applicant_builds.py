"""The builds of the matrix's two projects, each inspected and reported as complete, and one request for each operation."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from applicant.builds.commands import begin_build
from common.auth import Principal
from common.clock import KST
from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Caller, Things, World
from tests.support.standings import tax_office_answers

SERVICE = "applicant"

_AT = datetime(2024, 5, 4, 10, tzinfo=KST)
_SHA256 = "b" * 64
_PHOTO = {
    "kind": "PHOTO",
    "sha256": _SHA256,
    "taken_at": "2024-05-03T01:00:00Z",
    "latitude_microdegrees": 35_820_000,
    "longitude_microdegrees": 127_108_000,
}
_EVIDENCE = [
    _PHOTO,
    *(
        {"kind": kind, "sha256": _SHA256}
        for kind in ("LOGIN_STATISTICS", "INVOICE", "DELIVERY_NOTE", "DEMONSTRATION_RECORD", "KPI_MEASUREMENT")
    ),
]
_SHOWN = {"evidence": _EVIDENCE}
_DOCUMENT = {"kind": "INVOICE", "media_type": "application/pdf", "sha256": _SHA256, "size_bytes": 9}
_TERMS = {"plan_sha256": "a" * 64, "supplier_contract_won": 1}
_CHANGE = {"kind": "SUSPENSION", "cause": "ADOPTER_REQUEST", "evidence": [_SHA256]}


def _audit(mentor: str) -> dict[str, Any]:
    found = {"installed_as_planned": True, "functions_work": True, "demonstrated_by_own_staff": True}
    return _SHOWN | found | {"demonstrated_on": "2024-05-04", "mentor_subject": mentor}


def _on(method: str, path: str, body: object = None, *, version: int | None = None) -> Any:
    return lambda things: Ask(method, path.format_map(things), body, version)


_BUILD = "/v1/builds/{project}"
_DOCUMENT_PATH = "/v1/documents/{document}"
_INSPECTION = "/v1/inspections/{inspection}"
_COMPLETION = "/v1/completions/{completion}"
_ASKS: Asks = {
    "listBuilds": lambda things: Ask("GET", "/v1/builds", query={"page_size": 100}, shows=things["project"]),
    "getBuild": _on("GET", _BUILD),
    "proposeBuildChange": _on("POST", f"{_BUILD}/changes", _CHANGE, version=STALE),
    "decideBuildChange": _on("POST", f"{_BUILD}/decisions", {"decision": "REFUSE"}, version=STALE),
    "announceDocument": _on("POST", f"{_BUILD}/documents", _DOCUMENT),
    "uploadDocumentPart": _on("POST", f"{_DOCUMENT_PATH}/parts", {"number": 99, "content": "JVBERi0xLjcK"}),
    "sealDocument": _on("POST", f"{_DOCUMENT_PATH}/seals", version=STALE),
    "listDocuments": _on("GET", f"{_BUILD}/documents"),
    "getDocument": _on("GET", _DOCUMENT_PATH),
    "readDocument": _on("GET", f"{_DOCUMENT_PATH}/content"),
    "listInspections": _on("GET", f"{_BUILD}/inspections"),
    "getInspection": _on("GET", _INSPECTION),
    "planInspection": _on("POST", f"{_BUILD}/inspections", {"planned_on": "2024-05-04"}, version=STALE),
    "recordInspectionVisit": _on("POST", f"{_INSPECTION}/visits", _SHOWN, version=STALE),
    "concludeInspection": _on("POST", f"{_INSPECTION}/results", {"result": "PASSED"}, version=STALE),
    "confirmInspectionFix": _on("POST", f"{_INSPECTION}/fixes", _SHOWN, version=STALE),
    "listCompletions": _on("GET", f"{_BUILD}/completions"),
    "getCompletion": _on("GET", _COMPLETION),
    "reportCompletion": _on("POST", f"{_BUILD}/completions", _SHOWN, version=STALE),
    "auditCompletion": _on("POST", f"{_COMPLETION}/audits", _audit("matrix-mentor"), version=STALE),
    "checkCompletion": _on("POST", f"{_COMPLETION}/mentor-checks", _SHOWN | {"targets_reached": True}, version=STALE),
    "concludeCompletion": _on("POST", f"{_COMPLETION}/results", {"result": "FAILED"}, version=STALE),
}


async def add_to(world: World) -> World:
    """The same service with the agreements of both projects in force. The own completion is the matrix's mentor's."""
    own, other = world.own(Role.TECHNOPARK_OPERATOR), world.other
    for things in (own, other):
        await _signed(world, things)
    mentor = world.caller(Role.MENTOR, "own").subject
    added = await _inspected(world, own, mentor), await _inspected(world, other, "matrix-other-mentor")
    before = world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **added[0]},
        other={**world.other, **added[1]},
    )


async def _made(world: World, path: str, body: object, by: Caller, *, version: int) -> Any:
    answer = await world.send(Ask("POST", path, body, version), by)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _signed(world: World, things: Things) -> None:
    """The parties that have not signed yet do so, and every source covers its share."""
    path = f"/v1/agreements/{things['project']}"
    operator = world.caller(Role.TECHNOPARK_OPERATOR, "own")
    supplier = Caller(Role.SUPPLIER, things["supplier"], "matrix-supplier")
    read = (await world.send(Ask("GET", path), operator)).json()
    for by in (supplier, operator):
        await tax_office_answers(world.owner, _AT)
        read = await _made(world, f"{path}/signatures", _TERMS, by, version=read["version"])
    async with world.owner.transaction() as tx:
        service = Principal.service("applicant")
        await begin_build(tx, UUID(things["project"]), evidence="event/matrix", by=service, now=_AT)


async def _inspected(world: World, things: Things, mentor: str) -> dict[str, str]:
    """An interim inspection that passed, and a report of completion that a mentor is to check."""
    operator, path = world.caller(Role.TECHNOPARK_OPERATOR, "own"), f"/v1/builds/{things['project']}"
    read = await _made(world, f"{path}/inspections", {"planned_on": "2024-05-04"}, operator, version=1)
    inspection = str(read["id"])
    for step, said in (("visits", _SHOWN), ("results", {"result": "PASSED"})):
        read = await _made(world, f"/v1/inspections/{inspection}/{step}", said, operator, version=read["version"])
    owner = Caller(Role.COMPANY_OWNER, things["company"], "owner")
    reported = await _made(world, f"{path}/completions", _SHOWN, owner, version=1)
    await _made(
        world, f"/v1/completions/{reported['id']}/audits", _audit(mentor), operator, version=reported["version"]
    )
    await _made(world, f"{path}/changes", _CHANGE, owner, version=1)
    document = await world.send(Ask("POST", f"{path}/documents", _DOCUMENT), owner)
    assert document.status_code == 201, document.text
    return {"inspection": inspection, "completion": str(reported["id"]), "document": document.json()["id"]}
