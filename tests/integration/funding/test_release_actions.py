"""A release says what its reader may do now, and why the rest is closed; what it says is what a request meets."""

from typing import Any

import pytest

from contracts.applicant import ProjectSelected
from tests.support.funding import APPROVER, AUDITOR, JEONJU, TREASURER, Funding, Person, head
from tests.support.releases import SECOND_APPROVER, approve, ask_tranche, budgets, in_force, order, owner_of, place_hold

pytestmark = pytest.mark.anyio

_STEPS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "approveRelease": ("approvals", None),
    "rejectRelease": ("rejections", {"reason": "AMOUNT_WRONG"}),
    "orderRelease": ("orders", None),
    "proposeReleaseFinding": (
        "findings",
        {"outcome": "NOT_PAID", "reason": "BANK_LOST_THE_ORDER", "evidence_sha256": "d" * 64},
    ),
}
_NOT_YOUR_ROLE = {"role-not-allowed"}
_NOT_YOUR_BODY = {"approval-not-yours"}


@pytest.fixture
async def selected(funding: Funding) -> ProjectSelected:
    await budgets(funding)
    return await in_force(funding)


async def shown(funding: Funding, release: Any, by: Person) -> Any:
    """The release as this person reads it, once every closed step has been tried and refused for what was said."""
    answer = await funding.get(f"/v1/releases/{release['id']}", by)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    said = {each["operation_id"] for each in (*found["actions"], *found["closed_actions"])}
    assert said == set(_STEPS)
    for closed in found["closed_actions"]:
        step, body = _STEPS[closed["operation_id"]]
        path = f"/v1/releases/{release['id']}/{step}"
        tried = await funding.post(path, body, by=by, version=found["version"])
        assert tried.json()["code"] in {reason["code"] for reason in closed["because"]}, (closed, tried.text)
        assert all(each["ko"] != each["en"] and each["ko"] and each["en"] for each in (closed, *closed["because"]))
    return found


def opened(found: Any) -> dict[str, str]:
    return {each["operation_id"]: f"{each['method']} {each['path']}" for each in found["actions"]}


def closed(found: Any) -> dict[str, set[str]]:
    return {each["operation_id"]: {why["code"] for why in each["because"]} for each in found["closed_actions"]}


async def test_each_person_is_offered_what_is_theirs_at_each_step(funding: Funding, selected: ProjectSelected):
    release = (await ask_tranche(funding, selected)).json()
    path = f"/v1/releases/{release['id']}"
    for reader in (owner_of(selected), AUDITOR):
        found = await shown(funding, release, reader)
        assert (opened(found), closed(found)) == ({}, dict.fromkeys(_STEPS, _NOT_YOUR_ROLE))
    asked = await shown(funding, release, APPROVER)
    assert opened(asked) == {"approveRelease": f"POST {path}/approvals", "rejectRelease": f"POST {path}/rejections"}
    assert closed(asked) == {"orderRelease": _NOT_YOUR_ROLE, "proposeReleaseFinding": _NOT_YOUR_ROLE}
    elsewhere = closed(await shown(funding, release, head(JEONJU)))
    assert elsewhere == closed(asked) | dict.fromkeys(("approveRelease", "rejectRelease"), _NOT_YOUR_BODY)
    early = await shown(funding, release, TREASURER)
    assert closed(early)["orderRelease"] == {"release-decided"}
    assert closed(early)["proposeReleaseFinding"] == {"release-not-unclear"}

    release = (await approve(funding, release, APPROVER)).json()
    own = await shown(funding, release, APPROVER)
    assert closed(own)["approveRelease"] == {"release-own-decision"}
    assert set(opened(own)) == {"rejectRelease"}

    release = (await approve(funding, release, SECOND_APPROVER)).json()
    assert opened(await shown(funding, release, TREASURER)) == {"orderRelease": f"POST {path}/orders"}
    assert (await order(funding, release)).status_code == 201
    late = await shown(funding, release, APPROVER)
    assert (opened(late), closed(late)["rejectRelease"]) == ({}, {"release-decided"})


async def test_everything_that_stands_against_an_order_is_said_at_once(funding: Funding, selected: ProjectSelected):
    release = (await ask_tranche(funding, selected)).json()
    for officer in (APPROVER, SECOND_APPROVER):
        release = (await approve(funding, release, officer, standing=None)).json()
    assert (await place_hold(funding, selected, APPROVER)).status_code == 201

    found = await shown(funding, release, TREASURER)

    assert opened(found) == {}
    assert closed(found)["orderRelease"] == {"line-held", "firm-standing-unknown"}
