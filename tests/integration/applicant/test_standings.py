"""Firms are asked about at the tax office again: before the operator signs, and before funding pays; outages decide nothing."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.applications.jobs import Registers
from applicant.settings import Settings
from applicant.standings import commands
from applicant.standings.jobs import ask_standings
from common.clock import KST
from common.event import new_id
from contracts import standing_versions
from contracts.funding import StandingAsked
from contracts.roles import Role
from tests.integration.applicant.test_agreements import TERMS, agreement, drafted, supplier_of
from tests.support import standings
from tests.support.applicant import StandIn
from tests.support.judging import APPROVER, AUDITOR, OPERATOR, Judging, Person, owner_of
from tests.support.standings import tax_office_answers

pytestmark = pytest.mark.anyio


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def countersigning(judging: Judging) -> dict[str, Any]:
    """An agreement that waits for the operator's signature alone."""
    case, draft = await drafted(judging)
    path = f"/v1/agreements/{draft['project_id']}"
    found = (await judging.post(f"{path}/issues", by=OPERATOR, version=draft["version"])).json()
    for by in (owner_of(case), supplier_of(found)):
        answer = await judging.post(f"{path}/signatures", TERMS, by=by, version=found["version"])
        assert answer.status_code == 201, answer.text
        found = answer.json()
    return dict(found)


async def countersign(judging: Judging, found: dict[str, Any]) -> Any:
    path = f"/v1/agreements/{found['project_id']}/signatures"
    return await judging.post(path, TERMS, by=OPERATOR, version=found["version"])


async def listed(judging: Judging, project_id: str, by: Person = OPERATOR) -> list[dict[str, Any]]:
    answer = await judging.get(f"/v1/agreements/{project_id}/standing-checks", by)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def ask(judging: Judging, found: dict[str, Any], by: Person = OPERATOR) -> Any:
    return await judging.post(f"/v1/agreements/{found['project_id']}/standing-checks", by=by)


def payment_of(found: dict[str, Any], **changes: Any) -> StandingAsked:
    values = {
        "standing_id": new_id(),
        "project_id": UUID(found["project_id"]),
        "company_id": UUID(found["company_id"]),
        "municipality_code": found["municipality_code"],
    }
    return StandingAsked(**(values | changes))


async def test_the_operator_signs_once_the_tax_office_has_said_that_there_are_no_arrears(judging: Judging):
    found = await countersigning(judging)
    (asked,) = await listed(judging, found["project_id"])
    assert (asked["purpose"], asked["state"], asked["attempts"]) == ("AGREEMENT", "PENDING", 0)
    assert code(await countersign(judging, found)) == (409, "firm-standing-unknown")
    assert await tax_office_answers(judging.database, judging.clock.now()) == 1
    assert (await countersign(judging, found)).json()["state"] == "SIGNED_BY_OPERATOR"
    (answered,) = await listed(judging, found["project_id"])
    assert (answered["state"], answered["national_tax_arrears"]) == ("ANSWERED", False)
    assert not await judging.value("SELECT count(*) FROM outbox WHERE topic = 'applicant.standing.v1'")
    assert code(await ask(judging, found)) == (409, "standing-not-needed")


async def test_a_firm_in_arrears_is_not_signed_with_until_it_has_paid(judging: Judging):
    found = await countersigning(judging)
    await tax_office_answers(judging.database, judging.clock.now(), **standings.IN_ARREARS)
    refused = await countersign(judging, found)
    assert code(refused) == (409, "firm-standing-broken")
    assert "국세 체납" in refused.text
    assert (await agreement(judging, found["project_id"]))["state"] == "SIGNED_BY_SUPPLIER"
    officer = Person(Role.PROVINCE_OFFICER, "officer", "52")
    answers = await asyncio.gather(*(ask(judging, found, by) for by in (OPERATOR, officer) * 2))
    assert {answer.status_code for answer in answers} == {201}
    assert [each["state"] for each in await listed(judging, found["project_id"])] == ["PENDING", "ANSWERED"]
    assert code(await countersign(judging, found)) == (409, "firm-standing-broken")
    await tax_office_answers(judging.database, judging.clock.now())
    assert (await countersign(judging, found)).status_code == 201


