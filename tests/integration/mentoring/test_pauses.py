"""What becomes of teams when a project is suspended, completed or terminated, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import text

from common import journal
from common.clock import FixedClock
from contracts.applicant import ProjectConfirmed
from contracts.roles import Role
from mentoring.main import SERVICE
from mentoring.plans.jobs import match_plans
from mentoring.settings import Settings
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import NOW, Listener, listener
from tests.support.mentoring import (
    answer,
    confirm_plan,
    made,
    matching_rule,
    needs,
    open_cohort,
    project_completed,
    project_confirmed,
    project_resumed,
    project_suspended,
    project_terminated,
    request_plan,
    residency_of,
    send,
    state_needs,
    trained_team,
)

SETTINGS = Settings.model_construct(matching_timeout_seconds=60.0)


@pytest.fixture
async def mentoring(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("mentoring", migrated=True)) as running:
        await made(running, "POST", "/v1/matching-rules", matching_rule(), role=Role.MENTOR_LEAD)
        yield running


async def matched(mentoring: Listener, *, may_move: bool = False) -> Any:
    plan = await request_plan(mentoring, may_move=may_move)
    assert await match_plans(SETTINGS, mentoring.database, FixedClock(NOW))
    return (await mentoring.get(f"/v1/mentor-plans/{plan}", role=Role.AUDITOR)).json()


async def known(mentoring: Listener, *weeks: int) -> list[ProjectConfirmed]:
    """Projects that wait and of which it is said how many weeks they need."""
    projects = [project_confirmed() for _ in weeks]
    await mentoring.tell(*projects)
    for project, many in zip(projects, weeks, strict=True):
        await state_needs(mentoring, project.project_id, needs(many))
    return projects


async def accepted(mentoring: Listener, project: ProjectConfirmed) -> Any:
    """The residency that the next plan gives the project, accepted."""
    assert (await confirm_plan(mentoring, (await matched(mentoring))["id"])).status_code == 201
    return (await answer(mentoring, await residency_of(mentoring, project.project_id), "acceptances")).json()


async def entry(mentoring: Listener, team_id: str) -> Any:
    """The team's only residency in its calendar feed."""
    path = f"/v1/mentor-teams/{team_id}/calendar.ics"
    answered = await mentoring.get(path, role=Role.SAMSUNG_CLIENT, tenant="samsung")
    (event,) = Calendar.from_ical(answered.content).walk("VEVENT")
    return event


async def calendar_of(mentoring: Listener, team_id: str) -> list[tuple[str, int, str | None]]:
    seen = (await mentoring.get(f"/v1/mentor-teams/{team_id}", role=Role.AUDITOR)).json()
    return [(each["first_week"], each["weeks"], each["project_id"]) for each in seen["rotations"]]


def at(mentoring: Listener, month: int, day: int) -> datetime:
    """Move the service's clock to ten o'clock in Korea on that day."""
    now = datetime(2024, month, day, 1, tzinfo=UTC)
    mentoring.http._transport.app.state.runtime.clock.move_to(now)
    return now


async def visit(mentoring: Listener, residency: Any, day: date, *mentors: str) -> tuple[int, str]:
    body = {"held_on": day.isoformat(), "minutes": 60, "place": "AT_FIRM", "mentor_ids": list(mentors)}
    path = f"/v1/residencies/{residency['id']}/sessions"
    answered = await send(mentoring, "POST", path, body, role=Role.MENTOR, subject="one-0")
    return answered.status_code, answered.json().get("code", "")


async def started(mentoring: Listener, residency: Any) -> Any:
    path = f"/v1/residencies/{residency['id']}/starts"
    return await send(mentoring, "POST", path, role=Role.MENTOR_LEAD, version=residency["version"])


