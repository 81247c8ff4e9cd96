"""The mentorship programme on a real PostgreSQL: recruited by one person, trained by another's word, then in a team."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from common import journal
from contracts.roles import Role
from mentoring.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import Listener, listener
from tests.support.mentoring import calendar, made, open_cohort, recruit, send, team, train, training

LEAD, OFFICER, APPROVER = Role.MENTOR_LEAD, Role.PROVINCE_OFFICER, Role.PROVINCE_APPROVER
TEAMS = "/v1/mentor-teams"


@pytest.fixture
async def mentoring(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("mentoring", migrated=True)) as running:
        yield running


async def rows(mentoring: Listener, query: str) -> list[Any]:
    async with mentoring.database.transaction(read_only=True) as tx:
        return [tuple(row) for row in await tx.execute(text(query))]


async def trained_four(mentoring: Listener) -> tuple[str, list[str]]:
    cohort = await open_cohort(mentoring)
    mentors = [await recruit(mentoring, cohort, f"mentor-{number}") for number in range(4)]
    await train(mentoring, cohort, *mentors)
    return cohort, mentors


async def test_nobody_is_in_a_team_before_the_training_is_recorded(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    first = await recruit(mentoring, cohort, "first", processes=["INJECTION"])
    second = await recruit(mentoring, cohort, "second", processes=["MACHINING", "INJECTION"])
    refused = await send(mentoring, "POST", TEAMS, team(cohort, first, second), role=LEAD)
    assert (refused.status_code, refused.json()["code"]) == (409, "mentor-not-trained")

    await train(mentoring, cohort, first, second)
    formed = await made(mentoring, "POST", TEAMS, team(cohort, first, second), role=LEAD)
    assert formed["processes"] == ["INJECTION", "MACHINING"]
    seen = (await mentoring.get(f"/v1/mentor-cohorts/{cohort}", role=Role.AUDITOR)).json()
    assert (seen["mentors"], seen["trained"]) == (2, 2)


async def test_each_trained_mentor_is_told_of_once_and_the_decision_is_kept_with_its_evidence(mentoring: Listener):
    cohort, mentors = await trained_four(mentoring)
    told = await rows(mentoring, "SELECT key::text, sequence FROM outbox ORDER BY id")
    assert sorted(told) == sorted((mentor, 1) for mentor in mentors)
    async with mentoring.database.transaction(read_only=True) as tx:
        kept = await journal.verify(tx, f"cohort/{cohort}")
    assert (kept.entries, kept.faults) == (6, ())
    [(evidence,)] = await rows(mentoring, "SELECT evidence FROM journal_entry WHERE decision = 'training-completed'")
    assert list(evidence) == ["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]


async def test_one_wrong_name_on_the_list_records_nobody(mentoring: Listener):
    cohort, another = await open_cohort(mentoring), await open_cohort(mentoring)
    mentor, stranger = await recruit(mentoring, cohort, "own"), await recruit(mentoring, another, "stranger")
    path = f"/v1/mentor-cohorts/{cohort}/training-completions"
    refused = await send(mentoring, "POST", path, training(mentor, stranger), role=APPROVER)
    assert (refused.status_code, refused.json()["code"]) == (409, "mentor-not-of-cohort")
    assert await rows(mentoring, "SELECT count(*) FROM outbox") == [(0,)]
    assert await rows(mentoring, "SELECT DISTINCT state FROM mentor") == [("RECRUITED",)]


async def test_two_record_the_same_training_at_once_and_it_is_told_once(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    mentors = [await recruit(mentoring, cohort, f"mentor-{number}") for number in range(3)]
    path = f"/v1/mentor-cohorts/{cohort}/training-completions"
    both = await asyncio.gather(
        *(send(mentoring, "POST", path, training(*order), role=APPROVER) for order in (mentors, mentors[::-1]))
    )
    assert sorted(each.status_code for each in both) == [201, 409]
    assert await rows(mentoring, "SELECT count(*) FROM outbox") == [(3,)]


async def test_an_account_is_recruited_once_also_into_another_cohort(mentoring: Listener):
    cohort, another = await open_cohort(mentoring), await open_cohort(mentoring)
    await recruit(mentoring, cohort, "same")
    body = {"subject": "same", "experience_years": 15, "processes": ["INJECTION"], "technologies": ["MES"]}
    refused = await send(
        mentoring, "POST", f"/v1/mentor-cohorts/{another}/mentors", {**body, "ksic_divisions": ["22"]}, role=OFFICER
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "mentor-already-recruited")


async def test_a_mentor_sees_the_own_record_and_no_other(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    own, other = await recruit(mentoring, cohort, "the-mentor"), await recruit(mentoring, cohort, "another")
    listed = (await send(mentoring, "GET", "/v1/mentors", role=Role.MENTOR)).json()["items"]
    assert [each["id"] for each in listed] == [own]
    assert (await send(mentoring, "GET", f"/v1/mentors/{other}", role=Role.MENTOR)).status_code == 404


async def test_two_leads_race_for_one_mentor_and_one_team_is_formed(mentoring: Listener):
    cohort, (one, two, three, _) = await trained_four(mentoring)
    both = await asyncio.gather(
        *(send(mentoring, "POST", TEAMS, team(cohort, *who), role=LEAD) for who in ((one, two), (three, two)))
    )
    assert sorted(each.status_code for each in both) == [201, 409]
    assert {each.json().get("code") for each in both} == {None, "mentor-in-another-team"}
    assert await rows(mentoring, "SELECT count(*) FROM mentor_team") == [(1,)]
    assert await rows(mentoring, "SELECT count(*) FROM team_member") == [(2,)]


async def test_the_calendar_is_set_by_who_has_read_it_and_a_rotation_that_stays_keeps_its_id(mentoring: Listener):
    cohort, (one, two, *_) = await trained_four(mentoring)
    place = f"{TEAMS}/{(await made(mentoring, 'POST', TEAMS, team(cohort, one, two), role=LEAD))['id']}"
    asked = calendar(("2024-06-03", 8), ("2024-08-05", 6))
    first = await made(mentoring, "PUT", f"{place}/calendar", asked, role=LEAD, version=1)
    assert [(each["first_week"], each["weeks"]) for each in first["rotations"]] == [
        ("2024-06-03", 8),
        ("2024-08-05", 6),
    ]

    late = await send(mentoring, "PUT", f"{place}/calendar", calendar(), role=LEAD, version=1)
    assert (late.status_code, late.json()["code"]) == (412, "team-stale")
    overlap = calendar(("2024-06-03", 8), ("2024-07-22", 8))
    refused = await send(mentoring, "PUT", f"{place}/calendar", overlap, role=LEAD, version=2)
    assert (refused.status_code, refused.json()["code"]) == (422, "rotation-malformed")
    assert (await mentoring.get(place, role=Role.AUDITOR)).json() == first

    asked = calendar(("2024-06-03", 9), ("2024-10-07", 6))
    second = await made(mentoring, "PUT", f"{place}/calendar", asked, role=LEAD, version=2)
    assert second["rotations"][0] == {**first["rotations"][0], "weeks": 9}
    assert second["rotations"][1]["first_week"] == "2024-10-07"


async def test_mentors_of_a_disbanded_team_are_free_for_another(mentoring: Listener):
    cohort, (one, two, *_) = await trained_four(mentoring)
    place = f"{TEAMS}/{(await made(mentoring, 'POST', TEAMS, team(cohort, one, two), role=LEAD))['id']}"
    await made(mentoring, "PUT", f"{place}/calendar", calendar(("2024-06-03", 8)), role=LEAD, version=1)
    gone = await made(mentoring, "POST", f"{place}/disbandments", role=LEAD, version=2)
    assert (gone["state"], gone["rotations"], len(gone["mentor_ids"])) == ("DISBANDED", [], 2)
    again = await made(mentoring, "POST", TEAMS, team(cohort, two, one), role=LEAD)
    assert again["lead_id"] == two


async def test_the_same_key_twice_forms_one_team(mentoring: Listener):
    cohort, (one, two, *_) = await trained_four(mentoring)
    asked = [
        await send(mentoring, "POST", TEAMS, team(cohort, one, two), role=LEAD, key="one-team-and-no-other")
        for _ in range(2)
    ]
    assert [each.status_code for each in asked] == [201, 201]
    assert asked[0].json() == asked[1].json()
    assert await rows(mentoring, "SELECT count(*) FROM mentor_team") == [(1,)]
