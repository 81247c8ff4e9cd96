"""A refused case of each company, objected to, for the matrix of permissions; and the notices and deadlines beside it."""

from collections.abc import Mapping

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Things
from tests.support.applicant import APPROVER, Applicant, Person, worksite_body

_FINDINGS = {"recommendation": "DISMISS", "findings": "가상 검토 의견"}
_DECISION = {"verdict": "DISMISSED", "reason": "가상 사유"}


async def refused(applicant: Applicant, call_id: str, case: Mapping[str, str]) -> dict[str, str]:
    """A second plant of the company, refused for building elsewhere (rule R-07), and the objection against that."""
    owner = Person(Role.COMPANY_OWNER, case["company"], "owner")
    path = f"/v1/companies/{case['company']}/worksites"
    second = worksite_body(name="둘째 공장", municipality_code=case["place"])
    worksite = await applicant.made(path, second, by=owner)
    submitted = await applicant.submitted(
        call_id, owner, worksite["id"], type_code=case["type_code"], concurrent_project=True
    )
    screened = await applicant.screened(submitted)
    decided = await applicant.decided(submitted["id"], "INELIGIBLE", screened["version"])
    assert decided.status_code == 201, decided.text
    filed = await applicant.made(f"/v1/applications/{submitted['id']}/objections", {"statement": "가상 이의"}, by=owner)
    (notice,) = (await applicant.get("/v1/notices", by=owner, kind="INELIGIBLE")).json()["items"]
    return {"objection": filed["id"], "notice": notice["id"]}


async def signing_deadline(applicant: Applicant, project_id: str) -> str:
    """The deadline of an agreement that waits for its supplier: of firm, municipality and supplier alike."""
    listed = await applicant.get("/v1/deadlines", by=APPROVER, kind="AGREEMENT_SIGNATURES")
    (found,) = [each["id"] for each in listed.json()["items"] if each["project_id"] == project_id]
    return str(found)


def _listed(path: str, kind: str, things: Things) -> Ask:
    return Ask("GET", path, query={"page_size": 100}, shows=things[kind])


def _of_objection(things: Things, what: str, body: Mapping[str, object]) -> Ask:
    return Ask("POST", f"/v1/objections/{things['objection']}/{what}", body, STALE)


ASKS: Asks = {
    "listDeadlines": lambda things: Ask(
        "GET", "/v1/deadlines", query={"page_size": 100, "state": ["OPEN", "MET"]}, shows=things["deadline"]
    ),
    "listNotices": lambda things: _listed("/v1/notices", "notice", things),
    "getNotice": lambda things: Ask("GET", f"/v1/notices/{things['notice']}"),
    "retryNotice": lambda things: Ask("POST", f"/v1/notices/{things['notice']}/retries"),
    "changeContact": lambda things: Ask(
        "PUT", f"/v1/companies/{things['company']}/contact", {"contact_email": "matrix@example.com"}, STALE
    ),
    "fileObjection": lambda things: Ask(
        "POST", f"/v1/applications/{things['application']}/objections", {"statement": "가상 이의"}
    ),
    "listObjections": lambda things: _listed("/v1/objections", "objection", things),
    "getObjection": lambda things: Ask("GET", f"/v1/objections/{things['objection']}"),
    "prepareObjection": lambda things: _of_objection(things, "preparations", _FINDINGS),
    "decideObjection": lambda things: _of_objection(things, "decisions", _DECISION),
}
