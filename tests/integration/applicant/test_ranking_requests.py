"""A ranking of any number of cases is asked for and made by a worker: once, as a whole, in the asker's name, or refused."""

from collections import Counter
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.applications.domain.case import ApplicationStatus
from applicant.selections.domain import requests
from applicant.selections.jobs import work_decisions, work_rankings
from common import failpoints
from common.db import sqlstate
from contracts.roles import Role
from tests.support.judging import APPROVER, AUDITOR, JEONJU, OPERATOR, Judging, Person, Standing, at_once

SCORES = (9000, 8000, 5000)
OUTCOMES = ["SELECTED", "RESERVE", "NOT_SELECTED"]


async def scored(judging: Judging, *, waiting: int = 0) -> list[Standing]:
    """Three scored cases for one place, and so many that nobody has screened."""
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * 3)
    for _ in range(waiting):
        await judging.eligible(status=ApplicationStatus.SUBMITTED)
    await judging.scored(list(zip(cases, SCORES, strict=True)), 1)
    return cases


async def ask(judging: Judging, by: Person = OPERATOR) -> httpx.Response:
    return await judging.post(f"/v1/calls/{judging.call_id}/ranking-requests", by=by)


async def how_far(judging: Judging, asked: httpx.Response) -> dict[str, Any]:
    path = f"/v1/calls/{judging.call_id}/ranking-requests/{asked.json()['id']}"
    read = await judging.get(path, AUDITOR)
    assert read.status_code == 200, read.text
    return dict(read.json())


async def work(judging: Judging) -> bool:
    return await work_rankings(judging.database, judging.clock)


async def test_it_is_the_ranking_that_one_request_would_have_made_in_the_name_of_who_asked(judging: Judging):
    cases = await scored(judging)
    asked = await ask(judging)
    assert (asked.status_code, asked.json()["state"], asked.json()["ranking"]) == (202, "REQUESTED", None)
    assert (await judging.get(f"/v1/calls/{judging.call_id}/rankings/1", OPERATOR)).status_code == 404

    assert await work(judging)
    assert not await work(judging)
    ended = await how_far(judging, asked)
    assert (ended["state"], ended["ranking"], ended["refusal"]) == ("PROPOSED", 1, None)
    assert ended["ended_at"] is not None
    made = (await judging.get(f"/v1/calls/{judging.call_id}/rankings/1", APPROVER)).json()
    assert [each["application_id"] for each in made["cases"]] == [str(case.id) for case in cases]
    assert [each["outcome"] for each in made["cases"]] == OUTCOMES
    again = (await judging.propose()).json()
    assert again["cases"] == made["cases"], "the same function made it"
    entries = [e for e in await judging.journal(f"call/{judging.call_id}") if e["decision"] == "ranking-proposed"]
    assert [entry["actor"] for entry in entries] == [f"{OPERATOR.role}:{OPERATOR.tenant}:{OPERATOR.subject}"] * 2
    assert entries[0]["evidence"] == entries[1]["evidence"]
    both = Person(APPROVER.role, OPERATOR.subject, "52")
    assert (await judging.decide(2, by=both)).json()["code"] == "proposer-may-not-decide"
    listed = await judging.get(f"/v1/calls/{judging.call_id}/ranking-requests", AUDITOR)
    assert [each["id"] for each in listed.json()["items"]] == [asked.json()["id"]]


@pytest.mark.promise("R19")
async def test_of_many_who_ask_at_once_one_does_and_six_workers_rank_once(judging: Judging):
    await scored(judging)
    operators = [Person(OPERATOR.role, f"operator-{n}") for n in range(20)]
    answers = await at_once(*(ask(judging, by=operator) for operator in operators))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"ranking-under-way"}
    await at_once(*(work(judging) for _ in range(6)))
    assert await judging.value("SELECT count(*) FROM ranking") == 1
    assert (await ask(judging)).status_code == 202, "the next may follow"


async def test_a_worker_that_dies_before_its_commit_has_ranked_nothing_and_another_does(judging: Judging):
    await scored(judging)
    asked = await ask(judging)
    failpoints.arm("job.before_commit=raise")
    try:
        assert not await work(judging)
    finally:
        failpoints.arm("")
    assert (await how_far(judging, asked))["state"] == "REQUESTED"
    assert await judging.value("SELECT count(*) FROM ranking") == 0
    assert await work(judging)
    assert (await how_far(judging, asked))["state"] == "PROPOSED"


async def test_what_is_not_ready_refuses_it_in_its_own_words_and_stores_no_ranking(judging: Judging):
    await scored(judging, waiting=2)
    asked = await ask(judging)
    assert await work(judging)
    refused = await how_far(judging, asked)
    assert (refused["state"], refused["ranking"], refused["refusal"]["code"]) == (
        "REFUSED",
        None,
        "screening-unfinished",
    )
    assert "2건" in refused["refusal"]["ko"]
    assert await judging.value("SELECT count(*) FROM ranking") == 0
    entry = (await judging.journal(f"call/{judging.call_id}"))[-1]
    assert (entry["decision"], entry["facts"]["rule"]) == ("ranking-refused", "screening-unfinished")


async def test_a_call_that_was_decided_meanwhile_refuses_it(judging: Judging):
    await scored(judging)
    await judging.propose()
    asked = await ask(judging)
    assert (await judging.decide()).status_code == 201
    assert await work(judging)
    assert (await how_far(judging, asked))["refusal"]["code"] == "selection-already-decided"
    assert (await ask(judging)).json()["code"] == "selection-already-decided"
    assert not await work_decisions(judging.database, judging.clock)


async def test_only_an_operator_asks_and_another_call_has_no_such_request(judging: Judging):
    await scored(judging)
    assert (await ask(judging, by=APPROVER)).status_code == 403
    assert (await ask(judging, by=Person(Role.PROVINCE_OFFICER, "officer", "52"))).status_code == 403
    missing = await judging.get(f"/v1/calls/{judging.call_id}/ranking-requests/{judging.call_id}", AUDITOR)
    assert missing.json()["code"] == "ranking-request-not-found"
    assert await judging.value("SELECT count(*) FROM ranking_request") == 0


async def test_one_request_refuses_what_it_has_no_time_for_and_says_what_to_ask_instead(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(requests, "RANKED_AT_ONCE_MOST", 2)
    await scored(judging)
    refused = await judging.post(f"/v1/calls/{judging.call_id}/rankings?with_cases=false", by=OPERATOR)
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-to-rank-at-once")
    assert f"/v1/calls/{judging.call_id}/ranking-requests" in refused.json()["detail"]
    asked = await ask(judging)
    assert await work(judging)
    assert (await how_far(judging, asked))["state"] == "PROPOSED"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE ranking_request SET state = 'REQUESTED', number = NULL, ended_at = NULL",
        "UPDATE ranking_request SET subject = 'somebody-else'",
        "DELETE FROM ranking_request",
    ],
)
async def test_what_has_ended_stays_as_it_ended_by_raw_sql_as_the_services_own_role(judging: Judging, attack):
    await scored(judging)
    await ask(judging)
    await work(judging)
    with pytest.raises(DBAPIError) as refused:
        async with judging.database.transaction() as tx:
            await tx.execute(text(attack))
    assert sqlstate(refused.value) == "42501"