async def test_weeks_of_a_terminated_project_are_the_next_plans(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    team = await trained_team(mentoring, cohort, "one", ("2024-07-01", 6))
    ended, other = await known(mentoring, 6, 6)
    first = await matched(mentoring)
    assert (await confirm_plan(mentoring, first["id"])).status_code == 201
    if first["pairs"][0]["project_id"] != str(ended.project_id):
        ended, other = other, ended
    ends = mentoring.record(project_terminated(ended))
    await mentoring.apply([ends, ends])
    await mentoring.apply([ends])
    residency = await residency_of(mentoring, ended.project_id)
    assert (residency["state"], residency["release_reason"]) == ("RELEASED", "AGREEMENT_TERMINATED")
    event = await entry(mentoring, team["id"])
    assert (str(event["STATUS"]), int(event["SEQUENCE"])) == ("CANCELLED", 1)
    assert "agreement terminated" in str(event["DESCRIPTION"])
    again = await matched(mentoring)
    assert [pair["project_id"] for pair in again["pairs"]] == [str(other.project_id)]
    assert again["left_out"] == []
    path = f"/v1/waiting-projects/{ended.project_id}/needs"
    refused = await send(mentoring, "PUT", path, needs(6), role=Role.TECHNOPARK_OPERATOR, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "project-no-longer-waits")
    async with mentoring.database.transaction(read_only=True) as tx:
        counted = text("SELECT count(*) FROM outbox WHERE type LIKE '%residency-released%'")
        assert (await tx.execute(counted)).scalar_one() == 1, "told once, however often it was heard"
        assert (await journal.verify(tx, f"project/{ended.project_id}")).faults == ()


async def test_a_termination_that_comes_before_the_assignment_leaves_no_team_to_a_dead_project(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    team = await trained_team(mentoring, cohort, "one", ("2024-07-01", 6))
    (project,) = await known(mentoring, 6)
    plan = await matched(mentoring)
    await mentoring.tell(project_terminated(project))
    refused = await confirm_plan(mentoring, plan["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "plan-outdated")
    assert await calendar_of(mentoring, team["id"]) == [("2024-07-01", 6, None)]
    await mentoring.tell(project_resumed(project), project_suspended(project), project_completed(project))
    assert (await matched(mentoring))["pairs"] == [], "nothing brings it back"


async def test_a_team_that_is_there_leaves_with_the_agreement_and_its_other_weeks_are_free(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    team = await trained_team(mentoring, cohort, "one", ("2024-06-03", 10))
    (project,) = await known(mentoring, 10)
    residency = await accepted(mentoring, project)
    at(mentoring, 6, 3)
    assert (await started(mentoring, residency)).status_code == 201
    await mentoring.tell(project_terminated(project), at=at(mentoring, 6, 12))
    residency = await residency_of(mentoring, project.project_id)
    assert (residency["state"], residency["started_on"], residency["ended_on"]) == (
        "RELEASED",
        "2024-06-03",
        "2024-06-12",
    )
    assert await calendar_of(mentoring, team["id"]) == [("2024-06-17", 8, None)]
    event = await entry(mentoring, team["id"])
    assert (str(event["STATUS"]), event["DTEND"].dt) == ("CONFIRMED", date(2024, 6, 13))
    at(mentoring, 6, 14)
    assert await visit(mentoring, residency, date(2024, 6, 12), *team["mentor_ids"]) == (201, "")
    assert await visit(mentoring, residency, date(2024, 6, 13), *team["mentor_ids"]) == (409, "mentor-not-at-the-firm")


async def test_nobody_starts_or_visits_while_the_project_is_suspended_and_the_calendar_says_so(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    team = await trained_team(mentoring, cohort, "one", ("2024-06-03", 6))
    mentors = team["mentor_ids"]
    (project,) = await known(mentoring, 6)
    residency = await accepted(mentoring, project)
    rests = mentoring.record(project_suspended(project), at=at(mentoring, 5, 22))
    await mentoring.apply([rests, rests])
    event = await entry(mentoring, team["id"])
    assert (str(event["STATUS"]), str(event["TRANSP"]), int(event["SEQUENCE"])) == ("TENTATIVE", "TRANSPARENT", 2)
    assert "중지" in str(event["SUMMARY"])
    at(mentoring, 6, 3)
    refused = await started(mentoring, residency)
    assert (refused.status_code, refused.json()["code"]) == (409, "residency-project-suspended")
    await mentoring.tell(project_resumed(project), at=at(mentoring, 6, 4))
    assert (await started(mentoring, residency)).status_code == 201
    await mentoring.tell(project_suspended(project), at=at(mentoring, 6, 5))
    at(mentoring, 6, 7)
    assert await visit(mentoring, residency, date(2024, 6, 5), *mentors) == (201, ""), "on its day they were there"
    assert await visit(mentoring, residency, date(2024, 6, 6), *mentors) == (409, "mentor-project-suspended")
    await mentoring.tell(project_resumed(project), at=at(mentoring, 6, 10))
    assert await visit(mentoring, residency, date(2024, 6, 9), *mentors) == (409, "mentor-project-suspended")
    assert await visit(mentoring, residency, date(2024, 6, 10), *mentors) == (201, "")
    seen = await residency_of(mentoring, project.project_id)
    assert [(each["suspended_on"], each["resumed_on"]) for each in seen["pauses"]] == [
        ("2024-05-22", "2024-06-04"),
        ("2024-06-05", "2024-06-10"),
    ]
    event = await entry(mentoring, team["id"])
    assert (str(event["STATUS"]), int(event["SEQUENCE"])) == ("CONFIRMED", seen["version"] - 1 + 4)
    assert "2024-06-05 ~ 2024-06-10" in str(event["DESCRIPTION"])


async def test_a_plan_neither_places_nor_moves_what_rests_and_says_why(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-06-10", 10), ("2024-08-26", 6))
    (held,) = await known(mentoring, 6)
    before = await accepted(mentoring, held)
    resting, waiting = await known(mentoring, 6, 6)
    await mentoring.tell(project_suspended(held), project_suspended(resting))
    plan = await matched(mentoring, may_move=True)
    assert [pair["project_id"] for pair in plan["pairs"]] == [str(waiting.project_id)]
    assert [(each["project_id"], each["why"]) for each in plan["left_out"]] == [
        (str(resting.project_id), "PROJECT_SUSPENDED")
    ]
    assert (await confirm_plan(mentoring, plan["id"])).status_code == 201
    kept = await residency_of(mentoring, held.project_id)
    assert (kept["id"], kept["state"]) == (before["id"], "ACCEPTED"), "it keeps its weeks"
    listed = (await mentoring.get("/v1/waiting-projects?page_size=100", role=Role.AUDITOR)).json()["items"]
    assert [each["project_id"] for each in listed] == []
    await mentoring.tell(project_resumed(resting))
    listed = (await mentoring.get("/v1/waiting-projects?page_size=100", role=Role.AUDITOR)).json()["items"]
    assert [each["project_id"] for each in listed] == [str(resting.project_id)]


async def test_a_completed_project_waits_no_more_and_keeps_the_team_that_it_has(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-06-10", 6), ("2024-08-26", 6))
    (held,) = await known(mentoring, 6)
    residency = await accepted(mentoring, held)
    (late,) = await known(mentoring, 6)
    await mentoring.tell(project_completed(held), project_completed(late))
    plan = await matched(mentoring, may_move=True)
    assert (plan["pairs"], plan["left_out"]) == ([], [])
    kept = await residency_of(mentoring, held.project_id)
    assert (kept["id"], kept["state"]) == (residency["id"], "ACCEPTED")
    await mentoring.tell(project_terminated(held))
    assert (await residency_of(mentoring, UUID(kept["project_id"])))["release_reason"] == "AGREEMENT_TERMINATED"
