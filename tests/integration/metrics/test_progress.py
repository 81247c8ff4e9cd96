"""The progress of a call: true whatever order the topics come in, whole for officers, suppressed for everybody."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from common.event import new_id
from contracts.applicant import (
    ApplicationFoundEligible,
    ApplicationRanked,
    ApplicationSubmitted,
    CallPublished,
    PlannedBudgetLine,
    ProjectConfirmed,
    ProjectNotFunded,
    ProjectSelected,
    ProjectType,
    SeatLine,
)
from contracts.funding import (
    BudgetLineConfirmed,
    CommitmentRefused,
    CommitmentReleased,
    LineBalance,
    ProjectCommitted,
    Share,
)
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"
CALL = UUID(int=2024)
LINE = UUID(int=7)


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        await running.tell(published())
        yield running


def published() -> CallPublished:
    return CallPublished(
        call_id=CALL,
        track="B",
        title_ko="공고",
        fiscal_year=2024,
        opens_at=datetime(2024, 3, 20, tzinfo=UTC),
        closes_at=datetime(2024, 4, 3, 8, tzinfo=UTC),
        split_rule_version="b-2024",
        types=[ProjectType(type_code="JS2", cap_won=80_000_000)],
        seat_lines=[SeatLine(type_code="JS2", municipality_code=code, seats=2) for code in (JEONJU, GUNSAN)],
        planned_budget_lines=[PlannedBudgetLine(source="PROVINCE", amount_won=1)],
    )


def case(municipality_code: str = JEONJU) -> dict[str, Any]:
    return {
        "application_id": new_id(), "call_id": CALL, "type_code": "JS2", "municipality_code": municipality_code
    }  # fmt: skip


def submitted(facts: dict[str, Any]) -> ApplicationSubmitted:
    return ApplicationSubmitted(**facts, company_id=new_id(), total_cost_won=100, submitted_at=NOW)


def balance(left_won: int, version: int) -> LineBalance:
    return LineBalance(
        budget_line_id=LINE,
        source="MUNICIPALITY",
        municipality_code=JEONJU,
        fiscal_year=2024,
        track="B",
        left_won=left_won,
        line_version=version,
    )


def line_confirmed(amount_won: int = 1000, version: int = 2) -> BudgetLineConfirmed:
    return BudgetLineConfirmed(
        budget_line_id=LINE,
        source="MUNICIPALITY",
        municipality_code=JEONJU,
        fiscal_year=2024,
        track="B",
        amount_won=amount_won,
        legal_regime="LOCAL_SUBSIDY",
        balance=balance(amount_won, version),
    )


def committed(project: ProjectSelected, *, left_won: int = 700, version: int = 3) -> ProjectCommitted:
    return ProjectCommitted(
        project_id=project.project_id,
        commitment_id=new_id(),
        call_id=CALL,
        municipality_code=JEONJU,
        fiscal_year=2024,
        track="B",
        total_cost_won=500,
        shares=[
            Share(source="MUNICIPALITY", municipality_code=JEONJU, budget_line_id=LINE, amount_won=300),
            Share(source="SME", amount_won=200),
        ],
        nominal_burden_bp=4000,
        effective_burden_bp=4000,
        split_rule_version="b-2024",
        balances=[balance(left_won, version)],
    )


def project_fact(project: ProjectSelected) -> dict[str, Any]:
    names = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    return {name: getattr(project, name) for name in names}


async def progress(metrics: Listener, role: str = Role.PROVINCE_OFFICER, tenant: str = "52") -> Any:
    answer = await metrics.get(f"/v1/calls/{CALL}/progress", role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    return answer.json()


def of(rows: list[dict[str, Any]], municipality_code: str) -> dict[str, Any]:
    return next(row for row in rows if row["municipality_code"] == municipality_code)


async def test_a_case_counts_once_wherever_it_stands(metrics: Listener) -> None:
    first, second = case(), case()
    await metrics.tell(
        submitted(first),
        submitted(second),
        ApplicationFoundEligible(**first, rule_version="2024-1"),
        ApplicationRanked(**first, outcome="RESERVE"),
    )
    row = of((await progress(metrics))["cases"], JEONJU)
    assert (row["seats"], row["applied"], row["eligible"], row["reserve"]) == (2, 2, 1, 1)


async def test_money_that_arrives_before_its_line_and_its_project_still_adds_up(metrics: Listener) -> None:
    project = project_selected(call_id=CALL)
    await metrics.tell(committed(project))
    await metrics.tell(project, ProjectConfirmed(**project_fact(project)))
    await metrics.tell(line_confirmed())
    shown = await progress(metrics)
    line = of(shown["money"], JEONJU)
    assert (line["confirmed_won"], line["committed_won"], line["left_won"], line["projects"]) == (1000, 300, 700, 1)
    assert shown["sme_won"] == 200
    assert of(shown["cases"], JEONJU)["confirmed"] == 1


async def test_an_older_balance_never_replaces_a_newer_one(metrics: Listener) -> None:
    await metrics.tell(line_confirmed())
    await metrics.tell(committed(project_selected(call_id=CALL), left_won=400, version=5))
    await metrics.tell(committed(project_selected(call_id=CALL), left_won=700, version=4))
    assert of((await progress(metrics))["money"], JEONJU)["left_won"] == 400


async def test_a_refusal_and_the_promotion_that_follows_are_counted(metrics: Listener) -> None:
    refused, promoted = project_selected(call_id=CALL), project_selected(call_id=CALL, promoted=True)
    await metrics.tell(
        refused,
        CommitmentRefused(
            project_id=refused.project_id,
            call_id=CALL,
            municipality_code=JEONJU,
            rule="F-05",
            short_source="MUNICIPALITY",
            needed_won=10,
            left_won=5,
            balances=[balance(5, 9)],
        ),
        ProjectNotFunded(**project_fact(refused), reason="F-05"),
        promoted,
        ProjectConfirmed(**project_fact(promoted)),
    )
    row = of((await progress(metrics))["cases"], JEONJU)
    assert (row["refused"], row["promoted"], row["confirmed"]) == (1, 1, 1)


async def test_a_released_commitment_no_longer_counts(metrics: Listener) -> None:
    project = project_selected(call_id=CALL)
    await metrics.tell(line_confirmed(), committed(project))
    released = CommitmentReleased(
        project_id=project.project_id,
        commitment_id=new_id(),
        call_id=CALL,
        municipality_code=JEONJU,
        balances=[balance(1000, 4)],
    )
    await metrics.tell(released)
    line = of((await progress(metrics))["money"], JEONJU)
    assert (line["committed_won"], line["left_won"], line["projects"]) == (0, 1000, 0)


async def test_a_municipality_sees_only_its_own_row_and_money(metrics: Listener) -> None:
    await metrics.tell(submitted(case(JEONJU)), submitted(case(GUNSAN)), line_confirmed())
    own = await progress(metrics, Role.MUNICIPALITY_OFFICER, GUNSAN)
    assert {row["municipality_code"] for row in own["cases"]} == {GUNSAN}
    assert own["money"] == []


async def test_the_public_sees_no_small_cell(metrics: Listener) -> None:
    await metrics.tell(*(submitted(case(JEONJU)) for _ in range(7)), *(submitted(case(GUNSAN)) for _ in range(4)))
    shown = (await metrics.get(f"/v1/public/calls/{CALL}/progress")).json()
    assert [cell["applied"] for cell in shown["municipalities"]] == [None, None], "7 would give away the 4"
    assert shown["applied"] == 11
    assert shown["suppressed_below"] == 5


async def test_an_unknown_call_is_not_found(metrics: Listener) -> None:
    answer = await metrics.get(f"/v1/public/calls/{new_id()}/progress")
    assert answer.status_code == 404
    assert answer.json()["code"] == "call-unknown"
