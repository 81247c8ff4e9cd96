"""What an officer's day is made of: a call with seats, money, cases, and reports that are out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from common.event import DomainEvent, new_id
from contracts.applicant import (
    ApplicationFoundIneligible,
    ApplicationRanked,
    ApplicationSubmitted,
    CallPublished,
    CallRate,
    ProjectConfirmed,
    ProjectSelected,
    ProjectType,
    SeatLine,
)
from contracts.funding import BudgetLineConfirmed, LineBalance, SettlementOpened
from tests.support.builders import project_selected

WANJU, MUJU, IKSAN = "52710", "52730", "52140"
CALL, EXTRA = UUID(int=2024), UUID(int=2025)
RATES = (
    CallRate(source="PROVINCE", rate_bp=5508, capped=True),
    CallRate(source="MUNICIPALITY", rate_bp=3213, capped=True),
)
SHARE = {"PROVINCE": 25_263_157, "MUNICIPALITY": 14_736_842}
"""Of a JS1 project that reaches its cap of 40 million."""
CLOSES = datetime(2024, 4, 3, 8, tzinfo=UTC)
THE_DAY = datetime(2024, 12, 2, 1, tzinfo=UTC)


def published(
    call_id: UUID = CALL, *, closes_at: datetime = CLOSES, rates: tuple[CallRate, ...] = RATES, **seats: int
) -> CallPublished:
    """JS1 of Track B of 2024, with seats by municipality (`m52710=5`)."""
    return CallPublished(
        call_id=call_id,
        track="B",
        title_ko="공고",
        fiscal_year=2024,
        opens_at=closes_at - timedelta(days=14),
        closes_at=closes_at,
        split_rule_version="b-2024",
        types=[ProjectType(type_code="JS1", cap_won=40_000_000)],
        seat_lines=[
            SeatLine(type_code="JS1", municipality_code=code.removeprefix("m"), seats=number)
            for code, number in seats.items()
        ],
        planned_budget_lines=[],
        rates=list(rates),
    )


def confirmed_line(source: str, left_won: int, place: str | None = None) -> BudgetLineConfirmed:
    said: dict[str, Any] = {"source": source, "municipality_code": place, "fiscal_year": 2024, "track": "B"}
    said["budget_line_id"] = new_id()
    balance = LineBalance(**said, left_won=left_won, line_version=2)
    return BudgetLineConfirmed(**said, amount_won=500_000_000, legal_regime="LOCAL_SUBSIDY", balance=balance)


def case(place: str, outcome: str | None = None, *, call_id: UUID = CALL) -> list[DomainEvent]:
    """A submitted application, and what was decided of it."""
    facts: dict[str, Any] = {"application_id": new_id(), "call_id": call_id, "type_code": "JS1"}
    facts["municipality_code"] = place
    told: list[DomainEvent] = [
        ApplicationSubmitted(**facts, company_id=new_id(), total_cost_won=100, submitted_at=CLOSES)
    ]
    if outcome == "INELIGIBLE":
        told.append(ApplicationFoundIneligible(**facts, rule_version="2024-1", failed_rules=["R-05"]))
    elif outcome is not None:
        told.append(ApplicationRanked(**facts, outcome=outcome))
    return told


def placed(place: str, *, call_id: UUID = CALL) -> list[DomainEvent]:
    """A project that holds a place, its money committed."""
    selected = project_selected(call_id=call_id, municipality_code=place, type_code="JS1")
    return [*case(place, "SELECTED", call_id=call_id), selected, ProjectConfirmed(**of(selected))]


def of(selected: ProjectSelected) -> dict[str, Any]:
    names = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    return {name: getattr(selected, name) for name in names}


def report_out(due_on: date, place: str = WANJU) -> SettlementOpened:
    return SettlementOpened(
        project_id=new_id(),
        settlement_id=new_id(),
        call_id=CALL,
        municipality_code=place,
        due_on=due_on,
        rule_version="2024-1",
    )


def told_of(opened: SettlementOpened) -> dict[str, Any]:
    return {name: getattr(opened, name) for name in ("project_id", "settlement_id", "call_id", "municipality_code")}
