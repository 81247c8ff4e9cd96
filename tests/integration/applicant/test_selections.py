"""A ranking is proposed, read and decided by two people, and every case hears its outcome and why."""

import random
import time
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.applications.domain.case import ApplicationStatus
from applicant.selections.domain import decision
from common import journal
from common.db import sqlstate
from tests.support.judging import (
    APPROVER,
    CLOSES,
    JEONJU,
    NOW,
    OPERATOR,
    WANJU,
    Judging,
    Person,
    at_once,
    member,
    owner_of,
)

SEATS = {("JS1", JEONJU): 1, ("JS1", WANJU): 1}


async def test_every_case_of_a_decided_call_has_an_outcome_a_reason_an_event_and_a_journal_entry(judging: Judging):
    await judging.open_call(SEATS)
    best, second = await judging.eligible(), await judging.eligible()
    elsewhere = await judging.eligible(municipality_code=WANJU)
    below = await judging.eligible(municipality_code=WANJU)
    await judging.scored([(best, 9000), (second, 8000), (elsewhere, 7000), (below, 5000)])
    outcomes = await judging.decided()

    assert {case: outcomes[case.id]["outcome"] for case in (best, second, elsewhere, below)} == {
        best: "SELECTED",
        second: "RESERVE",
        elsewhere: "SELECTED",
        below: "NOT_SELECTED",
    }
    assert "60.00점" in outcomes[below.id]["reason_ko"]
    assert outcomes[second.id]["reason_en"].endswith("Reserve 1.")
    ranked = {UUID(event["application_id"]): event["outcome"] for event in await judging.told("ranked")}
    assert ranked == {case_id: found["outcome"] for case_id, found in outcomes.items()}
    selected = await judging.told("selected")
    assert {UUID(event["application_id"]) for event in selected} == {best.id, elsewhere.id}
    assert {(e["total_cost_won"], e["cap_won"], e["promoted"]) for e in selected} == {(40_000_000, 40_000_000, False)}
    for case_id, found in outcomes.items():
        entry = (await judging.journal(f"application/{case_id}"))[-1]
        assert (entry["decision"], entry["facts"]["outcome"]) == ("application-ranked", found["outcome"])
        assert entry["rule_version"] == f"call/{judging.call_id}"
        assert entry["evidence"][0].startswith("sha256:")
    async with judging.database.transaction() as tx:
        assert (await journal.verify(tx, f"call/{judging.call_id}")).faults == ()
    call_entries = [entry["decision"] for entry in await judging.journal(f"call/{judging.call_id}")]
    assert call_entries[-2:] == ["ranking-proposed", "selection-decided"]


