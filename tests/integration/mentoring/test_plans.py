"""Plans on a real PostgreSQL: asked for, matched in a process of its own, confirmed while they hold, or not at all."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from common import journal
from common.clock import FixedClock
from contracts.roles import Role
from mentoring.main import SERVICE
from mentoring.plans import jobs
from mentoring.plans.jobs import match_plans
from mentoring.settings import Settings
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import NOW, Listener, listener
from tests.support.mentoring import (
    calendar,
    confirm_plan,
    made,
    matching_rule,
    needs,
    open_cohort,
    project_confirmed,
    project_withdrawn,
    request_plan,
    send,
    state_needs,
    trained_team,
)

LEAD, OPERATOR, AUDITOR = Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR
JEONJU, GUNSAN = "52110", "52130"


@pytest.fixture
async def mentoring(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("mentoring", migrated=True)) as running:
        await made(running, "POST", "/v1/matching-rules", matching_rule(), role=LEAD)
        yield running


async def rows(mentoring: Listener, query: str) -> list[Any]:
    async with mentoring.database.transaction(read_only=True) as tx:
        return [tuple(row) for row in await tx.execute(text(query))]


async def work(mentoring: Listener, timeout_seconds: float = 60.0) -> bool:
    """One round of the worker's job."""
    settings = Settings.model_construct(matching_timeout_seconds=timeout_seconds)
    return await match_plans(settings, mentoring.database, FixedClock(NOW))


async def seen(mentoring: Listener, plan: str) -> Any:
    return (await mentoring.get(f"/v1/mentor-plans/{plan}", role=AUDITOR)).json()


async def two_teams(mentoring: Listener) -> tuple[Any, Any]:
    cohort = await open_cohort(mentoring)
    near = await trained_team(mentoring, cohort, "near", ("2024-06-03", 6))
    far = await trained_team(mentoring, cohort, "far", ("2024-06-03", 8), ("2024-09-02", 8), place=GUNSAN)
    return near, far


async def three_projects(mentoring: Listener, *barred: str) -> list[UUID]:
    """Two of Jeonju, of which the second bars these mentors, and one of Gunsan whose needs nobody has stated."""
    projects = [project_confirmed(JEONJU), project_confirmed(JEONJU), project_confirmed(GUNSAN)]
    await mentoring.tell(*projects)
    await state_needs(mentoring, projects[0].project_id, needs(6))
    await state_needs(mentoring, projects[1].project_id, needs(6, *barred))
    return [each.project_id for each in projects]


async def proposed(mentoring: Listener) -> tuple[str, Any]:
    plan = await request_plan(mentoring)
    assert await work(mentoring)
    return plan, await seen(mentoring, plan)


async def test_a_plan_is_the_optimum_with_its_reasons_and_tells_nothing_before_it_is_confirmed(mentoring: Listener):
    near, far = await two_teams(mentoring)
    first, second, unstated = await three_projects(mentoring, near["lead_id"])
    plan, said = await proposed(mentoring)

    assert (said["state"], said["cost"]) == ("PROPOSED", said["bound"])
    assert {pair["project_id"]: pair["team_id"] for pair in said["pairs"]} == {
        str(first): near["id"],
        str(second): far["id"],
    }
    distances = {pair["project_id"]: pair["fit"]["distance_km"] for pair in said["pairs"]}
    assert distances == {str(first): 0, str(second): 10}
    assert [(each["project_id"], each["why"]) for each in said["left_out"]] == [(str(unstated), "NEEDS_NOT_STATED")]
    assert await rows(mentoring, "SELECT count(*) FROM outbox WHERE topic = 'mentoring.rotation.v1'") == [(0,)]
    assert await rows(mentoring, "SELECT count(*) FROM team_rotation WHERE project_id IS NOT NULL") == [(0,)]

    confirmed = await confirm_plan(mentoring, plan)
    assert (confirmed.status_code, confirmed.json()["state"]) == (201, "CONFIRMED")
    told = "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'project_id' FROM outbox WHERE type LIKE '%residency-assigned%'"
    assert {project for (project,) in await rows(mentoring, told)} == {str(first), str(second)}
    waiting = (await mentoring.get("/v1/waiting-projects", role=Role.MUNICIPALITY_OFFICER, tenant=JEONJU)).json()
    assert waiting["items"] == []
    async with mentoring.database.transaction(read_only=True) as tx:
        for chain, entries in ((f"mentor-plan/{plan}", 3), (f"project/{first}", 2)):
            kept = await journal.verify(tx, chain)
            assert (kept.entries, kept.faults) == (entries, ())


