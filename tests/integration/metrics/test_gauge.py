"""The gauge of 300 from events: by municipality and track, zeros shown, terminated projects out with their day."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from common.event import new_id
from contracts.applicant import (
    AgreementEffective,
    ApplicationSubmitted,
    InterimInspectionPassed,
    ProjectCompleted,
    ProjectNotFunded,
    ProjectResumed,
    ProjectSelected,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
)
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        yield running


def facts(selected: ProjectSelected) -> dict[str, Any]:
    names = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    return {name: getattr(selected, name) for name in names}


def completed(selected: ProjectSelected) -> list[Any]:
    told = facts(selected)
    return [
        AgreementEffective(**told),
        InterimInspectionPassed(**told, inspection_id=new_id()),
        ProjectCompleted(**told, completion_id=new_id()),
    ]


def terminated(selected: ProjectSelected) -> ProjectTerminated:
    return ProjectTerminated(**facts(selected), termination_id=new_id(), cause="FRAUD", fault_party="ADOPTER")


def submitted(selected: ProjectSelected, worksite_id: UUID) -> ApplicationSubmitted:
    told = facts(selected)
    del told["project_id"]
    return ApplicationSubmitted(
        **told, company_id=new_id(), total_cost_won=100, submitted_at=NOW, worksite_id=worksite_id
    )


async def gauge(metrics: Listener, *, role: str = Role.AUDITOR, tenant: str = "52", query: str = "") -> dict[str, Any]:
    answer = await metrics.get(f"/v1/gauge{query}", role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def of(read: dict[str, Any], place: str, track: str = "B") -> dict[str, Any]:
    return next(row for row in read["rows"] if (row["municipality_code"], row["track"]) == (place, track))


async def test_each_stage_is_counted_apart_and_every_county_is_shown(metrics: Listener) -> None:
    planned, agreed, done, left, unfunded, ended, stopped = (project_selected() for _ in range(7))
    away = project_selected(municipality_code=GUNSAN, track="A")
    await metrics.tell(
        *(planned, agreed, done, left, unfunded, ended, stopped, away),
        AgreementEffective(**facts(agreed)),
        *completed(done),
        ProjectWithdrawn(**facts(left)),
        ProjectNotFunded(**facts(unfunded), reason="F-05"),
        AgreementEffective(**facts(ended)),
        terminated(ended),
        AgreementEffective(**facts(stopped)),
        ProjectSuspended(**facts(stopped), suspension_id=new_id(), cause="DISPUTE"),
        *completed(away),
    )
    read = await gauge(metrics)
    assert of(read, JEONJU) == {
        "municipality_code": JEONJU, "track": "B", "planned": 1, "agreed": 2, "inspected": 0, "suspended": 1,
        "completed": 1, "in_use": None, "withdrawn": 2, "terminated": 1, "counted": 1,
    }  # fmt: skip
    assert of(read, GUNSAN, "A")["counted"] == 1
    assert len(read["rows"]) == 14 * 2
    assert of(read, "52740")["counted"] == 0
    assert read["total"]["counted"] == 2
    target = read["target"]
    assert (target["target_total"], target["target_year"], target["alternates"][0]["target_year"]) == (300, 2027, 2026)
    assert (target["unit"], target["counts"], target["rule_version"]) == ("WORKSITE", ["COMPLETED"], "2024-1")


async def test_a_worksite_with_two_projects_counts_once_and_stays_while_one_stands(metrics: Listener) -> None:
    first, second, worksite = project_selected(), project_selected(), new_id()
    told = [submitted(first, worksite), submitted(second, worksite), first, second]
    await metrics.tell(*told, *completed(first), *completed(second))
    assert (await gauge(metrics))["total"]["counted"] == 1
    await metrics.tell(terminated(first))
    read = await gauge(metrics)
    assert read["total"]["counted"] == 1
    (correction,) = read["corrections"]
    assert (correction["project_id"], correction["cause"]) == (str(first.project_id), "FRAUD")
    await metrics.tell(terminated(second))
    read = await gauge(metrics)
    assert (read["total"]["counted"], len(read["corrections"])) == (0, 2)


async def test_the_gauge_of_a_day_does_not_know_what_came_later(metrics: Listener) -> None:
    project = project_selected()
    await metrics.tell(project, *completed(project))
    assert (await gauge(metrics, query="?as_of=2024-05-19"))["total"]["counted"] == 0
    assert (await gauge(metrics, query="?as_of=2024-12-31"))["target"]["plan_total"] == 100
    before = await metrics.get("/v1/gauge?as_of=2019-01-01", role=Role.AUDITOR)
    assert (before.status_code, before.json()["code"]) == (404, "gauge-rule-not-in-force")
    assert (await metrics.get("/v1/gauge?as_of=soon", role=Role.AUDITOR)).status_code == 422


async def test_it_is_the_same_in_one_batch_in_many_and_when_told_twice(metrics: Listener) -> None:
    project, again = project_selected(), project_selected()
    told = [project, *completed(project), terminated(project)]
    await metrics.tell(*told)
    for event in [again, *completed(again), terminated(again)]:
        await metrics.tell(event)
    read = await gauge(metrics)
    assert (read["total"]["terminated"], read["total"]["counted"], len(read["corrections"])) == (2, 0, 2)


async def test_it_resumes(metrics: Listener) -> None:
    project = project_selected()
    stopped = ProjectSuspended(**facts(project), suspension_id=new_id(), cause="DISPUTE")
    await metrics.tell(project, AgreementEffective(**facts(project)), stopped)
    assert (await gauge(metrics))["total"]["suspended"] == 1
    await metrics.tell(ProjectResumed(**facts(project), resumption_id=new_id()))
    assert (await gauge(metrics))["total"]["suspended"] == 0


async def test_a_municipality_sees_its_own_and_everybody_only_large_numbers(metrics: Listener) -> None:
    own, other = [project_selected() for _ in range(6)], project_selected(municipality_code=GUNSAN)
    await metrics.tell(*(event for project in [*own, other] for event in (project, *completed(project))))
    jeonju = await gauge(metrics, role=Role.MUNICIPALITY_OFFICER, tenant=JEONJU)
    assert ({row["municipality_code"] for row in jeonju["rows"]}, jeonju["total"]["counted"]) == ({JEONJU}, 6)
    assert (await metrics.get("/v1/gauge", role=Role.COMPANY_OWNER, tenant=str(new_id()))).status_code == 403
    public = (await metrics.get("/v1/public/gauge")).json()
    assert (public["counted"], public["agreed"]) == (7, None)
    assert len(public["municipalities"]) == 14
    shown = {cell["municipality_code"]: cell["counted"] for cell in public["municipalities"]}
    assert shown[GUNSAN] is None
    assert shown[JEONJU] is None, "it would give the other one away"
    told = {"municipality_code", "completed", "counted"}
    assert {frozenset(cell) for cell in public["municipalities"]} == {frozenset(told)}, "who left is told in all only"
