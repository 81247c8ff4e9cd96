"""An agreement from the committed split to its end: issued, signed in turn, covered; late, refused, or given back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.deadlines.jobs import work_deadlines
from applicant.main import ACTS
from common import event as events
from common.clock import KST
from contracts.funding import CoverageCompleted
from contracts.roles import Role
from tests.support.judging import JEONJU, OPERATOR, Judging, Person, Standing, at_once, owner_of
from tests.support.standings import tax_office_answers

TERMS = {"plan_sha256": "c" * 64, "supplier_contract_won": 36_000_000}
# Issued on Thursday 16 May; the thirtieth day is Saturday 15 June, so Monday 17 June is the last one.
ISSUED = datetime(2024, 5, 16, 10, tzinfo=KST)
LAST_DAY_ENDS = datetime(2024, 6, 18, tzinfo=KST)


async def drafted(judging: Judging, *, reserves: int = 0) -> tuple[Standing, dict[str, Any]]:
    """One selected case whose money has been committed, with its agreement as a draft."""
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * (1 + reserves))
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000 - 10 * place) for place, case in enumerate(cases)])
    await judging.decided()
    project = await judging.project(cases[0])
    await judging.deliver(judging.committed(project, judging.balance(JEONJU, 20_000_000)))
    judging.clock.move_to(ISSUED)
    return cases[0], await agreement(judging, project["id"])


async def agreement(judging: Judging, project_id: str, by: Person = OPERATOR) -> dict[str, Any]:
    found = await judging.get(f"/v1/agreements/{project_id}", by)
    assert found.status_code == 200, found.text
    return dict(found.json())


def supplier_of(found: dict[str, Any]) -> Person:
    return Person(Role.SUPPLIER, "supplier", found["supplier_business_number"])


async def issued(judging: Judging, **options: Any) -> tuple[Standing, dict[str, Any]]:
    case, draft = await drafted(judging, **options)
    answer = await judging.post(f"/v1/agreements/{draft['project_id']}/issues", by=OPERATOR, version=draft["version"])
    assert answer.status_code == 201, answer.text
    return case, dict(answer.json())


def deadline_of(found: dict[str, Any], kind: str = "AGREEMENT_SIGNATURES") -> dict[str, Any]:
    (deadline,) = [each for each in found["deadlines"] if each["kind"] == kind]
    return dict(deadline)


async def work(judging: Judging) -> bool:
    """One round of the worker's job."""
    return await work_deadlines(ACTS, judging.database, judging.clock)


async def sign(judging: Judging, found: dict[str, Any], by: Person, **changes: Any) -> Any:
    path = f"/v1/agreements/{found['project_id']}/signatures"
    version = changes.pop("version", None) or (await agreement(judging, found["project_id"]))["version"]
    if by is OPERATOR:
        await tax_office_answers(judging.database, judging.clock.now())
    return await judging.post(path, TERMS | changes, by=by, version=version)


async def signed_by_all(judging: Judging, **options: Any) -> tuple[Standing, dict[str, Any]]:
    case, found = await issued(judging, **options)
    for by in (owner_of(case), supplier_of(found), OPERATOR):
        answer = await sign(judging, found, by)
        assert answer.status_code == 201, answer.text
    return case, dict(answer.json())


def covered(found: dict[str, Any]) -> CoverageCompleted:
    return CoverageCompleted(
        project_id=UUID(found["project_id"]),
        commitment_id=events.new_id(),
        call_id=UUID(found["call_id"]),
        municipality_code=found["municipality_code"],
        covered_won=found["total_cost_won"],
    )


async def test_a_draft_holds_the_committed_split_to_the_won(judging: Judging):
    case, draft = await drafted(judging)
    assert draft["state"] == "DRAFT"
    assert {share["source"]: share["amount_won"] for share in draft["shares"]} == {
        "PROVINCE": 22_032_000,
        "MUNICIPALITY": 12_852_000,
        "SME": 5_116_000,
    }
    assert (draft["plan_sha256"], draft["signatures"]) == (None, [])
    assert [each["kind"] for each in draft["deadlines"]] == ["AGREEMENT_ISSUE"]
    assert draft["company_id"] == str(case.company_id)


