"""Split rules over HTTP: two people make one, everybody can try one, nobody changes one."""

import pytest

from contracts.roles import Role
from tests.support.funding import APPROVER, AUDITOR, OFFICER, Funding, Person

TRACK_A = {
    "shares": [
        {"source": "NATIONAL", "rate_bp": 3000},
        {"source": "SAMSUNG", "rate_bp": 3000},
        {"source": "PROVINCE", "rate_bp": 2000},
        {"source": "SME", "rate_bp": 2000},
    ],
    "capped_sources": ["NATIONAL", "SAMSUNG"],
}


async def test_story_5_the_public_preview_shows_nominal_and_effective_burden(funding: Funding):
    await funding.confirmed_rule("a-2023", **TRACK_A)

    shown = await funding.get("/v1/split-rules/a-2023/preview", total_cost_won=132_000_000, cap_won=60_000_000)

    assert shown.status_code == 200
    assert {share["source"]: share["amount_won"] for share in shown.json()["shares"]} == {
        "NATIONAL": 30_000_000,
        "SAMSUNG": 30_000_000,
        "PROVINCE": 26_400_000,
        "SME": 45_600_000,
    }
    assert (shown.json()["nominal_burden_bp"], shown.json()["effective_burden_bp"]) == (2000, 3454)
    assert shown.json()["cap_bites"] is True
    assert shown.json()["shares"][0]["arithmetic"] == "60000000 * 3000 // 6000"


async def test_a_proposal_is_not_public(funding: Funding):
    assert (await funding.propose_rule()).status_code == 201
    question = {"total_cost_won": 100, "cap_won": 50}

    assert (await funding.get("/v1/split-rules/b-2024")).status_code == 404
    assert (await funding.get("/v1/split-rules")).json()["items"] == []
    assert (await funding.get("/v1/split-rules/b-2024/preview", **question)).status_code == 404
    assert (await funding.get("/v1/split-rules/b-2024/preview", APPROVER, **question)).status_code == 200
    assert [rule["version"] for rule in (await funding.get("/v1/split-rules", AUDITOR)).json()["items"]] == ["b-2024"]


async def test_who_proposed_a_rule_cannot_confirm_it(funding: Funding):
    await funding.propose_rule()
    path = "/v1/split-rules/b-2024/confirmations"

    refused = await funding.post(path, by=Person(Role.PROVINCE_APPROVER, "52", OFFICER.subject))
    confirmed = await funding.post(path, by=APPROVER)
    again = await funding.post(path, by=Person(Role.PROVINCE_APPROVER, "52", "a third"))

    assert (refused.status_code, refused.json()["code"]) == (409, "split-rule-own-proposal")
    assert (confirmed.status_code, confirmed.json()["state"]) == (201, "CONFIRMED")
    assert (again.status_code, again.json()["code"]) == (409, "split-rule-already-confirmed")


async def test_a_version_is_taken_for_ever(funding: Funding):
    await funding.confirmed_rule()

    again = await funding.propose_rule(title="another rule")

    assert (again.status_code, again.json()["code"]) == (409, "split-rule-exists")
    assert (await funding.get("/v1/split-rules/b-2024")).json()["title"] == "Track B"


async def test_35_and_20_percent_are_versions_of_one_rule(funding: Funding):
    before = [
        share | {"rate_bp": {"PROVINCE": 500, "SME": 3500}.get(share["source"], 3000)} for share in TRACK_A["shares"]
    ]
    await funding.confirmed_rule("a-2022", **(TRACK_A | {"shares": before, "valid_from": "2022-01-01"}))
    await funding.confirmed_rule("a-2023", **(TRACK_A | {"valid_from": "2023-01-01"}))

    rules = (await funding.get("/v1/split-rules")).json()["items"]
    assert {rule["version"]: rule["nominal_burden_bp"] for rule in rules} == {"a-2022": 3500, "a-2023": 2000}


@pytest.mark.parametrize(
    "query",
    [
        {"total_cost_won": 0, "cap_won": 1},
        {"total_cost_won": 1, "cap_won": -1},
        {"total_cost_won": "1.5", "cap_won": 1},
        {"total_cost_won": 1},
        {"total_cost_won": 10**30, "cap_won": 1},
        {"total_cost_won": 1, "cap_won": 1, "surprise": 1},
    ],
)
async def test_a_preview_of_nonsense_is_refused(shared: Funding, query):
    assert (await shared.get("/v1/split-rules/b-2024/preview", **query)).status_code == 422


@pytest.mark.parametrize(
    ("role", "tenant"),
    [(Role.PROVINCE_APPROVER, "52"), (Role.TECHNOPARK_OPERATOR, "jtp"), (Role.MUNICIPALITY_OFFICER, "52110")],
)
async def test_only_the_provinces_officers_propose(shared: Funding, role, tenant):
    assert (await shared.propose_rule(by=Person(role, tenant, "someone"))).status_code == 403
