"""Two projects in force with their self-pay proven, a drawn invoice and a hold of each, and one request per operation."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.consumer import Received
from common.event import new_id
from contracts.applicant import AgreementEffective
from contracts.roles import Role
from funding.consumers import on_agreement_effective
from tests.support.access.worlds import STALE, Ask, Asks, Caller, Things, World
from tests.support.funding import GUNSAN, JEONJU, NOW

SERVICE = "funding"

_SHARE_WON = 20_000_001
_INVOICE = {
    "invoice_sha256": "c" * 64,
    "supplier_business_number": "1048134567",
    "supplier_account": "가상 공급기업 계좌",
}


def _request(things: Things) -> Ask:
    """Ask for money of a line that is held: whoever is let in is told so."""
    body = {"amount_won": 1_000_000, "invoice": _INVOICE | {"invoice_number": "20240610-41000001-00000009"}}
    return Ask("POST", f"/v1/coverages/{things['project']}/lines/MUNICIPALITY/releases", body)


def _decide(what: str, body: dict[str, Any] | None = None) -> Any:
    return lambda things: Ask("POST", f"/v1/releases/{things['release']}/{what}", body, STALE)


def _hold(things: Things) -> Ask:
    path = f"/v1/coverages/{things['project']}/lines/MUNICIPALITY/holds"
    return Ask("POST", path, {"reason": "PAYEE_DOUBTED"})


def _listed(path: str, kind: str) -> Any:
    return lambda things: Ask("GET", path, query={"page_size": 100}, shows=things[kind])


def _then(path: str) -> Ask:
    return Ask("GET", f"{path}/as-of", query={"at": NOW.isoformat()})


_FINDING = {"outcome": "NOT_PAID", "reason": "BANK_NEVER_ANSWERED", "evidence_sha256": "d" * 64}


def _on_finding(what: str) -> Any:
    return lambda things: Ask("POST", f"/v1/release-findings/{things['finding']}/{what}", None, STALE)


_ASKS: Asks = {
    "proposeReleaseFinding": _decide("findings", _FINDING),
    "listReleaseFindings": _listed("/v1/release-findings", "finding"),
    "getReleaseFinding": lambda things: Ask("GET", f"/v1/release-findings/{things['finding']}"),
    "confirmReleaseFinding": _on_finding("confirmations"),
    "rejectReleaseFinding": _on_finding("rejections"),
    "listStandings": lambda things: Ask("GET", f"/v1/coverages/{things['project']}/standings"),
    "askStanding": lambda things: Ask("POST", f"/v1/coverages/{things['project']}/standings"),
    "getReleaseLines": lambda things: Ask("GET", f"/v1/coverages/{things['project']}/release-lines"),
    "requestRelease": _request,
    "listReleases": _listed("/v1/releases", "release"),
    "getRelease": lambda things: Ask("GET", f"/v1/releases/{things['release']}"),
    "approveRelease": _decide("approvals"),
    "rejectRelease": _decide("rejections", {"reason": "AMOUNT_WRONG"}),
    "orderRelease": _decide("orders"),
    "getMoneyAsOf": lambda things: _then(f"/v1/commitments/{things['project']}"),
    "getPaymentAsOf": lambda things: _then(f"/v1/releases/{things['release']}"),
    "getPaymentArchive": lambda things: Ask("GET", f"/v1/releases/{things['release']}/archive"),
    "getPaymentOrder": lambda things: Ask("GET", f"/v1/releases/{things['release']}/payment-order"),
    "exportLedger": lambda things: Ask("GET", "/v1/ledger/beancount", shows=things["line"]),
    "placeReleaseHold": _hold,
    "listReleaseHolds": _listed("/v1/release-holds", "hold"),
    "getReleaseHold": lambda things: Ask("GET", f"/v1/release-holds/{things['hold']}"),
    "liftReleaseHold": lambda things: Ask("POST", f"/v1/release-holds/{things['hold']}/lifts", None, STALE),
}


async def add_to(world: World) -> World:
    """The same service, with the agreements of both projects in force."""
    own = await _in_force(world, world.own(Role.MUNICIPALITY_OFFICER)["project"], JEONJU, "20240610-41000001-00000001")
    other = await _in_force(world, world.other["project"], GUNSAN, "20240610-41000001-00000002")
    before = world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **own},
        other={**world.other, **other},
    )


async def _in_force(world: World, project: str, place: str, invoice: str) -> dict[str, str]:
    firm = await _value(world, "SELECT company_id::text FROM coverage WHERE project_id = :project", project)
    owner = Caller(Role.COMPANY_OWNER, firm, "owner")
    treasurer = Caller(Role.PROVINCE_TREASURER, "52", "treasurer")
    head = Caller(Role.MUNICIPALITY_APPROVER, place, f"approver-{place}")
    operator = Caller(Role.TECHNOPARK_OPERATOR, "jtp", "operator")
    cover = {"reference": "교부결정 2024-1", "evidence_sha256": "b" * 64}
    coverage = f"/v1/coverages/{project}"
    for source, by in (("PROVINCE", treasurer), ("MUNICIPALITY", head)):
        await _made(world, Ask("POST", f"{coverage}/lines/{source}/confirmations", cover, 1), by)
    paid = {
        "amount_won": _SHARE_WON, "paid_on": "2024-05-20", "from_account": "가상 자부담 계좌",
        "bank_reference": f"whole-{project}", "evidence_sha256": "b" * 64,
    }  # fmt: skip
    payment = await _made(world, Ask("POST", f"{coverage}/self-payments", paid), owner)
    verify = Ask("POST", f"/v1/self-payments/{payment['id']}/verifications", {"payer": "ADOPTER"}, 1)
    await _made(world, verify, operator)
    await _hear_effective(world, project, place)
    await _made(world, Ask("POST", f"{coverage}/standings"), treasurer)
    body = {"amount_won": 1_000_000, "invoice": _INVOICE | {"invoice_number": invoice}}
    release = await _made(world, Ask("POST", f"{coverage}/lines/MUNICIPALITY/releases", body), owner)
    approve = Ask("POST", f"/v1/releases/{release['id']}/approvals", None, 1)
    await _made(world, approve, Caller(Role.PROVINCE_APPROVER, "52", "approver"))
    held = await _made(world, Ask("POST", f"{coverage}/lines/MUNICIPALITY/holds", {"reason": "PAYEE_DOUBTED"}), head)
    finding = await _found_out(world, UUID(release["id"]))
    return {"release": str(release["id"]), "hold": str(held["id"]), "finding": finding}


async def _found_out(world: World, release: UUID) -> str:
    """A finding as it would stand if the release were stuck at the bank."""
    finding = new_id()
    async with world.owner.transaction() as tx:
        await tx.execute(text("ALTER TABLE release_finding DISABLE TRIGGER USER"))
        await tx.execute(
            text(
                "INSERT INTO release_finding (id, release_id, outcome, reason, evidence_sha256, state, proposed_by,"
                " proposed_at, asked_until, version) VALUES"
                " (:id, :release, 'NOT_PAID', 'BANK_NEVER_ANSWERED', 'd', 'PROPOSED', 'x', now(), now(), 1)"
            ),
            {"id": finding, "release": release},
        )
        await tx.execute(text("ALTER TABLE release_finding ENABLE TRIGGER USER"))
    return str(finding)


async def _hear_effective(world: World, project: str, place: str) -> None:
    told = AgreementEffective(
        project_id=UUID(project),
        application_id=new_id(),
        call_id=UUID(int=2024),
        type_code="JS2",
        municipality_code=place,
    )
    received = Received(new_id(), told.TYPE, told.TOPIC, told.key, 1, NOW, NOW, "test")
    async with world.owner.transaction() as tx:
        await on_agreement_effective(tx, told, received)


async def _made(world: World, ask: Ask, caller: Caller) -> Any:
    answer = await world.send(ask, caller)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _value(world: World, sql: str, project: str) -> str:
    async with world.owner.transaction(read_only=True) as tx:
        return str((await tx.execute(text(sql), {"project": UUID(project)})).scalar_one())
