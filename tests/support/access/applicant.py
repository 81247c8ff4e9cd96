"""Two companies in two municipalities through a whole call: both selected, a second call open, a third a draft."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from applicant.selections.commands import take_commitment
from applicant.selections.jobs import work_decisions, work_rankings
from common.clock import KST
from common.event import new_id
from contracts.roles import Role
from smartfactory.stack.provision import DatabaseUrls
from tests.support.access.objecting import ASKS as OBJECTING
from tests.support.access.objecting import refused, signing_deadline
from tests.support.access.worlds import STALE, Ask, Asks, Things, World
from tests.support.applicant import (
    APPROVER,
    CLOSES,
    GUNSAN,
    IKSAN,
    OPERATOR,
    Applicant,
    Person,
    business_number,
    call_body,
    company_body,
    plan_body,
    running_applicant,
    worksite_body,
)
from tests.support.builders import project_committed

_RULE = {"size_min": 1, "trim_from": 5, "pass_mark": 6000}
_TYPES = [{"type_code": code, "cap_won": 40_000_000} for code in ("JS1", "JS2")]
_BUDGET = [
    {"source": "PROVINCE", "amount_won": 1_000_000_000},
    *({"source": "MUNICIPALITY", "municipality_code": place, "amount_won": 300_000_000} for place in (GUNSAN, IKSAN)),
]
_COMMITTEE = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-7"}
_EVALUATED_AT = datetime(2024, 5, 2, 10, tzinfo=KST)


@asynccontextmanager
async def applicant_world(urls: DatabaseUrls) -> AsyncIterator[World]:
    async with running_applicant(urls) as applicant:
        call_id = await applicant.published_call(panel_rule=_RULE, types=_TYPES, planned_budget_lines=_BUDGET)
        own, other = [
            await _submitted(applicant, call_id, type_code, place)
            for type_code, place in (("JS1", GUNSAN), ("JS2", IKSAN))
        ]
        for case in (own, other):
            case.update(await refused(applicant, call_id, case))
        await _judged(applicant, call_id, own, other)
        for case in (own, other):
            case["deadline"] = await signing_deadline(applicant, case["project"])
        open_call, draft = await _further_calls(applicant)
        for case, place in ((own, GUNSAN), (other, IKSAN)):
            case["survey"], case["place"] = draft, place
            case["offer"] = await _offered(applicant, draft, place)
        shared = {"call": call_id, "open_call": open_call, "number": "1"}
        await _accounts(applicant, own, other)
        own, other = own | shared | {"publication": call_id}, other | shared | {"publication": draft}
        yield World(
            service="applicant",
            app=applicant.http._transport.app,  # type: ignore[attr-defined]
            http=applicant.http,
            owner=applicant.owner,
            issuer=applicant.issuer,
            asks=_ASKS,
            own=lambda _role: own,
            other=other,
            company=own["company"],
            municipality=GUNSAN,
            members={Role.PANEL_MEMBER: "member-JS1"},
            supplier=own["supplier"],
        )


async def _submitted(applicant: Applicant, call_id: str, type_code: str, place: str) -> dict[str, str]:
    owner, worksite_id = await applicant.company({"municipality_code": place})
    supplier = business_number()
    submitted = await applicant.submitted(
        call_id, owner, worksite_id, type_code=type_code, supplier_business_number=supplier
    )
    screened = await applicant.screened(submitted)
    decided = await applicant.decided(submitted["id"], "ELIGIBLE", screened["version"])
    assert decided.status_code == 201, decided.text
    return {
        "company": str(owner.tenant),
        "worksite": worksite_id,
        "application": submitted["id"],
        "type_code": type_code,
        "place": place,
        "supplier": supplier,
    }


async def _accounts(applicant: Applicant, *cases: dict[str, str]) -> None:
    """A proposed officer of each municipality, and an open invitation and a member of staff of each company."""
    for case in cases:
        place, company = case["place"], f"/v1/companies/{case['company']}"
        owner = Person(Role.COMPANY_OWNER, case["company"], "owner")
        officer = {"subject": f"matrix-of-{place}", "role": "municipality.officer", "tenant": place}
        case["appointment"] = (await applicant.made("/v1/appointments", officer, by=APPROVER))["id"]
        case["invitation"] = (await applicant.made(f"{company}/invitations", by=owner))["id"]
        code = (await applicant.made(f"{company}/invitations", by=owner))["invitation_code"]
        person = Person(Role.PERSON, f"staff-{place}", f"staff-{place}")
        joined = await applicant.made("/v1/invitation-acceptances", {"invitation_code": code}, by=person)
        case["staff"], case["used_code"] = joined["id"], code


async def _judged(applicant: Applicant, call_id: str, *cases: dict[str, str]) -> None:
    applicant.clock.move_to(_EVALUATED_AT)
    for case in cases:
        member = {"subject": f"member-{case['type_code']}", "name": "가상위원"}
        panel = {"name": case["type_code"], "type_code": case["type_code"], "members": [member]}
        case["panel"] = (await applicant.made(f"/v1/calls/{call_id}/panels", panel, by=OPERATOR))["id"]
        by = Person(Role.PANEL_MEMBER, "jtp", member["subject"])
        marks = {"technical_score": 8000, "site_score": 1000}
        await applicant.made(f"/v1/applications/{case['application']}/scores", marks, by=by)
    asked = await applicant.made(f"/v1/calls/{call_id}/ranking-requests", by=OPERATOR)
    while await work_rankings(applicant.database, applicant.clock):
        pass
    ranking = (await applicant.get(f"/v1/calls/{call_id}/rankings/1", by=OPERATOR)).json()
    path, number = f"/v1/calls/{call_id}/selection-decisions", {"ranking": ranking["number"]}
    decision = await applicant.made(path, number, by=APPROVER, version=ranking["version"])
    while await work_decisions(applicant.database, applicant.clock):
        pass
    outcomes = (await applicant.get(f"/v1/calls/{call_id}/selections", by=APPROVER)).json()["items"]
    projects = {each["application_id"]: each["project_id"] for each in outcomes}
    for case in cases:
        case["request"], case["decision"] = asked["id"], decision["id"]
        case["project"] = projects[case["application"]]
        await _committed(applicant, call_id, case)


async def _committed(applicant: Applicant, call_id: str, case: dict[str, str]) -> None:
    """Funding's answer as the worker takes it, so that the project has an agreement."""
    project = (await applicant.get(f"/v1/projects/{case['project']}", by=APPROVER)).json()
    told = project_committed(
        project_id=UUID(case["project"]),
        call_id=UUID(call_id),
        municipality_code=case["place"],
        total_cost_won=project["total_cost_won"],
    )
    async with applicant.database.transaction() as tx:
        await take_commitment(tx, told, event_id=new_id(), now=applicant.clock.now())
    path, terms = f"/v1/agreements/{case['project']}", {"plan_sha256": "a" * 64, "supplier_contract_won": 1}
    issued = await applicant.made(f"{path}/issues", by=OPERATOR, version=1)
    owner = Person(Role.COMPANY_OWNER, case["company"], "owner")
    await applicant.made(f"{path}/signatures", terms, by=owner, version=issued["version"])


