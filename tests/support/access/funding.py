"""Confirmed lines of the province and two municipalities, a project of each municipality, a rule and a proposed one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from common.event import new_id
from contracts.applicant import ProjectSelected
from contracts.roles import MUNICIPALITY_ROLES, Role
from contracts.types import Source
from smartfactory.stack.provision import DatabaseUrls
from tests.support.access.worlds import STALE, Ask, Asks, Things, World
from tests.support.builders import agreement_signed, project_selected
from tests.support.funding import GUNSAN, JEONJU, TRACK_B, Funding, Person, running_funding

_PAYMENT = {
    "amount_won": 1_000_000,
    "paid_on": "2024-05-20",
    "from_account": "가상 자부담 계좌",
    "bank_reference": "bank-1",
    "evidence_sha256": "b" * 64,
}


@asynccontextmanager
async def funding_world(urls: DatabaseUrls) -> AsyncIterator[World]:
    async with running_funding(urls) as funding:
        await funding.confirmed_rule()
        for proposed in ("b-2025", "b-2026"):
            assert (await funding.propose_rule(proposed)).status_code == 201
        province = await funding.confirmed_line(1_000_000_000)
        lines = {place: await funding.confirmed_line(1_000_000_000, place) for place in (JEONJU, GUNSAN)}
        projects = {place: project_selected(municipality_code=place, company_id=new_id()) for place in lines}
        await funding.deliver(*projects.values())
        await _signed(funding, *projects.values())
        payments = {place: await _paid(funding, project) for place, project in projects.items()}
        municipal, other = [
            {
                "project": str(projects[place].project_id),
                "line": lines[place],
                "source": "MUNICIPALITY",
                "place": place,
                "rule": rule,
                "confirmable": confirmable,
                "covers": covers,
                "payment": payments[place],
            }
            for place, rule, confirmable, covers in (
                (JEONJU, "b-2024", "b-2024", "MUNICIPALITY"),
                (GUNSAN, "b-2025", "b-2026", "PROVINCE"),
            )
        ]
        provincial = municipal | {"line": province, "source": "PROVINCE", "place": "", "covers": "PROVINCE"}
        yield World(
            service="funding",
            app=funding.http._transport.app,
            http=funding.http,
            owner=funding.owner,
            issuer=funding.issuer,
            asks=_ASKS,
            own=lambda role: municipal if role in MUNICIPALITY_ROLES else provincial,
            other=other,
            company=str(projects[JEONJU].company_id),
            municipality=JEONJU,
        )


async def _signed(funding: Funding, *projects: ProjectSelected) -> None:
    """The projects' agreements are signed, so that their coverage is open."""
    commitments = await funding.rows("SELECT project_id, id FROM commitment")
    of_project = {row["project_id"]: row["id"] for row in commitments}
    await funding.deliver(*(agreement_signed(project, of_project[project.project_id]) for project in projects))


async def _paid(funding: Funding, project: ProjectSelected) -> str:
    """The firm has named its account and recorded a payment from it; the payment's id."""
    owner = Person(Role.COMPANY_OWNER, str(project.company_id), "owner")
    path = f"/v1/coverages/{project.project_id}"
    cover = {"reference": _PAYMENT["from_account"], "evidence_sha256": "b" * 64}
    covered = await funding.post(f"{path}/lines/SME/confirmations", cover, by=owner, version=1)
    assert covered.status_code == 201, covered.text
    body = _PAYMENT | {"bank_reference": f"bank-{project.project_id}"}
    recorded = await funding.post(f"{path}/self-payments", body, by=owner)
    assert recorded.status_code == 201, recorded.text
    return str(recorded.json()["id"])


def _cover(things: Things) -> Ask:
    source = things["covers"] if things["covers"] in set(Source) else Source.PROVINCE
    path = f"/v1/coverages/{things['project']}/lines/{source}/confirmations"
    return Ask("POST", path, {"reference": "교부결정 2024-1", "evidence_sha256": "b" * 64}, STALE)


def _record_payment(things: Things) -> Ask:
    body = _PAYMENT | {"bank_reference": f"bank-{things['project']}"}
    return Ask("POST", f"/v1/coverages/{things['project']}/self-payments", body)


def _verify_payment(things: Things) -> Ask:
    return Ask("POST", f"/v1/self-payments/{things['payment']}/verifications", {"payer": "ADOPTER"}, STALE)


def _review_payment(things: Things) -> Ask:
    return Ask("POST", f"/v1/self-payments/{things['payment']}/reviews", {"decision": "ACCEPT"}, STALE)


def _on(method: str, path: str, *, version: int | None = None, **query: object) -> Any:
    return lambda things: Ask(method, path.format_map(things), None, version, query)


def _listed(path: str, kind: str) -> Any:
    return lambda things: Ask("GET", path, query={"page_size": 100}, shows=things[kind])


def _propose_line(things: Things) -> Ask:
    body = {
        "source": things["source"], "track": "B", "fiscal_year": 2024, "municipality_code": things["place"] or None,
        "amount_won": 1_000_000, "legal_regime": "LOCAL_SUBSIDY", "funder": "전북특별자치도",
    }  # fmt: skip
    return Ask("POST", "/v1/budget-lines", body)


def _upload_lines(things: Things) -> Ask:
    row = _propose_line(things).body
    return Ask("POST", "/v1/budget-lines:batch", {"rows": [row]})


def _propose_rule(_things: Things) -> Ask:
    body = {
        "version": "b-2024", "title": "Track B", "shares": TRACK_B, "capped_sources": ["PROVINCE"],
        "valid_from": "2024-01-01", "source_note": "assumed",
    }  # fmt: skip
    return Ask("POST", "/v1/split-rules", body)


_ASKS: Asks = {
    "proposeBudgetLine": _propose_line,
    "getBudgetLineTemplate": _on("GET", "/v1/budget-lines:template"),
    "uploadBudgetLines": _upload_lines,
    "confirmBudgetLine": _on("POST", "/v1/budget-lines/{line}/confirmations", version=STALE),
    "listBudgetLines": _listed("/v1/budget-lines", "line"),
    "getBudgetLine": _on("GET", "/v1/budget-lines/{line}"),
    "proposeSplitRule": _propose_rule,
    "confirmSplitRule": _on("POST", "/v1/split-rules/{confirmable}/confirmations"),
    "listSplitRules": _listed("/v1/split-rules", "rule"),
    "getSplitRule": _on("GET", "/v1/split-rules/{rule}"),
    "previewSplit": _on("GET", "/v1/split-rules/{rule}/preview", total_cost_won=100, cap_won=50),
    "listCommitments": _listed("/v1/commitments", "project"),
    "getCommitment": _on("GET", "/v1/commitments/{project}"),
    "listCoverages": _listed("/v1/coverages", "project"),
    "getCoverage": _on("GET", "/v1/coverages/{project}"),
    "coverLine": _cover,
    "getSelfPay": _on("GET", "/v1/coverages/{project}/self-pay"),
    "recordSelfPayment": _record_payment,
    "listSelfPayments": _listed("/v1/self-payments", "payment"),
    "getSelfPayment": _on("GET", "/v1/self-payments/{payment}"),
    "verifySelfPayment": _verify_payment,
    "reviewSelfPayment": _review_payment,
    "listTransfers": _listed("/v1/ledger/transfers", "line"),
}
