"""Memoranda over HTTP: two people register one, everybody reads it, nobody changes it, and commitments refer to it."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import sqlstate
from contracts.roles import Role
from tests.support.builders import project_selected
from tests.support.funding import APPROVER, AUDITOR, OFFICER, Funding, Person

_BODY: dict[str, Any] = {
    "reference": "jeonbuk-2023",
    "title": "스마트공장 보급 업무협약",
    "signed_on": "2023-11-24",
    "source_note": "[N4]",
    "parties": [
        {
            "name": "전북특별자치도",
            "kind": "PROVINCE",
            "obligations": [{"kind": "FUNDING", "source": "PROVINCE", "text": "도비를 부담한다"}],
        },
        {
            "name": "전주시",
            "kind": "MUNICIPALITY",
            "municipality_code": "52110",
            "obligations": [{"kind": "ADMINISTRATION", "text": "행정을 지원한다"}],
        },
    ],
}


async def _confirmed(funding: Funding, **changes: object) -> str:
    proposed = await funding.post("/v1/memoranda", _BODY | changes, by=OFFICER)
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/memoranda/{proposed.json()['id']}/confirmations"
    confirmed = await funding.post(path, by=APPROVER, version=1)
    assert (confirmed.status_code, confirmed.json()["state"]) == (201, "CONFIRMED"), confirmed.text
    memorandum_id: str = confirmed.json()["id"]
    return memorandum_id


async def test_a_proposal_counts_for_nobody_until_another_person_confirms_it(funding: Funding):
    proposed = (await funding.post("/v1/memoranda", _BODY, by=OFFICER)).json()
    place = f"/v1/memoranda/{proposed['id']}"

    assert (await funding.get(place)).status_code == 404
    assert (await funding.get("/v1/memoranda")).json()["items"] == []
    assert (await funding.get(place, AUDITOR)).json()["parties"] == proposed["parties"]

    same = Person(Role.PROVINCE_APPROVER, "52", OFFICER.subject)
    refused = await funding.post(f"{place}/confirmations", by=same, version=1)
    stale = await funding.post(f"{place}/confirmations", by=APPROVER, version=2)
    confirmed = await funding.post(f"{place}/confirmations", by=APPROVER, version=1)
    again = await funding.post(f"{place}/confirmations", by=APPROVER, version=2)

    assert (refused.status_code, refused.json()["code"]) == (409, "memorandum-own-proposal")
    assert (stale.status_code, stale.json()["code"]) == (412, "memorandum-stale")
    assert (confirmed.status_code, confirmed.json()["version"]) == (201, 2)
    assert (again.status_code, again.json()["code"]) == (409, "memorandum-decided")
    assert (await funding.get(place)).json()["state"] == "CONFIRMED", "now it is public"


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"signed_on": "2024-05-21"}, 422, "memorandum-not-signed-yet", "/signed_on"),
        ({"parties": [_BODY["parties"][0]] * 2}, 422, "memorandum-malformed", "/parties/1/name"),
        (
            {"parties": [_BODY["parties"][0], _BODY["parties"][1] | {"municipality_code": "11110"}]},
            422, "unknown-municipality", "/parties/1/municipality_code",
        ),
        ({"parties": _BODY["parties"][:1]}, 422, "input-invalid", "/parties"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_together_is_refused_at_its_place(
    funding: Funding, changes: dict[str, Any], status: int, code: str, pointer: str
):
    refused = await funding.post("/v1/memoranda", _BODY | changes, by=OFFICER)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert (await funding.get("/v1/memoranda", AUDITOR)).json()["items"] == []


async def test_a_reference_names_one_memorandum_for_ever(funding: Funding):
    await _confirmed(funding)
    again = await funding.post("/v1/memoranda", _BODY, by=OFFICER)
    assert (again.status_code, again.json()["code"]) == (409, "memorandum-exists")


async def test_a_commitment_refers_to_the_memorandum_signed_last_by_its_day(funding: Funding):
    await funding.confirmed_rule()
    await funding.confirmed_line(1_000_000_000)
    await funding.confirmed_line(1_000_000_000, "52110")
    before, after = project_selected(), project_selected()

    await funding.deliver(before)
    await _confirmed(funding, reference="older", signed_on="2022-03-02")
    newer = await _confirmed(funding)
    await funding.deliver(after)

    referred = {
        each["project_id"]: each["memorandum_id"]
        for each in (await funding.get("/v1/commitments", AUDITOR)).json()["items"]
    }
    assert referred == {str(before.project_id): None, str(after.project_id): newer}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE memorandum SET parties = '[]'",
        "UPDATE memorandum SET signed_on = '2020-01-01'",
        "DELETE FROM memorandum",
        "TRUNCATE memorandum CASCADE",
    ],
)
async def test_a_confirmed_memorandum_stands_even_against_the_owner_of_the_table(funding: Funding, attack: str):
    await _confirmed(funding)
    with pytest.raises(DBAPIError) as refused:
        async with funding.owner.transaction() as tx:
            await tx.execute(text(attack))
    assert sqlstate(refused.value) in {"23001", "42501"}, "restrict_violation or insufficient_privilege"
    assert len((await funding.get("/v1/memoranda")).json()["items"]) == 1


async def test_what_does_not_exist_is_a_404(funding: Funding):
    answer = await funding.get(f"/v1/memoranda/{uuid4()}", AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (404, "memorandum-unknown")