async def test_an_agreement_asks_for_arrears_alone_and_until_the_last_second(judging: Judging):
    found = await countersigning(judging)
    asked_at = judging.clock.now()
    await tax_office_answers(judging.database, asked_at, status="SUSPENDED")
    ends = (asked_at.astimezone(KST) + timedelta(days=31)).replace(hour=0, minute=0, second=0, microsecond=0)
    judging.clock.move_to(ends)
    assert code(await countersign(judging, found)) == (409, "firm-standing-unknown")
    judging.clock.move_to(ends - timedelta(seconds=1))
    assert (await countersign(judging, found)).status_code == 201


async def test_fundings_question_is_answered_once_as_codes(judging: Judging):
    found = await countersigning(judging)
    question = payment_of(found)
    await judging.deliver(question)
    await judging.deliver(question)
    assert await tax_office_answers(judging.database, judging.clock.now(), local_tax_arrears=True) == 2
    (told,) = await told_of(judging)
    assert told["standing_id"] == str(question.standing_id)
    assert (told["status"], told["national_tax_arrears"], told["local_tax_arrears"]) == ("ACTIVE", False, True)
    number = await judging.value("SELECT business_number FROM standing_check WHERE purpose = 'PAYMENT'")
    assert number not in str(told)
    await judging.deliver(payment_of(found, company_id=uuid4()))
    assert await judging.value("SELECT count(*) FROM parked_event") == 1


async def test_what_is_told_of_an_answer_gives_no_business_number_away(judging: Judging):
    found = await countersigning(judging)
    await judging.deliver(payment_of(found))
    office = StandIn(mode="answer")
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tax-office"
        assert await _ask_once(judging, url, patience_seconds=10)
    (told,) = await told_of(judging)
    async with judging.owner.transaction() as tx:
        kept = (await tx.execute(text("SELECT answer FROM standing_check WHERE purpose = 'PAYMENT'"))).scalar_one()
    assert told["answer_sha256"] == _hash(kept), "whoever holds the answer can prove it"
    guessed = {name: value for name, value in kept.items() if name != "nonce"}
    assert told["answer_sha256"] != _hash(guessed), "codes and a number that can be tried are not enough"
    assert kept["nonce"] not in str(told)


async def test_the_signature_names_the_answer_it_rests_on_and_asking_leaves_a_trace(judging: Judging):
    found = await countersigning(judging)
    assert (await ask(judging, found)).status_code == 201
    await tax_office_answers(judging.database, judging.clock.now())
    assert (await countersign(judging, found)).status_code == 201
    (check,) = await listed(judging, found["project_id"])
    async with judging.owner.transaction() as tx:
        entries = await tx.execute(
            text("SELECT decision, facts, evidence FROM journal_entry WHERE chain = :chain ORDER BY id"),
            {"chain": f"project/{found['project_id']}"},
        )
        rows = list(entries)
    assert "standing-asked" in [row.decision for row in rows]
    signed = next(row for row in reversed(rows) if row.decision == "agreement-signed")
    assert check["id"] in str(signed.facts)
    assert f"register/TAX_OFFICE/sha256:{check['answer_sha256']}" in str(signed.evidence)


async def test_a_question_that_was_discarded_is_taken_up_when_told_again_and_an_answer_is_told_again(judging: Judging):
    found = await countersigning(judging)
    await tax_office_answers(judging.database, judging.clock.now())
    question = payment_of(found)
    await judging.deliver(msgspec.structs.replace(question, company_id=uuid4()))
    await standings.discarded(judging, Person)
    await judging.deliver(question)
    answered_at = judging.clock.now()
    assert await tax_office_answers(judging.database, answered_at, **standings.IN_ARREARS) == 1
    first = await told_of(judging)
    judging.clock.move_to(answered_at + timedelta(days=3))
    await judging.deliver(question)
    assert await told_of(judging) == first * 2, "the same answer of the same day"
    assert await tax_office_answers(judging.database, judging.clock.now()) == 0, "nobody is asked anew"


async def test_funding_and_this_service_judge_a_question_by_one_version_of_the_rules(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
):
    found = await countersigning(judging)
    await tax_office_answers(judging.database, judging.clock.now())
    known = standing_versions.of_version("2022-1")
    newer = replace(known, version="2024-test", valid_from=judging.clock.now().date() + timedelta(days=1))
    monkeypatch.setattr(standing_versions, "_VERSIONS", {each.version: each for each in (known, newer)})
    before, unnamed, unheard = (payment_of(found, rule_version=each) for each in ("2022-1", None, "2031-1"))
    judging.clock.move_to(judging.clock.now() + timedelta(days=3))
    for question in (before, unnamed, unheard):
        await judging.deliver(question)
    assert await tax_office_answers(judging.database, judging.clock.now()) == 2
    entries = await judging.journal(f"project/{found['project_id']}")
    by = {each["facts"]["standing_id"]: each["rule_version"] for each in entries if "standing_id" in each["facts"]}
    assert by[str(before.standing_id)] == "standing/2022-1", "funding asked by it, the day before the newer one"
    assert by[str(unnamed.standing_id)] == "standing/2024-test"
    assert await judging.value("SELECT count(*) FROM parked_event") == 1