async def _further_calls(applicant: Applicant) -> tuple[str, str]:
    window = {
        "opens_at": (_EVALUATED_AT + timedelta(days=1)).isoformat(),
        "closes_at": (CLOSES + timedelta(days=90)).isoformat(),
    }
    opened, draft = [await applicant.made("/v1/calls", call_body(**window), by=OPERATOR) for _ in range(2)]
    await applicant.made(f"/v1/calls/{opened['id']}/publications", _COMMITTEE, by=APPROVER, version=opened["version"])
    applicant.clock.move_to(_EVALUATED_AT + timedelta(days=2))
    return opened["id"], draft["id"]


async def _offered(applicant: Applicant, call_id: str, place: str) -> str:
    by = Person(Role.MUNICIPALITY_CLIENT, place, f"municipality-{place}")
    row = {"municipality_code": place, "type_code": "JS1", "seats": 2}
    told = await applicant.made(f"/v1/seat-surveys/{call_id}/seat-offers:batch", {"rows": [row]}, by=by)
    return str(told["results"][0]["id"])


def _upload_offers(things: Things) -> Ask:
    row = {"municipality_code": things["place"], "type_code": "JS2", "seats": 2}
    return Ask("POST", f"/v1/seat-surveys/{things['survey']}/seat-offers:batch", {"rows": [row]})


