"""An application says what its reader may do now, and why the rest is closed; what it says is what a request meets."""

from datetime import timedelta
from typing import Any

from contracts.roles import Role
from tests.support.applicant import (
    AUDITOR,
    CLOSES,
    GUNSAN_OFFICER,
    OPENS,
    OPERATOR,
    Applicant,
    Person,
)

_ITEM = {"rule": None, "request": "공장등록증명서를 보완해 주세요."}
_STEPS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "reviseApplication": ("PATCH", "", {"total_cost_won": 61_000_000}),
    "submitApplication": ("POST", "/submissions", None),
    "supplementApplication": ("POST", "/supplements", {"project_title": "보완한 제목"}),
    "withdrawApplication": ("POST", "/withdrawals", {"reason": "자부담 조달이 어렵습니다."}),
    "beginScreening": ("POST", "/screenings", None),
    "requestSupplement": ("POST", "/supplement-requests", {"items": [_ITEM]}),
    "decideEligibility": ("POST", "/eligibility-decisions", {"confirmed": "ELIGIBLE"}),
}
_OF_THE_FIRM = {"reviseApplication", "submitApplication", "supplementApplication", "withdrawApplication"}
_NOT_YOUR_ROLE = {"role-not-allowed"}
_NOT_IN_THIS_STATE = {"application-not-in-this-state"}


async def shown(applicant: Applicant, application_id: str, by: Person) -> Any:
    """The application as this person reads it, once every closed step has been tried and refused for what was said."""
    answer = await applicant.get(f"/v1/applications/{application_id}", by)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {each["operation_id"] for each in (*found["actions"], *found["closed_actions"])} == set(_STEPS)
    for each in found["closed_actions"]:
        method, below, body = _STEPS[each["operation_id"]]
        path = f"/v1/applications/{application_id}{below}"
        if method == "POST":
            tried = await applicant.post(path, body, by=by, version=found["version"])
        else:
            tried = await applicant.change(method, path, body, by=by, version=found["version"])
        assert tried.json()["code"] in {reason["code"] for reason in each["because"]}, (each, tried.text)
    return found


def opened(found: Any) -> set[str]:
    return {each["operation_id"] for each in found["actions"]}


def closed(found: Any) -> dict[str, set[str]]:
    return {each["operation_id"]: {why["code"] for why in each["because"]} for each in found["closed_actions"]}


async def test_the_firm_and_the_operator_are_offered_their_steps_in_turn(applicant: Applicant):
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    staff = Person(Role.COMPANY_STAFF, owner.tenant, "staff")
    drafted = await applicant.draft(call_id, owner, worksite_id)
    case = drafted["id"]

    found = await shown(applicant, case, owner)
    assert opened(found) == {"reviseApplication", "submitApplication", "withdrawApplication"}
    assert closed(found)["supplementApplication"] == _NOT_IN_THIS_STATE
    assert [each["path"] for each in found["actions"]] == [
        f"/v1/applications/{case}{_STEPS[each['operation_id']][1]}" for each in found["actions"]
    ]
    by_staff = await shown(applicant, case, staff)
    assert (opened(by_staff), closed(by_staff)["submitApplication"]) == ({"reviseApplication"}, _NOT_YOUR_ROLE)

    submitted = await applicant.made(f"/v1/applications/{case}/submissions", by=owner, version=1)
    for reader in (AUDITOR, GUNSAN_OFFICER):
        assert closed(await shown(applicant, case, reader)) == dict.fromkeys(_STEPS, _NOT_YOUR_ROLE)
    assert opened(await shown(applicant, case, owner)) == {"withdrawApplication"}
    found = await shown(applicant, case, OPERATOR)
    assert opened(found) == {"beginScreening"}
    assert closed(found) == dict.fromkeys(_OF_THE_FIRM, _NOT_YOUR_ROLE) | dict.fromkeys(
        ("requestSupplement", "decideEligibility"), _NOT_IN_THIS_STATE
    )

    path = f"/v1/applications/{case}/screenings"
    await applicant.made(path, by=OPERATOR, version=submitted["version"])
    found = await shown(applicant, case, OPERATOR)
    assert (opened(found), closed(found)["decideEligibility"]) == ({"requestSupplement"}, {"still-checking"})
    screening = await applicant.checked(case)
    assert opened(await shown(applicant, case, OPERATOR)) == {"requestSupplement", "decideEligibility"}

    path = f"/v1/applications/{case}/supplement-requests"
    await applicant.made(path, {"items": [_ITEM]}, by=OPERATOR, version=screening["version"])
    assert closed(await shown(applicant, case, OPERATOR))["decideEligibility"] == {"supplement-not-due"}
    found = await shown(applicant, case, owner)
    assert opened(found) == {"supplementApplication", "withdrawApplication"}
    applicant.clock.move_to(applicant.clock.now() + timedelta(days=60))
    assert closed(await shown(applicant, case, owner))["supplementApplication"] == {"supplement-late"}


async def test_a_draft_says_at_once_all_that_keeps_it_from_being_handed_in(applicant: Applicant):
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    await applicant.submitted(call_id, owner, worksite_id)
    consents = {"data_use": True, "credit_information": True, "no_duplicate_aid": True, "no_kickback": False}
    lacking = await applicant.draft(call_id, owner, worksite_id, total_cost_won=19_999_999, consents=consents)
    always = {"consent-missing", "cost-below-minimum", "worksite-has-live-application"}

    assert closed(await shown(applicant, lacking["id"], owner))["submitApplication"] == always
    applicant.clock.move_to(OPENS - timedelta(seconds=1))
    assert closed(await shown(applicant, lacking["id"], owner))["submitApplication"] == always | {"window-not-open"}
    applicant.clock.move_to(CLOSES)
    assert closed(await shown(applicant, lacking["id"], owner))["submitApplication"] == always | {"window-closed"}