async def test_a_commitment_whose_shares_are_not_the_cost_is_parked(judging: Judging):
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    (case,) = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)])
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000)])
    await judging.decided()
    told = judging.committed(await judging.project(case) | {"total_cost_won": 39_999_999})
    await judging.deliver(told)
    assert "agreed-shares-do-not-sum" in await judging.value("SELECT detail FROM parked_event")
    assert (await judging.project(case))["state"] == "SELECTED"


async def test_the_deadline_counts_from_the_day_after_issue_and_skips_the_weekend(judging: Judging):
    _, found = await issued(judging)
    deadline = deadline_of(found)
    assert datetime.fromisoformat(deadline["due_at"]) == LAST_DAY_ENDS
    assert (deadline["kind"], deadline["state"], deadline["rule_version"]) == ("AGREEMENT_SIGNATURES", "OPEN", "2024-2")
    assert deadline["rule"]
    assert deadline["source_note"].startswith("assumed")
    again = await judging.post(f"/v1/agreements/{found['project_id']}/issues", by=OPERATOR, version=found["version"])
    assert (again.status_code, again.json()["code"]) == (409, "agreement-already-issued")


async def test_the_three_parties_sign_in_turn_and_funding_is_told_once(judging: Judging):
    _, found = await signed_by_all(judging)
    assert found["state"] == "SIGNED_BY_OPERATOR"
    assert [each["party"] for each in found["signatures"]] == ["ADOPTER", "OPERATOR", "SUPPLIER"]
    assert {each["kind"]: each["state"] for each in found["deadlines"]} == {
        "AGREEMENT_ISSUE": "MET",
        "AGREEMENT_SIGNATURES": "MET",
        "AGREEMENT_OPERATOR_SIGNATURE": "MET",
        "AGREEMENT_COVERAGE": "OPEN",
    }
    (told,) = await judging.told("project.agreement-signed")
    assert (told["project_id"], told["total_cost_won"]) == (found["project_id"], 40_000_000)
    entries = await judging.journal(f"project/{found['project_id']}")
    assert [entry["decision"] for entry in entries][2:] == [
        "agreement-issued", "agreement-signed", "agreement-signed", "standing-answered", "agreement-signed",
    ]  # fmt: skip
    assert entries[2]["facts"]["shares"]["SME"] == 5_116_000
    assert entries[3]["evidence"] == [f"plan/sha256:{'c' * 64}"]
    assert {entry["rule_version"] for entry in entries[2:]} == {"deadline/2024-2", "standing/2022-1"}


async def offers(judging: Judging, found: dict[str, Any], by: Person) -> tuple[set[str], dict[str, list[str]]]:
    """What this person may do now with the agreement, and why not the rest: each of which is refused for just that."""
    said = await agreement(judging, found["project_id"], by)
    closed = {each["operation_id"]: [why["code"] for why in each["because"]] for each in said["closed_actions"]}
    steps = {"issueAgreement": ("issues", None), "signAgreement": ("signatures", TERMS)}
    for operation, because in closed.items():
        step, body = steps.get(operation, ("standing-checks", None))
        path = f"/v1/agreements/{found['project_id']}/{step}"
        assert (await judging.post(path, body, by=by, version=said["version"])).json()["code"] in because, operation
    return {each["operation_id"] for each in said["actions"]}, closed


async def test_each_party_is_offered_its_own_turn_and_told_why_not_before(judging: Judging):
    case, draft = await drafted(judging)
    others = {"issueAgreement": ["role-not-allowed"], "askStandingCheck": ["role-not-allowed"]}
    assert await offers(judging, draft, OPERATOR) == (
        {"issueAgreement"},
        {"signAgreement": ["not-your-turn-to-sign"], "askStandingCheck": ["standing-not-needed"]},
    )
    path = f"/v1/agreements/{draft['project_id']}/issues"
    assert (await judging.post(path, by=OPERATOR, version=draft["version"])).status_code == 201
    for by in (owner_of(case), supplier_of(draft)):
        assert await offers(judging, draft, by) == ({"signAgreement"}, others)
        assert (await sign(judging, draft, by)).status_code == 201
        assert await offers(judging, draft, by) == (set(), {"signAgreement": ["not-your-turn-to-sign"], **others})
    issued_already = {"issueAgreement": ["agreement-already-issued"]}
    unasked = {"signAgreement": ["firm-standing-unknown"], **issued_already}
    assert await offers(judging, draft, OPERATOR) == ({"askStandingCheck"}, unasked)
    await tax_office_answers(judging.database, judging.clock.now())
    assert await offers(judging, draft, OPERATOR) == ({"signAgreement", "askStandingCheck"}, issued_already)