def _on(method: str, path: str, body: Mapping[str, Any] | None = None, *, version: int | None = None) -> Any:
    return lambda things: Ask(method, path.format_map(things), body, version)


def _listed(path: str, kind: str, **query: object) -> Any:
    return lambda things: Ask("GET", path.format_map(things), query=query, shows=things[kind])


def _draft(things: Things) -> Ask:
    case = {"call_id": things["open_call"], "type_code": "JS2", "worksite_id": things["worksite"]}
    return Ask("POST", "/v1/applications", plan_body(**case))


def _propose_appointment(things: Things) -> Ask:
    named = {"subject": "matrix-further", "role": "municipality.officer", "tenant": things["place"]}
    return Ask("POST", "/v1/appointments", named)


def _accept_invitation(things: Things) -> Ask:
    return Ask("POST", "/v1/invitation-acceptances", {"invitation_code": things["used_code"]})


def _then(path: str) -> Ask:
    return Ask("GET", f"{path}/as-of", query={"at": datetime.now(UTC).isoformat(), "clock": "recorded"})


_COMPANY = "/v1/companies/{company}"
_APPOINTMENT = "/v1/appointments/{appointment}"
_APPLICATION = "/v1/applications/{application}"
_CALL = "/v1/calls/{call}"
_MEMBERS = [{"subject": "member-further", "name": "가상위원"}]
_ASKS: Asks = {
    **OBJECTING,
    "registerCompany": _on("POST", "/v1/companies", company_body()),
    "getCompany": _on("GET", "/v1/companies/{company}"),
    "addWorksite": _on("POST", "/v1/companies/{company}/worksites", worksite_body()),
    "listWorksites": _on("GET", "/v1/companies/{company}/worksites"),
    "proposeAppointment": _propose_appointment,
    "confirmAppointment": _on("POST", f"{_APPOINTMENT}/confirmations", version=STALE),
    "proposeAppointmentEnd": _on("POST", f"{_APPOINTMENT}/end-proposals", version=STALE),
    "confirmAppointmentEnd": _on("POST", f"{_APPOINTMENT}/end-confirmations", version=STALE),
    "listAppointments": _listed("/v1/appointments", "appointment", page_size=100),
    "getAppointment": _on("GET", _APPOINTMENT),
    "inviteStaff": _on("POST", f"{_COMPANY}/invitations"),
    "listInvitations": _on("GET", f"{_COMPANY}/invitations"),
    "withdrawInvitation": _on("POST", f"{_COMPANY}/invitations/{{invitation}}/withdrawals", version=STALE),
    "acceptInvitation": _accept_invitation,
    "listStaff": _on("GET", f"{_COMPANY}/staff"),
    "endStaff": _on("POST", f"{_COMPANY}/staff/{{staff}}/ends", version=STALE),
    "listHeldRoles": lambda _things: Ask("GET", "/v1/held-roles", query={"subject": "matrix-nobody"}),
    "revokeTokens": _on("POST", "/v1/token-revocations", {"subject": "matrix-nobody", "reason": "STOLEN"}),
    "listDisclosures": _on("GET", "/v1/disclosures"),
    "draftCall": _on("POST", "/v1/calls", call_body()),
    "editCall": _on("PUT", _CALL, call_body(), version=STALE),
    "publishCall": _on("POST", f"{_CALL}/publications", _COMMITTEE, version=STALE),
    "listSeatSurveys": _on("GET", "/v1/seat-surveys"),
    "getSeatOfferTemplate": _on("GET", "/v1/seat-surveys/{survey}/seat-offers:template"),
    "uploadSeatOffers": _upload_offers,
    "listSeatOffers": _listed("/v1/seat-offers", "offer", page_size=100),
    "getSeatOffer": _on("GET", "/v1/seat-offers/{offer}"),
    "confirmSeatOffer": _on("POST", "/v1/seat-offers/{offer}/confirmations", version=STALE),
    "withdrawSeatOffer": _on("POST", "/v1/seat-offers/{offer}/withdrawals", version=STALE),
    "listCalls": _listed("/v1/calls", "publication", page_size=100),
    "getCall": _on("GET", "/v1/calls/{publication}"),
    "draftApplication": _draft,
    "reviseApplication": _on("PATCH", _APPLICATION, {"project_title": "새 이름"}, version=STALE),
    "submitApplication": _on("POST", f"{_APPLICATION}/submissions", version=STALE),
    "supplementApplication": _on("POST", f"{_APPLICATION}/supplements", {"project_title": "새 이름"}, version=STALE),
    "withdrawApplication": _on("POST", f"{_APPLICATION}/withdrawals", {"reason": "사정"}, version=STALE),
    "listApplications": _listed("/v1/applications", "application", page_size=100),
    "getApplication": _on("GET", _APPLICATION),
    "getApplicationAsOf": lambda things: _then(f"/v1/applications/{things['application']}"),
    "getProjectAsOf": lambda things: _then(f"/v1/projects/{things['project']}"),
    "getScreening": _on("GET", f"{_APPLICATION}/screening"),
    "beginScreening": _on("POST", f"{_APPLICATION}/screenings", version=STALE),
    "requestSupplement": _on(
        "POST", f"{_APPLICATION}/supplement-requests", {"items": [{"request": "도면"}]}, version=STALE
    ),
    "decideEligibility": _on("POST", f"{_APPLICATION}/eligibility-decisions", {"confirmed": "ELIGIBLE"}, version=STALE),
    "formPanel": _on("POST", f"{_CALL}/panels", {"name": "추가", "type_code": None, "members": _MEMBERS}),
    "listPanels": _on("GET", f"{_CALL}/panels"),
    "seatMembers": _on("POST", "/v1/panels/{panel}/members", {"members": _MEMBERS}),
    "assignCases": _on("POST", f"{_CALL}/assignments"),
    "listAssignments": _listed("/v1/assignments", "application", page_size=100),
    "declareConflict": _on("POST", f"{_APPLICATION}/conflicts", {"kind": "SELF_WITHDRAWAL", "statement": "친족"}),
    "lockScore": _on("POST", f"{_APPLICATION}/scores", {"technical_score": 7000, "site_score": 1000}),
    "listScores": _on("GET", f"{_APPLICATION}/scores"),
    "listProjects": _listed("/v1/projects", "project", page_size=100),
    "getProject": _on("GET", "/v1/projects/{project}"),
    "askAgain": _on("POST", "/v1/projects/{project}/commitment-requests", version=STALE),
    "withdrawProject": _on("POST", "/v1/projects/{project}/withdrawals", {"reason": "사정"}, version=STALE),
    "listAgreements": _listed("/v1/agreements", "project", page_size=100),
    "getAgreement": _on("GET", "/v1/agreements/{project}"),
    "listStandingChecks": _on("GET", "/v1/agreements/{project}/standing-checks"),
    "askStandingCheck": _on("POST", "/v1/agreements/{project}/standing-checks"),
    "issueAgreement": _on("POST", "/v1/agreements/{project}/issues", version=STALE),
    "signAgreement": _on(
        "POST",
        "/v1/agreements/{project}/signatures",
        {"plan_sha256": "a" * 64, "supplier_contract_won": 1},
        version=STALE,
    ),
    "proposeRanking": _on("POST", f"{_CALL}/rankings"),
    "requestRanking": _on("POST", f"{_CALL}/ranking-requests"),
    "listRankingRequests": _on("GET", f"{_CALL}/ranking-requests"),
    "getRankingRequest": _on("GET", f"{_CALL}/ranking-requests/{{request}}"),
    "getRanking": _on("GET", f"{_CALL}/rankings/1"),
    "listRankedCases": _on("GET", f"{_CALL}/rankings/1/cases"),
    "rankPastCohort": lambda things: Ask(
        "GET", f"/v1/calls/{things['call']}/what-if", query={"past_call_id": things["call"]}
    ),
    "decideSelection": _on("POST", f"{_CALL}/selections", {"ranking": 1}, version=STALE),
    "beginDecision": _on("POST", f"{_CALL}/selection-decisions", {"ranking": 1}, version=STALE),
    "listDecisions": _on("GET", f"{_CALL}/selection-decisions"),
    "getDecision": _on("GET", f"{_CALL}/selection-decisions/{{decision}}"),
    "listOutcomes": _listed(f"{_CALL}/selections", "application", page_size=100),
}