async def test_the_same_input_has_the_same_hash_and_the_same_plan(mentoring: Listener):
    near, _ = await two_teams(mentoring)
    await three_projects(mentoring, near["lead_id"])
    (_, one), (_, two) = await proposed(mentoring), await proposed(mentoring)
    same = ("input_sha256", "given", "pairs", "left_out", "proof", "cost")
    assert [one[name] for name in same] == [two[name] for name in same]


@pytest.mark.parametrize("change", ["withdrawn", "needs", "calendar", "disbanded"])
async def test_what_the_plan_rests_on_has_changed_and_nobody_is_assigned(mentoring: Listener, change: str):
    near, _ = await two_teams(mentoring)
    project = project_confirmed(JEONJU)
    await mentoring.tell(project)
    await state_needs(mentoring, project.project_id, needs(6))
    plan, said = await proposed(mentoring)
    assert [pair["team_id"] for pair in said["pairs"]] == [near["id"]]
    place = f"/v1/mentor-teams/{near['id']}"
    match change:
        case "withdrawn":
            await mentoring.tell(project_withdrawn(project))
        case "needs":
            await state_needs(mentoring, project.project_id, needs(6, near["lead_id"]), version=1)
        case "calendar":
            await made(mentoring, "PUT", f"{place}/calendar", calendar(("2024-06-03", 7)), role=LEAD, version=2)
        case _:
            await made(mentoring, "POST", f"{place}/disbandments", role=LEAD, version=2)
    refused = await confirm_plan(mentoring, plan)
    assert (refused.status_code, refused.json()["code"]) == (409, "plan-outdated")
    assert await rows(mentoring, "SELECT count(*) FROM team_rotation WHERE project_id IS NOT NULL") == [(0,)]
    assert await rows(mentoring, "SELECT count(*) FROM outbox WHERE topic = 'mentoring.rotation.v1'") == [(0,)]
    assert (await seen(mentoring, plan))["state"] == "PROPOSED"


async def test_a_project_that_came_later_does_not_hinder_the_plan(mentoring: Listener):
    await two_teams(mentoring)
    await three_projects(mentoring)
    plan, _ = await proposed(mentoring)
    await mentoring.tell(project_confirmed(GUNSAN))
    assert (await confirm_plan(mentoring, plan)).status_code == 201


async def test_two_plans_for_the_same_weeks_are_confirmed_at_once_and_one_holds(mentoring: Listener):
    await two_teams(mentoring)
    await three_projects(mentoring)
    one, two = [(await proposed(mentoring))[0] for _ in range(2)]
    both = await asyncio.gather(confirm_plan(mentoring, one), confirm_plan(mentoring, two))
    assert sorted(each.status_code for each in both) == [201, 409]
    assert await rows(mentoring, "SELECT count(*) FROM outbox WHERE topic = 'mentoring.rotation.v1'") == [(2,)]


async def test_a_plan_is_confirmed_once_as_it_was_read_and_not_before_it_is_matched(mentoring: Listener):
    plan = await request_plan(mentoring)
    early = await confirm_plan(mentoring, plan, version=1)
    assert (early.status_code, early.json()["code"]) == (409, "plan-not-proposed")
    assert await work(mentoring)
    assert not await work(mentoring)
    assert (await confirm_plan(mentoring, plan, version=1)).status_code == 412
    assert (await confirm_plan(mentoring, plan)).status_code == 201
    assert (await confirm_plan(mentoring, plan, version=3)).json()["code"] == "plan-not-proposed"