async def test_nobody_signs_out_of_turn_twice_for_another_or_something_else(judging: Judging):
    case, found = await issued(judging)
    owner, supplier = owner_of(case), supplier_of(found)
    for by in (supplier, OPERATOR):
        assert (await sign(judging, found, by)).json()["code"] == "not-your-turn-to-sign"
    stranger = Person(Role.SUPPLIER, "supplier", "1000000000")
    assert (await sign(judging, found, stranger)).status_code == 404
    assert (await sign(judging, found, Person(Role.COMPANY_STAFF, "staff", owner.tenant))).status_code == 403
    dear = await sign(judging, found, owner, supplier_contract_won=40_000_001)
    assert (dear.status_code, dear.json()["code"]) == (409, "supplier-contract-above-cost")
    assert (await sign(judging, found, owner, plan_sha256="no hash")).status_code == 422
    assert (await sign(judging, found, owner, version=99)).status_code == 412

    assert (await sign(judging, found, owner)).status_code == 201
    assert (await sign(judging, found, owner)).json()["code"] == "not-your-turn-to-sign"
    other = await sign(judging, found, supplier, supplier_contract_won=35_999_999)
    assert (other.status_code, other.json()["code"]) == (409, "agreement-terms-differ")
    assert [each["party"] for each in (await agreement(judging, found["project_id"]))["signatures"]] == ["ADOPTER"]