async def test_a_worker_that_dies_between_question_and_answer_is_followed_by_another(judging: Judging):
    found = await countersigning(judging)
    await judging.deliver(payment_of(found))
    now = judging.clock.now()
    async with judging.database.transaction() as tx:
        dead = await commands.claim_checks(tx, most=100, lease_seconds=0)
    async with judging.database.transaction() as tx:
        alive = await commands.claim_checks(tx, most=100, lease_seconds=60)
    assert {claim.check_id for claim in dead} == {claim.check_id for claim in alive}
    async with judging.database.transaction() as tx:
        assert await commands.claim_checks(tx, most=100, lease_seconds=60) == ()
    answer = standings.Answer({"business_number": "", **standings.GOOD}, "a" * 64)
    for claim in (*alive, *dead, *alive):
        async with judging.database.transaction() as tx:
            await commands.keep_answer(tx, claim, answer, about=now.date(), now=now)
    assert len(await told_of(judging)) == 1
    assert {each["attempts"] for each in await listed(judging, found["project_id"])} == {2}


@pytest.mark.parametrize(
    ("mode", "problem"),
    [("slow", "TIMED_OUT"), ("down", "UNREACHABLE"), ("refuse", "BAD_ANSWER_403"), ("garbage", "BAD_ANSWER_200")],
)
async def test_an_office_that_does_not_answer_postpones_and_is_seen(judging: Judging, mode: str, problem: str):
    found = await countersigning(judging)
    await judging.deliver(payment_of(found))
    office = StandIn(mode=mode)
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tax-office"
    async with server:
        assert await _ask_once(judging, url, patience_seconds=0.2 if mode == "slow" else 10)
        waiting = await listed(judging, found["project_id"])
        assert [(each["state"], each["problem"], each["attempts"]) for each in waiting] == [("PENDING", problem, 1)] * 2
        assert code(await countersign(judging, found)) == (409, "firm-standing-unknown")
        assert not await told_of(judging)
        office.mode = "answer"
        assert await _ask_once(judging, url, patience_seconds=10)
        assert not await _ask_once(judging, url, patience_seconds=10)
    assert {each["state"] for each in await listed(judging, found["project_id"])} == {"ANSWERED"}
    assert len(await told_of(judging)) == 1
    assert (await countersign(judging, found)).status_code == 201


async def _ask_once(judging: Judging, tax_office_url: str, *, patience_seconds: float) -> bool:
    """One round of the worker that asks the tax office there; whether any question was due."""
    settings = Settings(
        app_env="test",
        database_url=judging.urls.application,  # type: ignore[arg-type]
        tax_office_url=tax_office_url,
        register_timeout_seconds=patience_seconds,
        register_first_wait_seconds=0.000_001,
        register_longest_wait_seconds=0.000_001,
    )
    registers = Registers(settings)
    try:
        return await ask_standings(registers, settings, judging.database, judging.clock)
    finally:
        await registers.aclose()


async def test_what_was_answered_stays_and_who_may_read_it(judging: Judging):
    found = await countersigning(judging)
    await tax_office_answers(judging.database, judging.clock.now(), **standings.IN_ARREARS)
    for attack in ("UPDATE standing_check SET answer = '{}'", "DELETE FROM standing_check"):
        with pytest.raises(DBAPIError):
            async with judging.owner.transaction() as tx:
                await tx.execute(text(attack))
    for reader in (AUDITOR, APPROVER):
        assert len(await listed(judging, found["project_id"], reader)) == 1
    supplier = await judging.get(f"/v1/agreements/{found['project_id']}/standing-checks", supplier_of(found))
    assert supplier.status_code == 403
    assert (await ask(judging, found, APPROVER)).status_code == 403


def _hash(answer: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(answer, order="deterministic")).hexdigest()


async def told_of(judging: Judging) -> list[dict[str, Any]]:
    found = await judging.rows(
        "SELECT convert_from(payload, 'UTF8')::jsonb AS data FROM outbox WHERE topic = 'applicant.standing.v1'"
    )
    return [row["data"] for row in found]
