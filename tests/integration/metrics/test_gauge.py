"""The gauge of 300 from events: by municipality and track, zeros shown, terminated projects out with their day."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from common.event import new_id
from contracts.applicant import (
    AgreementEffective,
    ApplicationSubmitted,
    CallPublished,
    InterimInspectionPassed,
    PlannedBudgetLine,
    ProjectCompleted,
    ProjectConfirmed,
    ProjectNotFunded,
    ProjectResumed,
    ProjectSelected,
    ProjectSuspended,
    ProjectTerminated,
    ProjectType,
    ProjectWithdrawn,
    SeatLine,
)
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN, IKSAN = "52110", "52130", "52140"
SELECTED, FINISHED, LATER = (datetime(2024, month, 15, 1, tzinfo=UTC) for month in (2, 4, 5))


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
    last = await metrics.get("/v1/public/gauge?as_of=9999-12-31")
    assert last.status_code == 200, "the last day that there is has an end, too"


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
    assert (public["counted"], public["agreed"], public["in_use"]) == (7, 0, None)
    assert len(public["municipalities"]) == 14
    shown = {cell["municipality_code"]: cell["counted"] for cell in public["municipalities"]}
    assert shown[GUNSAN] is None
    assert shown[JEONJU] is None, "it would give the other one away"
    assert shown["52740"] == 0, "nobody was ever selected there"
    assert {line["track"]: line["counted"] for line in public["tracks"]} == {"A": 0, "B": 7}
    told = {"municipality_code", "completed", "counted"}
    assert {frozenset(cell) for cell in public["municipalities"]} == {frozenset(told)}, "who left is told in all only"


async def test_everybody_reads_an_exact_zero_where_it_tells_nothing_of_a_firm(metrics: Listener) -> None:
    public = (await metrics.get("/v1/public/gauge")).json()
    stages = ("planned", "agreed", "completed", "in_use", "withdrawn", "terminated", "counted")
    assert [public[stage] for stage in stages] == [0] * len(stages), "the programme has not begun"
    assert {cell["counted"] for cell in public["municipalities"]} == {0}
    one, many = project_selected(municipality_code=GUNSAN), [project_selected() for _ in range(6)]
    await metrics.tell(one)
    public = (await metrics.get("/v1/public/gauge")).json()
    assert [public[stage] for stage in stages] == [None] * len(stages), "of one firm even a zero tells where it stands"
    await metrics.tell(*(event for project in many for event in (project, *completed(project))))
    public = (await metrics.get("/v1/public/gauge")).json()
    assert [public[stage] for stage in stages] == [None, None, 6, None, None, None, 6], "the zeros hide the one"
    shown = {cell["municipality_code"]: cell["counted"] for cell in public["municipalities"]}
    assert (shown[GUNSAN], shown["52740"]) == (None, 0), "in Gunsan it would say that the one is not done"
    await metrics.tell(*(project_selected() for _ in range(4)))
    public = (await metrics.get("/v1/public/gauge")).json()
    assert [public[stage] for stage in stages] == [5, 0, 6, None, 0, 0, 6]


def published(call: UUID) -> CallPublished:
    return CallPublished(
        call_id=call, track="B", title_ko="공고", fiscal_year=2024, opens_at=datetime(2024, 3, 20, tzinfo=UTC),
        closes_at=datetime(2024, 4, 3, 8, tzinfo=UTC), split_rule_version="b-2024",
        types=[ProjectType(type_code="JS2", cap_won=80_000_000)],
        seat_lines=[SeatLine(type_code="JS2", municipality_code=code, seats=9) for code in (JEONJU, GUNSAN, IKSAN)],
        planned_budget_lines=[PlannedBudgetLine(source="PROVINCE", amount_won=1)],
    )  # fmt: skip


async def confirmed(metrics: Listener, call: UUID, at: datetime, **places: int) -> dict[str, list[ProjectSelected]]:
    """A call whose projects of each place were selected then, and have their money."""
    named = {"jeonju": JEONJU, "gunsan": GUNSAN, "iksan": IKSAN}
    chosen = {
        named[place]: [project_selected(call_id=call, municipality_code=named[place]) for _ in range(count)]
        for place, count in places.items()
    }
    projects = [project for several in chosen.values() for project in several]
    await metrics.tell(published(call), at=at)
    await metrics.tell(*projects, at=at)
    await metrics.tell(*(ProjectConfirmed(**facts(each)) for each in projects), at=at)
    return chosen


async def told_to_everybody(metrics: Listener, query: str = "") -> dict[str, int | None]:
    cells = (await metrics.get(f"/v1/public/gauge{query}")).json()["municipalities"]
    assert all(cell["completed"] == cell["counted"] for cell in cells)
    return {cell["municipality_code"]: cell["completed"] for cell in cells}


async def confirmed_in(metrics: Listener, call: UUID) -> dict[str, int | None]:
    cells = (await metrics.get(f"/v1/public/calls/{call}/progress")).json()["municipalities"]
    return {cell["municipality_code"]: cell["confirmed"] for cell in cells}


async def test_who_takes_the_completed_from_the_confirmed_of_a_place_finds_no_few(metrics: Listener) -> None:
    """One firm of Jeonju is late, or has failed: which it is, nobody outside is told by a subtraction."""
    first, next_call = UUID(int=2024), UUID(int=2025)
    firms = await confirmed(metrics, first, SELECTED, jeonju=11, gunsan=8, iksan=12)
    late, *others = firms[JEONJU]
    done = [*others, *firms[GUNSAN], *firms[IKSAN]]
    await metrics.tell(*(event for project in done for event in completed(project)), at=FINISHED)
    assert await confirmed_in(metrics, first) == {JEONJU: 11, GUNSAN: 8, IKSAN: 12}
    shown = await told_to_everybody(metrics)
    assert (shown[JEONJU], shown[GUNSAN], shown[IKSAN]) == (None, None, 12), "the total would give one of them away"

    # A fresh call adds many that cannot be completed yet: who leaves it aside must not find the one either.
    await confirmed(metrics, next_call, LATER, jeonju=7)
    assert (await told_to_everybody(metrics))[JEONJU] is None
    assert (await told_to_everybody(metrics, f"?as_of={LATER.date()}"))[JEONJU] is None
    assert (await told_to_everybody(metrics, "?as_of=2024-04-16"))[JEONJU] is None

    await metrics.tell(*completed(late), at=LATER)
    shown = await told_to_everybody(metrics)
    assert (shown[JEONJU], shown[GUNSAN], shown[IKSAN]) == (11, 8, 12), "none of the first call is left over"


async def test_a_line_whose_rest_is_many_is_shown(metrics: Listener) -> None:
    firms = await confirmed(metrics, UUID(int=2024), SELECTED, jeonju=14, gunsan=9, iksan=7)
    done = [*firms[JEONJU][:9], *firms[GUNSAN][:6], *firms[IKSAN]]
    await metrics.tell(*(event for project in done for event in completed(project)), at=FINISHED)
    shown = await told_to_everybody(metrics)
    assert (shown[JEONJU], shown[GUNSAN], shown[IKSAN]) == (9, None, None), "five are left of Jeonju, three of Gunsan"
