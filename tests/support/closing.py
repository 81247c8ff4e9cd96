"""Settlements and clawbacks in tests: a project that was paid, and one request for each step that people take."""

from pathlib import Path
from typing import Any
from uuid import UUID

from common.event import new_id
from contracts.applicant import ProjectCompleted, ProjectSelected, ProjectTerminated
from contracts.roles import Role
from funding.recoveries.jobs import close_recoveries
from funding.settlements.jobs import close_settlements
from tests.support.banking import bank_in
from tests.support.funding import JEONJU, OFFICER, TREASURER, Funding, Person, head
from tests.support.releases import (
    OPERATOR,
    Working,
    ask_draw,
    ask_tranche,
    in_force,
    ordered,
    owner_of,
)

ACCOUNTANT = Person(Role.ACCOUNTANT, "firm", "accountant")
THIRD_APPROVER = Person(Role.PROVINCE_APPROVER, "52", "approver-3")
_SHA = "d" * 64


async def paid(funding: Funding, folder: Path, **changes: object) -> ProjectSelected:
    """A project of which the first tranche and ten million of the municipality's share are paid and posted."""
    selected = await in_force(funding, **changes)
    await pay(funding, folder, (await ask_tranche(funding, selected)).json())
    await pay(funding, folder, (await ask_draw(funding, selected, 10_000_000, selected.project_id.int % 10**8)).json())
    return selected


async def pay(funding: Funding, folder: Path, release: Any) -> None:
    """From the request to the ledger."""
    await ordered(funding, release)
    await work(funding, folder)
    state = await funding.value("SELECT state FROM release WHERE id = :id", id=UUID(release["id"]))
    assert state == "POSTED"


async def work(funding: Funding, folder: Path) -> None:
    """The worker's rounds over a bank that pays what is ordered."""
    with bank_in(folder) as book:
        working = Working(funding, book.url)
        for _ in range(3):
            await working.round()
        await working.bank.aclose()


async def complete(funding: Funding, selected: ProjectSelected) -> Any:
    """Funding hears that the project is completed; its settlement."""
    await funding.deliver(ProjectCompleted(**_fact(selected), completion_id=new_id()))
    found = (await funding.get("/v1/settlements", OPERATOR, project_id=selected.project_id)).json()["items"]
    return found[0]


async def terminate(
    funding: Funding, selected: ProjectSelected, cause: str = "DISPUTE", fault_party: str = "ADOPTER"
) -> Any:
    """Funding hears that the project is terminated; its case, if there is one."""
    ended = ProjectTerminated(**_fact(selected), termination_id=new_id(), cause=cause, fault_party=fault_party)
    await funding.deliver(ended)
    found = (await funding.get("/v1/recoveries", OPERATOR, project_id=selected.project_id)).json()["items"]
    return found[-1] if found else None


async def act(funding: Funding, thing: Any, what: str, by: Person, body: object = None, **changes: Any) -> Any:
    """One step of a settlement, clawback or repayment, on the version that was read."""
    kind = "settlements" if "spent_won" in thing else "recoveries" if "ground" in thing else "repayments"
    version = changes.get("version", thing["version"])
    return await funding.post(f"/v1/{kind}/{thing['id']}/{what}", body, by=by, version=version)


async def done(funding: Funding, thing: Any, what: str, by: Person, body: object = None) -> Any:
    """The same, where nothing may refuse; the thing as it is then."""
    answer = await act(funding, thing, what, by, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def report(spent_won: int, interest_won: int = 0) -> dict[str, object]:
    return {"spent_won": spent_won, "interest_won": interest_won, "report_sha256": _SHA}


async def attested(funding: Funding, selected: ProjectSelected, spent_won: int, interest_won: int = 0) -> Any:
    """A settlement that waits for the province to fix it."""
    settlement = await complete(funding, selected)
    settlement = await done(funding, settlement, "reports", owner_of(selected), report(spent_won, interest_won))
    settlement = await done(funding, settlement, "assignments", OPERATOR, {"accountant": ACCOUNTANT.subject})
    return await done(funding, settlement, "attestations", ACCOUNTANT, {"attestation_sha256": _SHA})


def finding(**changes: object) -> dict[str, object]:
    body = {"recover_bp": 10_000, "interest_won": 0, "surcharge_bp": 0, "debar_months": 24, "finding_sha256": _SHA}
    return body | changes


async def proposed(funding: Funding, selected: ProjectSelected, recovery: Any, **changes: object) -> Any:
    """A case of which the firm has spoken and an officer has proposed."""
    recovery = await done(funding, recovery, "notices", OFFICER)
    recovery = await done(funding, recovery, "opinions", owner_of(selected), {"document_sha256": _SHA})
    return await done(funding, recovery, "proposals", OFFICER, finding(**changes))


async def repayments_of(funding: Funding, thing: Any) -> list[Any]:
    answer = await funding.get("/v1/repayments", OPERATOR, origin_id=thing["id"])
    return sorted(answer.json()["items"], key=lambda each: each["source"])


def treasury_of(repayment: Any) -> Person:
    return head(JEONJU) if repayment["source"] == "MUNICIPALITY" else TREASURER


def transfer(repayment: Any, **changes: object) -> dict[str, object]:
    body = {"paid_on": "2024-05-20", "bank_reference": f"back-{repayment['id']}", "evidence_sha256": "a" * 64}
    return body | changes


async def repaid(funding: Funding, selected: ProjectSelected, repayment: Any) -> Any:
    """The firm pays and the source's treasury confirms."""
    repayment = await done(funding, repayment, "payments", owner_of(selected), transfer(repayment))
    return await done(
        funding, repayment, "confirmations", treasury_of(repayment), {"receipt_reference": "세외수입 2024-7"}
    )


async def close_all(funding: Funding) -> None:
    """The worker's rounds until nothing is left to close."""
    for job in (close_settlements, close_recoveries):
        while await job(funding.database, funding.clock):
            pass


async def balances(funding: Funding, source: str) -> dict[str, int]:
    """What the accounts of one source's budget line hold."""
    found = await funding.rows(
        "SELECT a.kind, a.balance_won FROM ledger_account a JOIN budget_line l ON l.id = a.budget_line_id"
        " WHERE l.source = :source AND a.balance_won <> 0",
        source=source,
    )
    return {row["kind"]: row["balance_won"] for row in found}


def _fact(selected: ProjectSelected) -> dict[str, Any]:
    """What every event of a project says."""
    names = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    return {name: getattr(selected, name) for name in names}
