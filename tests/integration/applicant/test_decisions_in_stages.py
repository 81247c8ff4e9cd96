"""A selection of any size is decided as a whole and told in portions: killed, raced, refused, and while funding answers."""

from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.selections.commands import decide_in_stages
from applicant.selections.domain import stages
from applicant.selections.jobs import work_decisions
from common import failpoints, journal
from common.db import sqlstate
from common.event import new_id
from contracts.roles import Role
from tests.support.judging import (
    APPROVER,
    AUDITOR,
    JEONJU,
    NOW,
    OPERATOR,
    WANJU,
    Judging,
    Person,
    Standing,
    at_once,
    member,
    owner_of,
)

SEATS = {("JS1", JEONJU): 2, ("JS1", WANJU): 1}
# Best first: two places, two reserves and one below the mark in Jeonju; a place and a reserve in Wanju.
TOWNS = (JEONJU, WANJU, JEONJU, JEONJU, WANJU, JEONJU, JEONJU)
SCORES = (9000, 8900, 8800, 8700, 8600, 8500, 5000)
OUTCOMES = ("SELECTED", "SELECTED", "SELECTED", "RESERVE", "RESERVE", "RESERVE", "NOT_SELECTED")


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven cases are then four portions."""
    monkeypatch.setattr(decide_in_stages, "TOLD_AT_ONCE", 2)


async def proposed(judging: Judging) -> list[Standing]:
    """Seven scored cases, best first, and a ranking of them."""
    await judging.open_call(SEATS, size_min=1)
    cases = await judging.eligible_many([("JS1", town, 40_000_000, True) for town in TOWNS])
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, score) for case, score in zip(cases, SCORES, strict=True)])
    answer = await judging.propose()
    assert answer.status_code == 201, answer.text
    return cases


async def begin(judging: Judging, ranking: int = 1, by: Person = APPROVER, version: int = 1) -> httpx.Response:
    path = f"/v1/calls/{judging.call_id}/selection-decisions"
    return await judging.post(path, {"ranking": ranking}, by=by, version=version)


async def how_far(judging: Judging, begun: httpx.Response) -> dict[str, Any]:
    path = f"/v1/calls/{judging.call_id}/selection-decisions/{begun.json()['id']}"
    read = await judging.get(path, AUDITOR)
    assert read.status_code == 200, read.text
    return dict(read.json())


async def step(judging: Judging) -> bool:
    return await work_decisions(judging.database, judging.clock)


async def to_the_end(judging: Judging) -> None:
    while await step(judging):
        pass


async def assert_told_once(judging: Judging, cases: list[Standing], outcomes: tuple[str, ...] = OUTCOMES) -> None:
    """Each case has its outcome, and one event, entry and notice of it; each selected one a project and a place."""
    found = await judging.outcomes()
    assert [found[case.id]["outcome"] for case in cases] == list(outcomes)
    ranked = Counter(event["application_id"] for event in await judging.told("ranked"))
    assert ranked == {str(case.id): 1 for case in cases}
    selected = [case for case, outcome in zip(cases, outcomes, strict=True) if outcome == "SELECTED"]
    opened = Counter(event["application_id"] for event in await judging.told("selected"))
    assert opened == {str(case.id): 1 for case in selected}
    told = await judging.rows(
        "SELECT application_id, count(*) FROM notice WHERE kind = ANY(ARRAY["
        "'SELECTED', 'RESERVE', 'NOT_SELECTED']) GROUP BY 1"
    )
    assert {row["application_id"]: row["count"] for row in told} == {case.id: 1 for case in cases}
    for case in cases:
        entries = await judging.journal(f"application/{case.id}")
        assert Counter(each["decision"] for each in entries)["application-ranked"] == 1
        assert entries[-1]["actor"] == f"{APPROVER.role}:{APPROVER.tenant}:{APPROVER.subject}"
        async with judging.database.transaction() as tx:
            assert (await journal.verify(tx, f"application/{case.id}")).faults == ()
    counters = await judging.rows("SELECT municipality_code, taken, vacated FROM place ORDER BY 1")
    assert [(row["taken"], row["vacated"]) for row in counters] == [(2, 0), (1, 0)]


async def test_a_decision_is_made_as_a_whole_and_nobody_hears_of_it_before(judging: Judging):
    cases = await proposed(judging)
    begun = await begin(judging)
    assert (begun.status_code, begun.json()["state"], begun.json()["cases"]) == (202, "REQUESTED", 7)
    assert await judging.told("ranked") == []

    assert await step(judging)
    made = await how_far(judging, begun)
    assert (made["state"], made["told"]) == ("DECIDED", 0)
    assert made["decided_at"] is not None
    assert (await judging.get(f"/v1/calls/{judging.call_id}/rankings/1", APPROVER)).json()["state"] == "DECIDED"
    assert await judging.outcomes() == {}
    assert await judging.told("ranked") == []
    late = await judging.score(cases[0], member(1), 9900, replaces_version=1, reason="x")
    assert late.json()["code"] == "case-not-open-to-scores"

    assert await step(judging)
    assert (await how_far(judging, begun))["told"] == 2
    assert set(await judging.outcomes()) == {cases[0].id, cases[1].id}
    await to_the_end(judging)
    over = await how_far(judging, begun)
    assert (over["state"], over["told"], over["refusal"]) == ("TOLD", 7, None)
    await assert_told_once(judging, cases)
    entries = [entry["decision"] for entry in await judging.journal(f"call/{judging.call_id}")]
    assert entries[-3:] == ["ranking-proposed", "selection-decision-requested", "selection-decided"]
    listed = await judging.get(f"/v1/calls/{judging.call_id}/selection-decisions", AUDITOR)
    assert [each["state"] for each in listed.json()["items"]] == ["TOLD"]
    assert (await begin(judging, version=2)).json()["code"] == "selection-already-decided"


@pytest.mark.promise("I3")
async def test_a_worker_that_dies_before_every_commit_tells_nobody_twice(judging: Judging):
    cases = await proposed(judging)
    begun = await begin(judging)
    for stage in range(5):
        before = await how_far(judging, begun)
        failpoints.arm("job.before_commit=raise")
        try:
            assert not await step(judging)
        finally:
            failpoints.arm("")
        assert await how_far(judging, begun) == before
        assert len(await judging.told("ranked")) == before["told"]
        assert await step(judging), stage
    assert not await step(judging)
    assert (await how_far(judging, begun))["state"] == "TOLD"
    await assert_told_once(judging, cases)


@pytest.mark.promise("R19")
async def test_of_many_who_decide_at_once_one_does_and_six_workers_do_its_work_once(judging: Judging):
    cases = await proposed(judging)
    approvers = [Person(APPROVER.role, APPROVER.subject if not n else f"approver-{n}", "52") for n in range(20)]
    answers = await at_once(*(begin(judging, by=approver) for approver in approvers))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {
        "selection-decision-under-way"
    }
    assert (await judging.decide()).json()["code"] == "selection-decision-under-way"
    assert (await judging.propose()).json()["code"] == "selection-decision-under-way"

    (winner,) = [by for by, answer in zip(approvers, answers, strict=True) if answer.status_code == 202]
    await at_once(*(to_the_end(judging) for _ in range(6)))
    await to_the_end(judging)
    ranked = Counter(event["application_id"] for event in await judging.told("ranked"))
    assert ranked == {str(case.id): 1 for case in cases}
    actors = {entry["actor"] for case in cases for entry in await judging.journal(f"application/{case.id}")}
    assert actors == {f"{winner.role}:52:{winner.subject}"}


async def test_what_changed_since_the_proposal_refuses_it_whole_and_another_can_follow(judging: Judging):
    cases = await proposed(judging)
    begun = await begin(judging)
    await judging.score(cases[-1], member(1), 9900, replaces_version=1, reason="합산 착오")
    await to_the_end(judging)
    refused = await how_far(judging, begun)
    assert (refused["state"], refused["refusal"]["code"]) == ("REFUSED", "ranking-outdated")
    assert "5건" in refused["refusal"]["ko"], "it would come out first in its line, and the four behind it one lower"
    assert await judging.told("ranked") == []
    assert await judging.value("SELECT count(*) FROM place") == 0
    entries = [entry["decision"] for entry in await judging.journal(f"call/{judging.call_id}")]
    assert entries[-1] == "selection-decision-refused"

    await judging.propose()
    again = await begin(judging, ranking=2)
    await to_the_end(judging)
    assert (await how_far(judging, again))["state"] == "TOLD"
    assert (await judging.outcomes())[cases[-1].id]["outcome"] == "SELECTED"


async def test_who_proposed_does_not_decide_and_only_what_was_read_is_decided(judging: Judging):
    await proposed(judging)
    both = Person(APPROVER.role, OPERATOR.subject, "52")
    assert (await begin(judging, by=both)).json()["code"] == "proposer-may-not-decide"
    assert (await begin(judging, by=Person(Role.PROVINCE_OFFICER, "officer", "52"))).status_code == 403
    assert (await begin(judging, version=2)).status_code == 412
    assert (await begin(judging, ranking=3)).status_code == 404
    missing = await judging.get(f"/v1/calls/{judging.call_id}/selection-decisions/{judging.call_id}", AUDITOR)
    assert missing.json()["code"] == "selection-decision-not-found"
    assert await judging.value("SELECT count(*) FROM selection_decision") == 0


async def test_a_firm_that_leaves_before_it_is_told_has_no_place_and_the_next_one_gets_it(judging: Judging):
    cases = await proposed(judging)
    begun = await begin(judging)
    assert await step(judging)
    left, reserve = cases[2], cases[3]
    path = f"/v1/applications/{left.id}/withdrawals"
    withdrawn = await judging.post(path, {"reason": "사정"}, by=owner_of(left), version=1)
    assert withdrawn.status_code in {200, 201}, withdrawn.text
    await to_the_end(judging)
    assert (await how_far(judging, begun))["state"] == "TOLD"
    for case in cases[:2]:
        assert (await judging.outcomes())[reserve.id]["outcome"] == "RESERVE"
        await judging.deliver(judging.committed(await judging.project(case)))
    found = await judging.outcomes()
    assert (found[left.id]["outcome"], found[left.id]["project_id"]) == ("NOT_SELECTED", None)
    assert found[left.id]["decided_outcome"] == "SELECTED"
    assert (found[reserve.id]["outcome"], found[reserve.id]["decided_outcome"]) == ("SELECTED", "RESERVE")
    assert [entry["decision"] for entry in await judging.journal(f"application/{left.id}")][-1] == "outcome-not-told"
    assert str(left.id) not in {event["application_id"] for event in await judging.told("ranked")}
    assert await judging.rows("SELECT taken, vacated FROM place WHERE municipality_code = :at", at=JEONJU) == [
        {"taken": 2, "vacated": 0}
    ]


async def test_all_are_selected_at_one_moment_and_each_may_object_from_when_it_is_told(judging: Judging):
    cases = await proposed(judging)
    await begin(judging)
    assert await step(judging)
    judging.clock.move_to(NOW + timedelta(days=3))
    await to_the_end(judging)
    selected = await judging.rows("SELECT DISTINCT occurred_at FROM outbox WHERE type LIKE '%.project.selected.v1'")
    assert [row["occurred_at"] for row in selected] == [NOW]
    opened = await judging.rows("SELECT subject_id, opened_at FROM legal_deadline WHERE kind = 'OBJECTION_WINDOW'")
    assert {row["opened_at"] for row in opened} == {NOW + timedelta(days=3)}
    assert sorted(row["subject_id"] for row in opened) == sorted(case.id for case in cases[3:])


async def test_nobody_moves_up_before_the_last_is_told_and_answered(judging: Judging):
    cases = await proposed(judging)
    await begin(judging)
    for _ in range(3):
        assert await step(judging)
    first, reserve = cases[0], cases[3]
    assert (await judging.outcomes())[reserve.id]["outcome"] == "RESERVE"
    # Funding refuses the first one for its municipality's money, while the last three are not told yet.
    await judging.deliver(judging.refused(await judging.project(first)))
    assert (await judging.outcomes())[reserve.id]["outcome"] == "RESERVE"
    assert await judging.rows("SELECT taken, vacated FROM place WHERE municipality_code = :at", at=JEONJU) == [
        {"taken": 1, "vacated": 1}
    ]
    await to_the_end(judging)
    for case in cases[1:3]:
        assert (await judging.outcomes())[reserve.id]["outcome"] == "RESERVE"
        await judging.deliver(judging.committed(await judging.project(case)))
    assert (await judging.outcomes())[reserve.id]["outcome"] == "SELECTED"
    assert [event["promoted"] for event in await judging.told("selected")] == [False, False, False, True]


async def test_nobody_of_another_call_moves_up_on_money_that_an_untold_case_has_been_promised(judging: Judging):
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    first, reserve = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * 2)
    await judging.panel(1)
    await judging.lock_sheets([(first, 1, 9000), (reserve, 1, 8000)])
    await judging.decided()
    refusal = judging.refused(await judging.project(first), judging.balance(None, 22_032_000))
    earlier, judging.call_id = judging.call_id, new_id()
    await judging.open_call({("JS1", WANJU): 1}, size_min=1)
    promised = await judging.eligible("JS1", WANJU)
    await judging.panel(1)
    await judging.lock_sheets([(promised, 1, 9000)])
    await judging.propose()
    await begin(judging)
    assert await step(judging)

    await judging.deliver(refusal)
    waiting = await judging.rows(
        "SELECT outcome, passed_over FROM case_outcome WHERE application_id = :id", id=reserve.id
    )
    assert waiting == [
        {"outcome": "RESERVE", "passed_over": {"budget": "PROVINCE", "needed_won": 22_032_000, "left_won": 0}}
    ]
    await to_the_end(judging)
    assert (await judging.outcomes())[promised.id]["outcome"] == "SELECTED"
    judging.call_id = earlier
    assert (await judging.outcomes())[reserve.id]["outcome"] == "RESERVE"


async def test_one_request_refuses_what_it_has_no_time_for_and_says_what_to_ask_instead(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stages, "AT_ONCE_MOST", 6)
    cases = await proposed(judging)
    refused = await judging.decide()
    assert (refused.status_code, refused.json()["code"]) == (409, "selection-too-large")
    assert f"/v1/calls/{judging.call_id}/selection-decisions" in refused.json()["detail"]
    await begin(judging)
    await to_the_end(judging)
    await assert_told_once(judging, cases)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE selection_decision SET told = 0, state = 'DECIDED', ended_at = NULL",
        "UPDATE selection_decision SET subject = 'somebody-else'",
        "DELETE FROM selection_decision",
    ],
)
async def test_a_decision_that_was_told_is_not_told_again_by_raw_sql_as_the_services_own_role(judging: Judging, attack):
    await proposed(judging)
    await begin(judging)
    await to_the_end(judging)
    with pytest.raises(DBAPIError) as refused:
        async with judging.database.transaction() as tx:
            await tx.execute(text(attack))
    assert sqlstate(refused.value) == "42501"