async def test_a_ranking_keeps_every_number_that_decided_it(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(5)
    for number, total in enumerate((9000, 1000, 8000, 7000, 8100), start=1):
        await judging.score(case, member(number), total, bonus=300)
    proposed = await judging.propose()
    (ranked,) = proposed.json()["cases"]
    assert ranked["sheet_scores"] == [1000, 7000, 8000, 8100, 9000]
    assert ranked["dropped_scores"] == [1000, 9000]
    assert (ranked["score"], ranked["bonus"], ranked["site_score"]) == (7700, 300, 1000)
    assert ranked["need_won"] == {"PROVINCE": 22_032_000, f"MUNICIPALITY/{JEONJU}": 12_852_000}
    read = await judging.get(f"/v1/calls/{judging.call_id}/rankings/1", APPROVER)
    assert read.json() == proposed.json()
    assert read.headers["etag"] == '"1"'


async def test_a_ranking_too_large_for_one_answer_is_proposed_without_its_cases_and_read_by_pages(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decision, "IN_ONE_ANSWER_MOST", 2)
    await judging.open_call(SEATS)
    cases = [await judging.eligible() for _ in range(3)]
    await judging.scored([(case, 9000 - 500 * place) for place, case in enumerate(cases)])
    path = f"/v1/calls/{judging.call_id}/rankings"
    refused = await judging.post(path, by=OPERATOR)
    assert (refused.status_code, refused.json()["code"]) == (409, "ranking-too-large")
    assert await judging.value("SELECT count(*) FROM ranking") == 0
    proposed = await judging.post(f"{path}?with_cases=false", by=OPERATOR)
    assert (proposed.status_code, proposed.json()["case_count"], proposed.json()["cases"]) == (201, 3, [])
    assert await judging.value("SELECT max(octet_length(body)) FROM idempotency_key WHERE status = 201") < 1_000
    assert (await judging.get(f"{path}/1", APPROVER)).json()["code"] == "ranking-too-large"
    read = await judging.get(f"{path}/1", APPROVER, with_cases="false")
    assert (read.json(), read.headers["etag"]) == (proposed.json(), '"1"')

    first = (await judging.get(f"{path}/1/cases", APPROVER, page_size=2)).json()
    second = (await judging.get(f"{path}/1/cases", APPROVER, page_size=2, cursor=first["next"])).json()
    ranked = [*first["items"], *second["items"]]
    assert [each["application_id"] for each in ranked] == [str(case.id) for case in cases]
    assert [(each["position"], each["outcome"]) for each in ranked] == [(1, "SELECTED"), (2, "RESERVE"), (3, "RESERVE")]
    assert (await judging.get(f"{path}/9/cases", APPROVER)).status_code == 404


async def test_who_proposes_does_not_decide(judging: Judging):
    await judging.open_call(SEATS)
    await judging.scored([(await judging.eligible(), 8000)])
    both = Person(APPROVER.role, OPERATOR.subject, "52")
    await judging.propose()
    refused = await judging.decide(by=both)
    assert (refused.status_code, refused.json()["code"]) == (403, "proposer-may-not-decide")
    assert (await judging.decide(by=OPERATOR)).status_code == 403
    assert await judging.value("SELECT count(*) FROM project") == 0
    assert (await judging.decide()).status_code == 201


async def test_only_the_version_that_was_read_is_decided_and_a_newer_proposal_takes_its_place(judging: Judging):
    await judging.open_call(SEATS)
    await judging.scored([(await judging.eligible(), 8000)])
    await judging.propose()
    await judging.propose()
    assert (await judging.decide(1, version=1)).status_code == 412
    superseded = await judging.decide(1, version=2)
    assert (superseded.status_code, superseded.json()["code"]) == (409, "ranking-superseded")
    assert (await judging.decide(3)).status_code == 404
    missing = await judging.post(f"/v1/calls/{judging.call_id}/selections", {"ranking": 2}, by=APPROVER)
    assert missing.status_code == 428
    assert (await judging.decide(2)).status_code == 201
    again = await judging.decide(2, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "selection-already-decided")
    assert (await judging.propose()).json()["code"] == "selection-already-decided"


async def test_a_score_or_a_case_that_changed_since_the_proposal_stops_the_decision(judging: Judging):
    await judging.open_call(SEATS)
    first, second = await judging.eligible(), await judging.eligible()
    await judging.scored([(first, 8000), (second, 7000)])
    await judging.propose()
    await judging.score(second, member(1), 9900, replaces_version=1, reason="합산 착오")
    outdated = await judging.decide()
    assert (outdated.status_code, outdated.json()["code"]) == (409, "ranking-outdated")
    assert await judging.value("SELECT count(*) FROM project") == 0

    await judging.propose()
    withdrawn = await judging.post(
        f"/v1/applications/{first.id}/withdrawals", {"reason": "사정"}, by=owner_of(first), version=1
    )
    assert withdrawn.status_code in {200, 201}, withdrawn.text
    assert (await judging.decide(2)).json()["code"] == "ranking-outdated"
    await judging.propose()
    assert (await judging.decide(3)).status_code == 201


async def test_after_the_decision_no_score_is_locked(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.scored([(case, 8000)])
    await judging.decided()
    late = await judging.score(case, member(1), 9000, replaces_version=1, reason="x")
    assert (late.status_code, late.json()["code"]) == (409, "case-not-open-to-scores")


async def test_nothing_is_ranked_before_the_close_or_while_cases_are_open(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    judging.clock.move_to(CLOSES - timedelta(seconds=1))
    assert (await judging.propose()).json()["code"] == "call-not-closed"
    judging.clock.move_to(NOW)
    incomplete = await judging.propose()
    assert (incomplete.json()["code"], incomplete.json()["count"]) == ("evaluation-incomplete", 1)
    await judging.scored([(case, 8000)])
    await judging.eligible(status=ApplicationStatus.UNDER_SCREENING)
    assert (await judging.propose()).json()["code"] == "screening-unfinished"


async def test_a_company_sees_its_own_outcome_and_a_municipality_its_area(judging: Judging):
    await judging.open_call(SEATS)
    own, other = await judging.eligible(), await judging.eligible(municipality_code=WANJU)
    await judging.scored([(own, 8000), (other, 8000)])
    await judging.decided()
    assert set(await judging.outcomes(owner_of(own))) == {own.id}
    wanju = Person("municipality.officer", "clerk", WANJU)
    assert set(await judging.outcomes(wanju)) == {other.id}
    project = await judging.project(own)
    path = f"/v1/projects/{project['id']}"
    assert (await judging.get(path, owner_of(own))).status_code == 200
    assert (await judging.get(path, owner_of(other))).status_code == 404
    assert (await judging.get(path, wanju)).status_code == 404
    listed = (await judging.get("/v1/projects", wanju)).json()["items"]
    assert [item["application_id"] for item in listed] == [str(other.id)]
    assert (await judging.get(f"/v1/calls/{judging.call_id}/rankings/1", owner_of(own))).status_code == 403


@pytest.mark.parametrize("attack", ["UPDATE ranked_case SET outcome = 'SELECTED'", "DELETE FROM ranked_case"])
async def test_a_ranking_cannot_be_rewritten_by_raw_sql_as_the_services_own_role(judging: Judging, attack):
    await judging.open_call(SEATS)
    await judging.scored([(await judging.eligible(), 8000)])
    await judging.propose()
    with pytest.raises(DBAPIError) as refused:
        async with judging.database.transaction() as tx:
            await tx.execute(text(attack))
    assert sqlstate(refused.value) == "42501"


async def test_forty_approvers_decide_at_once_and_one_decision_stands(judging: Judging):
    await judging.open_call(SEATS)
    await judging.scored([(await judging.eligible(), 8000), (await judging.eligible(), 7000)])
    await judging.propose()
    approvers = [Person(APPROVER.role, f"approver-{n}", "52") for n in range(40)]
    answers = await at_once(*(judging.decide(by=approver) for approver in approvers))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    assert await judging.value("SELECT count(*) FROM project") == 1
    assert len(await judging.told("ranked")) == 2


async def test_a_call_of_176_cases_is_decided_in_one_request_within_two_seconds_of_a_processor(judging: Judging):
    seats = {
        (kind, where): number
        for kind, number in (("JS1", 10), ("JS2", 7))
        for where in (JEONJU, WANJU, "52130", "52140")
    }
    await judging.open_call(seats)
    pick = random.Random(2024)
    lines = list(seats)
    cases = await judging.eligible_many([(*pick.choice(lines), 50_000_000, True) for _ in range(176)])
    await judging.panel(3)
    await judging.lock_sheets([(case, number, 5500 + pick.randrange(4000)) for case in cases for number in (1, 2, 3)])
    proposed = await judging.propose()
    assert proposed.status_code == 201, proposed.text

    # Of this process alone: how much else the machine does meanwhile is no matter of deciding.
    started = time.process_time()
    decided = await judging.decide()
    took = time.process_time() - started
    assert decided.status_code == 201, decided.text
    outcomes = await judging.outcomes()
    assert len(outcomes) == 176
    assert all(found["reason_ko"] and found["reason_en"] for found in outcomes.values())
    assert took < 2.0, f"deciding took {took:.2f} s of a processor"