async def test_two_who_sign_for_one_party_at_once_sign_once(judging: Judging):
    case, found = await issued(judging)
    answers = await at_once(*(sign(judging, found, owner_of(case), version=found["version"]) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[412] * 5]
    assert await judging.value("SELECT count(*) FROM agreement_signature") == 1


async def test_covered_by_every_source_it_comes_into_force_once(judging: Judging):
    _, found = await signed_by_all(judging)
    record = judging.record(covered(found))
    await judging.apply([record, record])
    await judging.deliver(covered(found))
    in_force = await agreement(judging, found["project_id"])
    assert (in_force["state"], in_force["effective_at"] is not None) == ("EFFECTIVE", True)
    assert [told["project_id"] for told in await judging.told("agreement-effective")] == [found["project_id"]]


async def test_coverage_of_what_nobody_signed_is_parked(judging: Judging):
    _, found = await issued(judging)
    await judging.deliver(covered(found))
    assert "coverage-before-signatures" in await judging.value("SELECT detail FROM parked_event")
    assert (await agreement(judging, found["project_id"]))["state"] == "ISSUED"


async def test_once_in_force_the_place_cannot_be_given_back_by_either_door(judging: Judging):
    case, found = await signed_by_all(judging)
    await judging.deliver(covered(found))
    project = await judging.project(case)
    for path, version in (
        (f"/v1/projects/{project['id']}/withdrawals", project["version"]),
        (f"/v1/applications/{case.id}/withdrawals", 2),
    ):
        refused = await judging.post(path, {"reason": "사정"}, by=owner_of(case), version=version)
        assert (refused.status_code, refused.json()["code"]) == (409, "agreement-in-force")
    read = (await judging.get(f"/v1/applications/{case.id}", owner_of(case))).json()
    closed = {each["operation_id"]: [why["code"] for why in each["because"]] for each in read["closed_actions"]}
    assert closed["withdrawApplication"] == ["agreement-in-force"]
    assert (await judging.project(case))["state"] == "CONFIRMED"
    assert await judging.told("project.withdrawn") == []


async def test_a_place_given_back_ends_its_agreement_and_late_coverage_changes_nothing(judging: Judging):
    case, found = await signed_by_all(judging)
    project = await judging.project(case)
    path = f"/v1/projects/{project['id']}/withdrawals"
    given = await judging.post(path, {"reason": "사정"}, by=owner_of(case), version=project["version"])
    assert given.status_code == 201, given.text
    await judging.deliver(covered(found))
    assert (await agreement(judging, found["project_id"]))["state"] == "WITHDRAWN"
    assert await judging.told("agreement-effective") == []
    assert await judging.value("SELECT count(*) FROM parked_event") == 0


@pytest.mark.parametrize("signed_by_the_firm", [False, True])
async def test_edge_8_what_is_not_signed_in_time_is_given_back_to_the_next_reserve(
    judging: Judging, signed_by_the_firm: bool
):
    case, found = await issued(judging, reserves=1)
    project = await judging.project(case)
    if signed_by_the_firm:
        assert (await sign(judging, found, owner_of(case))).status_code == 201
    judging.clock.move_to(LAST_DAY_ENDS - timedelta(microseconds=1))
    await work(judging)
    assert (await agreement(judging, found["project_id"]))["state"] != "LAPSED"
    judging.clock.move_to(LAST_DAY_ENDS)
    late = await sign(judging, found, supplier_of(found) if signed_by_the_firm else owner_of(case))
    assert (late.status_code, late.json()["code"]) == (409, "signing-deadline-passed")

    done = await at_once(*(work(judging) for _ in range(4)))
    assert sorted(map(bool, done)) == [False, False, False, True]

    lapsed = await agreement(judging, found["project_id"])
    assert (lapsed["state"], deadline_of(lapsed)["state"]) == ("LAPSED", "MISSED")
    (told,) = await judging.told("agreement-lapsed")
    assert datetime.fromisoformat(told["due_at"]) == LAST_DAY_ENDS
    assert len(await judging.told("project.withdrawn")) == len(await judging.told("application.withdrawn")) == 1
    assert (await judging.project(case))["state_reason"] == "agreement-lapsed: AGREEMENT_SIGNATURES"

    await judging.deliver(judging.released(project, judging.balance(JEONJU, 20_000_000)))
    promoted = [event for event in await judging.told("project.selected") if event["promoted"]]
    assert len(promoted) == 1


async def test_the_last_moment_to_sign_counts_and_the_operator_may_sign_later(judging: Judging):
    case, found = await issued(judging)
    judging.clock.move_to(LAST_DAY_ENDS - timedelta(microseconds=1))
    for by in (owner_of(case), supplier_of(found)):
        assert (await sign(judging, found, by)).status_code == 201
    judging.clock.move_to(LAST_DAY_ENDS + timedelta(days=1))
    await work(judging)
    assert (await sign(judging, found, OPERATOR)).status_code == 201


async def test_a_signature_that_races_the_deadline_leaves_one_of_two_whole_states(judging: Judging):
    case, found = await issued(judging)
    judging.clock.move_to(LAST_DAY_ENDS - timedelta(microseconds=1))
    assert (await sign(judging, found, owner_of(case))).status_code == 201
    signing = sign(judging, found, supplier_of(found))
    judging.clock.move_to(LAST_DAY_ENDS)
    answer, _ = await at_once(signing, work(judging))
    assert answer.status_code == 409
    assert (await agreement(judging, found["project_id"]))["state"] == "LAPSED"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE agreement SET plan_sha256 = repeat('d', 64)",
        "UPDATE agreement SET supplier_contract_won = 1",
        "UPDATE agreement SET state = 'EFFECTIVE', effective_at = now()",
        "UPDATE agreement SET state = 'SIGNED_BY_OPERATOR'",
        "DELETE FROM agreement_signature",
        "UPDATE agreement_signature SET signed_at = now()",
        "DELETE FROM legal_deadline",
    ],
)
async def test_not_even_the_owner_role_rewrites_what_was_signed(judging: Judging, attack: str):
    case, found = await issued(judging)
    assert (await sign(judging, found, owner_of(case))).status_code == 201
    with pytest.raises(DBAPIError):
        async with judging.owner.transaction() as tx:
            await tx.execute(text(attack))


async def test_each_party_sees_its_own_agreements_and_no_others(judging: Judging):
    case, found = await issued(judging)

    async def seen(by: Person) -> list[str]:
        answer = await judging.get("/v1/agreements", by)
        assert answer.status_code == 200, answer.text
        return [each["project_id"] for each in answer.json()["items"]]

    assert await seen(owner_of(case)) == await seen(supplier_of(found)) == [found["project_id"]]
    assert await seen(Person(Role.MUNICIPALITY_OFFICER, "officer", JEONJU)) == [found["project_id"]]
    assert await seen(Person(Role.MUNICIPALITY_OFFICER, "officer", "52710")) == []
    assert await seen(Person(Role.SUPPLIER, "supplier", "1000000000")) == []
    assert await seen(Person(Role.COMPANY_OWNER, "owner", str(events.new_id()))) == []
