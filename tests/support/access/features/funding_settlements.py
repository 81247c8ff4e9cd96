"""Of two projects: a settlement that an accountant has, a case of clawback, a repayment; and one request per operation."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.auth import Principal
from common.event import new_id
from contracts.roles import Role
from contracts.types import Source, Won
from funding.recoveries import commands as recoveries
from funding.releases.commands import ending
from funding.repayments import commands as repayments
from tests.support.access.worlds import STALE, Ask, Asks, Things, World
from tests.support.funding import NOW

SERVICE = "funding"

_SHA = "d" * 64
_OFFICER = Principal(issuer="test", subject="officer", role=Role.PROVINCE_OFFICER, tenant="52", token_id="t")
_SETTLEMENT = text("""
    INSERT INTO settlement (id, project_id, call_id, company_id, municipality_code, total_cost_won, rule_version,
                            opened_at, due_on, state, accountant, version)
    SELECT :id, project_id, call_id, company_id, municipality_code, 100000000, '2024-1', :now, :due, 'DUE', :accountant, 1
      FROM coverage WHERE project_id = :project
""")
_FINDING = {"recover_bp": 10_000, "interest_won": 0, "surcharge_bp": 0, "debar_months": 0, "finding_sha256": _SHA}
_TRANSFER = {"paid_on": "2024-05-20", "bank_reference": "back-1", "evidence_sha256": _SHA}


def _on(thing: str, path: str, body: dict[str, Any] | None = None) -> Any:
    return lambda things: Ask("POST", path.format(things[thing]), body, STALE)


def _read(thing: str, path: str) -> Any:
    return lambda things: Ask("GET", path.format(things[thing]))


def _listed(thing: str, path: str) -> Any:
    return lambda things: Ask("GET", path, query={"page_size": 100}, shows=things[thing])


def _open(things: Things) -> Ask:
    """Open a case of a project that has one: whoever is let in is told so."""
    return Ask("POST", f"/v1/coverages/{things['project']}/recoveries", {"ground": "MISUSE"})


_SETTLEMENTS, _RECOVERIES, _REPAYMENTS = "/v1/settlements/{}", "/v1/recoveries/{}", "/v1/repayments/{}"
_ASKS: Asks = {
    "listSettlements": _listed("settlement", "/v1/settlements"),
    "getSettlement": _read("settlement", _SETTLEMENTS),
    "submitSettlement": _on(
        "settlement", f"{_SETTLEMENTS}/reports", {"spent_won": 1, "interest_won": 0, "report_sha256": _SHA}
    ),
    "assignSettlement": _on("settlement", f"{_SETTLEMENTS}/assignments", {"accountant": "kim"}),
    "querySettlement": _on("settlement", f"{_SETTLEMENTS}/queries", {"query": "AMOUNT_DIFFERS"}),
    "attestSettlement": _on("settlement", f"{_SETTLEMENTS}/attestations", {"attestation_sha256": _SHA}),
    "fixSettlement": _on("settlement", f"{_SETTLEMENTS}/fixings"),
    "listRepayments": _listed("repayment", "/v1/repayments"),
    "getRepayment": _read("repayment", _REPAYMENTS),
    "recordRepayment": _on("repayment", f"{_REPAYMENTS}/payments", _TRANSFER),
    "confirmRepayment": _on("repayment", f"{_REPAYMENTS}/confirmations", {"receipt_reference": "1"}),
    "denyRepayment": _on("repayment", f"{_REPAYMENTS}/denials"),
    "openRecovery": _open,
    "listRecoveries": _listed("recovery", "/v1/recoveries"),
    "getRecovery": _read("recovery", _RECOVERIES),
    "noticeRecovery": _on("recovery", f"{_RECOVERIES}/notices"),
    "giveOpinion": _on("recovery", f"{_RECOVERIES}/opinions", {"document_sha256": _SHA}),
    "proposeRecovery": _on("recovery", f"{_RECOVERIES}/proposals", _FINDING),
    "sendRecoveryBack": _on("recovery", f"{_RECOVERIES}/returns"),
    "decideRecovery": _on("recovery", f"{_RECOVERIES}/decisions"),
    "objectToRecovery": _on("recovery", f"{_RECOVERIES}/objections", {"document_sha256": _SHA}),
    "hearObjection": _on("recovery", f"{_RECOVERIES}/hearings", {"hearing": "DISMISS"}),
}


async def add_to(world: World) -> World:
    """The same service, with the books of both projects about to be closed."""
    own = await _closing(world, world.own(Role.PROVINCE_OFFICER)["project"], f"matrix-{Role.ACCOUNTANT}")
    other = await _closing(world, world.other["project"], "another-accountant")
    before = world.own
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **own},
        other={**world.other, **other},
    )


async def _closing(world: World, project: str, accountant: str) -> dict[str, str]:
    """The province's line is at rest: what it earned is owed back, though it has paid nothing."""
    project_id, settlement_id = UUID(project), new_id()
    async with world.owner.transaction() as tx:
        values = {"id": settlement_id, "project": project_id, "now": NOW, "due": date(2024, 7, 22)}
        await tx.execute(_SETTLEMENT, values | {"accountant": accountant})
        recovery_id = await recoveries.open_recovery(tx, project_id, recoveries.Ground.MISUSE, by=_OFFICER, now=NOW)
        claim = repayments.Claim(
            source=Source.PROVINCE, principal_won=Won(0), interest_won=Won(1), surcharge_won=Won(0)
        )
        (repayment_id,) = await repayments.order_repayments(
            tx,
            repayments.Origin.SETTLEMENT,
            settlement_id,
            await ending.lock_lines(tx, project_id),
            [claim],
            rule_version="2024-1",
            due_on=date(2024, 7, 22),
            by=_OFFICER,
            now=NOW,
        )
    return {"settlement": str(settlement_id), "recovery": str(recovery_id), "repayment": str(repayment_id)}
