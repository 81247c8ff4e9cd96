"""Residencies on a real PostgreSQL: Samsung answers in time or not, races a confirmation, and few are moved after it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import text

from common.clock import FixedClock
from contracts.roles import Role
from mentoring.main import SERVICE
from mentoring.plans.jobs import answer_what_ifs, match_plans
from mentoring.residencies.jobs import lapse_residencies
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
    project_confirmed,
    project_withdrawn,
    recruit,
    request_plan,
    residency_of,
    send,
    state_needs,
    team,
    train,
    trained_team,
)

JEONJU, GUNSAN = "52110", "52130"
SETTINGS = Settings.model_construct(matching_timeout_seconds=60.0)


@pytest.fixture
async def mentoring(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("mentoring", migrated=True)) as running:
        await made(running, "POST", "/v1/matching-rules", matching_rule(), role=Role.MENTOR_LEAD)
        yield running


async def seen(mentoring: Listener, plan: str) -> Any:
    return (await mentoring.get(f"/v1/mentor-plans/{plan}", role=Role.AUDITOR)).json()


async def proposed(mentoring: Listener, *, may_move: bool = False) -> Any:
    plan = await request_plan(mentoring, may_move=may_move)
    assert await match_plans(SETTINGS, mentoring.database, FixedClock(NOW))
    return await seen(mentoring, plan)


async def feed(mentoring: Listener, team_id: str, *, seen: str | None = None) -> Any:
    headers = mentoring.issuer.headers(role=Role.SAMSUNG_CLIENT, tenant="samsung", subject="samsung")
    headers |= {"If-None-Match": seen} if seen else {}
    return await mentoring.http.get(f"/v1/mentor-teams/{team_id}/calendar.ics", headers=headers)


def entries(answered: Any) -> dict[str, tuple[int, str, date]]:
    """By UID the sequence, status and first day, as a calendar program reads them."""
    calendar = Calendar.from_ical(answered.content)
    return {
        str(event["UID"]): (int(event["SEQUENCE"]), str(event["STATUS"]), event["DTSTART"].dt)
        for event in calendar.walk("VEVENT")
    }


async def told(mentoring: Listener) -> list[str]:
    """What the service has said of rotations, in order."""
    query = "SELECT type, convert_from(payload, 'UTF8')::jsonb ->> 'why' FROM outbox WHERE topic = 'mentoring.rotation.v1' ORDER BY id"
    async with mentoring.database.transaction(read_only=True) as tx:
        found = [tuple(row) for row in await tx.execute(text(query))]
    return [f"{kind.split('.')[-2].removeprefix('residency-')} {why or ''}".strip() for kind, why in found]


async def placed(mentoring: Listener, *wanted: Any) -> list[UUID]:
    """Projects of Jeonju with these needs, each with the residency that a first plan has given it."""
    projects = [project_confirmed(JEONJU) for _ in wanted]
    await mentoring.tell(*projects)
    for project, said in zip(projects, wanted, strict=True):
        await state_needs(mentoring, project.project_id, said)
    plan = await proposed(mentoring)
    assert (await confirm_plan(mentoring, plan["id"])).status_code == 201
    return [each.project_id for each in projects]


async def test_samsung_accepts_and_the_team_comes_and_goes_in_its_weeks(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-05-27", 6))
    (project,) = await placed(mentoring, needs(6))
    residency = await residency_of(mentoring, project)
    # Seven days from 20 May, until midnight in Korea.
    assert (residency["state"], residency["answer_due_at"]) == ("ASSIGNED", "2024-05-27T15:00:00Z")
    for of, found in ((project, [residency["id"]]), (UUID(int=0), [])):
        listed = await mentoring.get(f"/v1/residencies?project_id={of}", role=Role.AUDITOR)
        assert [each["id"] for each in listed.json()["items"]] == found
    path = f"/v1/residencies/{residency['id']}"
    early = await send(mentoring, "POST", f"{path}/starts", role=Role.MENTOR_LEAD, version=1)
    assert early.json()["code"] == "residency-not-in-state"
    accepted = await answer(mentoring, residency, "acceptances")
    assert (accepted.status_code, accepted.json()["state"]) == (201, "ACCEPTED")
    assert (await answer(mentoring, residency, "acceptances")).status_code == 412
    early = await send(mentoring, "POST", f"{path}/starts", role=Role.MENTOR_LEAD, version=2)
    assert (early.status_code, early.json()["code"]) == (409, "residency-not-yet")
    assert await told(mentoring) == ["assigned", "accepted"]


async def test_what_nobody_answers_in_time_is_freed_and_waits_again(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-07-01", 6))
    (project,) = await placed(mentoring, needs(6))
    residency = await residency_of(mentoring, project)
    due = datetime.fromisoformat(residency["answer_due_at"])
    assert not await lapse_residencies(mentoring.database, FixedClock(due - timedelta(microseconds=1)))
    assert await lapse_residencies(mentoring.database, FixedClock(due))
    assert not await lapse_residencies(mentoring.database, FixedClock(due))
    late = await answer(mentoring, residency | {"version": 2}, "acceptances")
    assert (late.status_code, late.json()["code"]) == (409, "residency-not-in-state")
    assert await told(mentoring) == ["assigned", "released LAPSED"]
    again = await proposed(mentoring)
    assert [pair["project_id"] for pair in again["pairs"]] == [str(project)]


async def test_after_a_decline_one_other_residency_moves_and_a_second_person_confirms_it(mentoring: Listener):
    """The declined firm can only have the weeks of another, who can have those that were declined."""
    cohort = await open_cohort(mentoring)
    teams = [
        await trained_team(mentoring, cohort, name, ("2024-06-03", 6), place=place)
        for name, place in (("one", JEONJU), ("two", JEONJU), ("three", GUNSAN))
    ]
    third = teams[2]["lead_id"]
    projects = await placed(mentoring, needs(6), needs(6, third), needs(6, third))
    before = {project: await residency_of(mentoring, project) for project in projects}
    at = {project: each["team_id"] for project, each in before.items()}
    assert at[projects[0]] == teams[2]["id"]
    early = {each["id"]: await feed(mentoring, each["id"]) for each in teams}
    assert [list(entries(each).values()) for each in early.values()] == 3 * [[(0, "TENTATIVE", date(2024, 6, 3))]]
    for residency in before.values():
        assert (await answer(mentoring, residency, "acceptances")).status_code == 201
    accepted = {each["id"]: await feed(mentoring, each["id"]) for each in teams}
    assert all(early[each].headers["etag"] != accepted[each].headers["etag"] for each in early)

    declining, staying = projects[1], projects[2]
    held = await residency_of(mentoring, declining)
    declined = await answer(mentoring, held, "declines", {"reason": "SKILLS_DO_NOT_FIT"})
    assert (declined.status_code, declined.json()["state"]) == (201, "DECLINED")
    # Now only the weeks of `staying` suit it, and a plan that may move nothing leaves it out.
    rigid = await proposed(mentoring)
    assert [each["why"] for each in rigid["left_out"]] == ["DECLINED_BY_SAMSUNG"]
    plan = await proposed(mentoring, may_move=True)
    moved = {pair["project_id"]: pair["team_id"] for pair in plan["pairs"] if pair["moved_from"]}
    assert (plan["moves"], moved, plan["left_out"]) == (1, {str(staying): at[declining]}, [])
    assert plan["cost"] == plan["bound"]
    confirmed = await confirm_plan(mentoring, plan["id"])
    assert confirmed.status_code == 201, confirmed.text
    now_at = {project: (await residency_of(mentoring, project))["team_id"] for project in projects}
    assert now_at == {projects[0]: at[projects[0]], declining: at[staying], staying: at[declining]}
    # Of the two teams that changed, each has its old firm as cancelled and the new one; the third has what it had.
    for each in teams:
        after = await feed(mentoring, each["id"], seen=accepted[each["id"]].headers["etag"])
        if each["id"] == at[projects[0]]:
            assert (after.status_code, after.content) == (304, b"")
            continue
        old, new = entries(accepted[each["id"]]), entries(after)
        assert old.keys() < new.keys()
        assert {uid: new[uid][:2] for uid in old} == dict.fromkeys(old, (2, "CANCELLED"))
        assert [new[uid][:2] for uid in new.keys() - old.keys()] == [(0, "TENTATIVE")]
    states = [(await residency_of(mentoring, project))["state"] for project in projects]
    assert states == ["ACCEPTED", "ASSIGNED", "ASSIGNED"]
    events = await told(mentoring)
    assert sorted(events[6:]) == ["assigned", "assigned", "released DECLINED", "released MOVED"]


@pytest.mark.parametrize("first", ["both", "decline", "confirm"])
async def test_a_decline_races_the_confirmation_that_moves_it_and_one_of_them_holds(mentoring: Listener, first: str):
    cohort = await open_cohort(mentoring)
    for name in ("one", "two"):
        await trained_team(mentoring, cohort, name, ("2024-06-03", 6))
    one, two = await placed(mentoring, needs(6), needs(6))
    waiting, holding = await residency_of(mentoring, one), await residency_of(mentoring, two)
    declined = await answer(mentoring, waiting, "declines", {"reason": "CONFLICT_OF_INTEREST"})
    assert declined.status_code == 201
    plan = await proposed(mentoring, may_move=True)
    assert plan["moves"] == 1

    async def decline() -> Any:
        return await answer(mentoring, holding, "declines", {"reason": "TEAM_UNAVAILABLE"})

    match first:
        case "decline":
            answers = [await decline(), await confirm_plan(mentoring, plan["id"])]
        case "confirm":
            answers = list(reversed([await confirm_plan(mentoring, plan["id"]), await decline()]))
        case _:
            answers = list(await asyncio.gather(decline(), confirm_plan(mentoring, plan["id"])))
    codes = [each.status_code for each in answers]
    assert codes in ([201, 409], [412, 201]), [each.text for each in answers]
    query = """
        SELECT r.project_id, r.rotation_id FROM residency r WHERE state IN ('ASSIGNED', 'ACCEPTED')
        EXCEPT SELECT project_id, id FROM team_rotation WHERE project_id IS NOT NULL
    """
    async with mentoring.database.transaction(read_only=True) as tx:
        assert list(await tx.execute(text(query))) == []
        held = (await tx.execute(text("SELECT count(*) FROM team_rotation WHERE project_id IS NOT NULL"))).scalar_one()
    assert held == (2 if codes[1] == 201 else 0)


async def test_a_firm_that_has_a_team_keeps_its_needs_until_the_residency_is_declined(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    formed = await trained_team(mentoring, cohort, "one", ("2024-06-03", 6))
    (project,) = await placed(mentoring, needs(6))
    path = f"/v1/waiting-projects/{project}/needs"
    found = needs(6, formed["lead_id"])
    refused = await send(mentoring, "PUT", path, found, role=Role.TECHNOPARK_OPERATOR, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "project-has-team")
    residency = await residency_of(mentoring, project)
    assert (await answer(mentoring, residency, "declines", {"reason": "DATES_DO_NOT_FIT"})).status_code == 201
    await state_needs(mentoring, project, found, version=1)
    unknown = needs(6, "0199f1b0-1d20-7c31-9b52-3c1e8f40a8ff")
    refused = await send(mentoring, "PUT", path, unknown, role=Role.TECHNOPARK_OPERATOR, version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "mentor-not-recruited")


async def test_a_withdrawn_firm_frees_what_was_accepted(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-06-03", 6))
    event = project_confirmed(JEONJU)
    await mentoring.tell(event)
    await state_needs(mentoring, event.project_id, needs(6))
    assert (await confirm_plan(mentoring, (await proposed(mentoring))["id"])).status_code == 201
    residency = await residency_of(mentoring, event.project_id)
    await mentoring.tell(project_withdrawn(event))
    assert (await residency_of(mentoring, event.project_id))["state"] == "RELEASED"
    assert (await answer(mentoring, residency | {"version": 2}, "acceptances")).status_code == 409
    assert await told(mentoring) == ["assigned", "released RELEASED"]


async def test_weeks_that_have_begun_are_not_given_away_by_an_old_plan(mentoring: Listener):
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-05-27", 6))
    event = project_confirmed(JEONJU)
    await mentoring.tell(event)
    await state_needs(mentoring, event.project_id, needs(6))
    plan = await proposed(mentoring)
    clock = mentoring.http._transport.app.state.runtime.clock  # the service's own, which stands still
    clock.move_to(datetime(2024, 5, 27, 1, tzinfo=UTC))
    refused = await confirm_plan(mentoring, plan["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "plan-outdated")


async def test_one_more_team_or_a_team_of_two_is_tried_and_changes_nothing(mentoring: Listener):
    """Story 7: the firm too many has no slot before March, and a team of two would give it one."""
    cohort = await open_cohort(mentoring)
    mentors = [await recruit(mentoring, cohort, f"mentor-{number}") for number in range(6)]
    await train(mentoring, cohort, *mentors)
    formed = [
        await made(mentoring, "POST", "/v1/mentor-teams", team(cohort, *three), role=Role.MENTOR_LEAD)
        for three in (mentors[:3], mentors[3:])
    ]
    for number, each in enumerate(formed):
        weeks = [{"first_week": "2024-07-01", "weeks": 8}, {"first_week": "2025-03-03", "weeks": 8}][: 2 - number]
        path = f"/v1/mentor-teams/{each['id']}/calendar"
        await made(mentoring, "PUT", path, {"rotations": weeks}, role=Role.MENTOR_LEAD, version=1)
    events = [project_confirmed(JEONJU) for _ in range(4)]
    await mentoring.tell(*events)
    for event in events:
        await state_needs(mentoring, event.project_id, needs(6))
    plan = await proposed(mentoring)
    assert sorted(pair["first_week"] for pair in plan["pairs"]) == ["2024-07-01", "2024-07-01", "2025-03-03"]
    assert [each["why"] for each in plan["left_out"]] == ["OTHERS_FIT_BETTER"]

    path = f"/v1/mentor-plans/{plan['id']}/what-ifs"
    slot = {"like_team_id": formed[0]["id"], "rotations": [{"first_week": "2024-09-02", "weeks": 8}]}
    for body in (slot, slot | {"mentor_ids": [mentors[0], mentors[3]]}):
        await made(mentoring, "POST", path, body, role=Role.MENTOR_LEAD)
        assert await answer_what_ifs(SETTINGS, mentoring.database, FixedClock(NOW))
    assert not await answer_what_ifs(SETTINGS, mentoring.database, FixedClock(NOW))
    after = await seen(mentoring, plan["id"])
    assert {name: after[name] for name in plan if name != "what_ifs"} == {
        name: plan[name] for name in plan if name != "what_ifs"
    }
    late = plan["left_out"][0]["project_id"]
    for what_if in after["what_ifs"]:
        result = what_if["result"]
        assert (what_if["state"], what_if["cost"]) == ("ANSWERED", what_if["bound"])
        assert (result["placed_before"], result["placed"], result["loses"]) == (3, 4, [])
        assert [each["project_id"] for each in result["gains"]] == [late]
    wrong = slot | {"rotations": [{"first_week": "2024-05-20", "weeks": 8}]}
    refused = await send(mentoring, "POST", path, wrong, role=Role.MENTOR_LEAD)
    assert (refused.status_code, refused.json()["code"]) == (422, "plan-what-if-malformed")