async def test_weeks_that_a_firm_has_stay_in_the_calendar_until_the_firm_gives_its_place_back(mentoring: Listener):
    near, _ = await two_teams(mentoring)
    project = project_confirmed(JEONJU)
    await mentoring.tell(project)
    await state_needs(mentoring, project.project_id, needs(6))
    plan, _ = await proposed(mentoring)
    assert (await confirm_plan(mentoring, plan)).status_code == 201

    path = f"/v1/mentor-teams/{near['id']}/calendar"
    refused = await send(mentoring, "PUT", path, calendar(), role=LEAD, version=3)
    assert (refused.status_code, refused.json()["code"]) == (409, "rotation-taken")
    await mentoring.tell(project_withdrawn(project))
    told = "SELECT type, sequence FROM outbox WHERE topic = 'mentoring.rotation.v1' ORDER BY id"
    assert [(kind.split(".")[-2], number) for kind, number in await rows(mentoring, told)] == [
        ("residency-assigned", 1),
        ("residency-released", 2),
    ]
    assert (await made(mentoring, "PUT", path, calendar(), role=LEAD, version=4))["rotations"] == []


async def test_a_solver_that_never_answers_is_ended_and_the_loop_goes_on(
    mentoring: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
):
    stuck = tmp_path / "stuck"
    stuck.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    stuck.chmod(0o755)
    monkeypatch.setattr(jobs.sys, "executable", str(stuck))
    plan = await request_plan(mentoring)
    assert await work(mentoring, timeout_seconds=0.5)
    said = await seen(mentoring, plan)
    assert (said["state"], said["failure"], said["pairs"]) == ("FAILED", "NO_ANSWER", [])


async def test_the_solver_is_told_no_secret_and_what_is_no_answer_fails_the_plan(
    mentoring: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
):
    talker, said = tmp_path / "talker", tmp_path / "said"
    talker.write_text(
        f"#!{sys.executable}\nimport os, sys\nopen({str(said)!r}, 'w').write(repr(dict(os.environ)))\nprint('no')\n"
    )
    talker.chmod(0o755)
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(jobs.sys, "executable", str(talker))
    plan = await request_plan(mentoring)
    assert await work(mentoring)
    assert (await seen(mentoring, plan))["failure"] == "NO_ANSWER"
    assert "secret" not in said.read_text()


async def test_a_plan_that_one_worker_is_at_is_left_to_it_until_its_lease_ends(mentoring: Listener):
    plan = await request_plan(mentoring)
    async with mentoring.database.transaction() as tx:
        await tx.execute(text("UPDATE mentor_plan SET leased_until = clock_timestamp() + interval '1 minute'"))
    assert not await work(mentoring)
    async with mentoring.database.transaction() as tx:
        await tx.execute(text("UPDATE mentor_plan SET leased_until = clock_timestamp() - interval '1 second'"))
    assert await work(mentoring)
    assert (await seen(mentoring, plan))["state"] == "PROPOSED"


async def test_a_plan_that_ends_each_worker_is_given_up(mentoring: Listener):
    plan = await request_plan(mentoring)
    async with mentoring.database.transaction() as tx:
        await tx.execute(text("UPDATE mentor_plan SET attempts = 5"))
    assert await work(mentoring)
    said = await seen(mentoring, plan)
    assert (said["state"], said["failure"]) == ("FAILED", "GIVEN_UP")
    assert not await work(mentoring)


async def test_the_first_needs_are_stated_on_version_0_and_later_ones_on_what_was_read(mentoring: Listener):
    project = project_confirmed()
    await mentoring.tell(project)
    path = f"/v1/waiting-projects/{project.project_id}/needs"
    assert (await mentoring.get(path, role=AUDITOR)).json()["code"] == "project-needs-not-stated"
    assert (await send(mentoring, "PUT", path, needs(), role=OPERATOR, version=1)).status_code == 412
    await state_needs(mentoring, project.project_id, needs(7))
    assert (await send(mentoring, "PUT", path, needs(), role=OPERATOR, version=0)).status_code == 412
    assert (await mentoring.get(path, role=AUDITOR)).json()["residency_weeks"] == 7
