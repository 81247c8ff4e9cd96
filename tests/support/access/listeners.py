"""The two services that only listen: a confirmed project, and a submitted case, in each of two municipalities."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from common.db import Database
from common.event import DomainEvent, new_id
from common.service import Service
from contracts.applicant import (
    ApplicationSubmitted,
    CallPublished,
    CallRate,
    ProjectCompleted,
    ProjectConfirmed,
    ProjectSelected,
    ProjectTerminated,
    ProjectType,
    SeatLine,
)
from contracts.funding import BudgetLineConfirmed, LineBalance, SettlementOpened
from mentoring.main import SERVICE as MENTORING
from metrics.main import SERVICE as METRICS
from smartfactory.stack.provision import DatabaseUrls
from tests.support.access.worlds import Ask, Asks, World
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener

_JEONJU, _GUNSAN = "52110", "52130"


@asynccontextmanager
async def mentoring_world(urls: DatabaseUrls) -> AsyncIterator[World]:
    async with listener(MENTORING, {"mentoring": urls}) as mentoring:
        projects = {place: _confirmed(place) for place in (_JEONJU, _GUNSAN)}
        await mentoring.tell(*projects.values())
        things = {place: {"project": str(project.project_id)} for place, project in projects.items()}
        async with _world(mentoring, MENTORING, urls, _MENTORING_ASKS, things) as world:
            yield world


@asynccontextmanager
async def metrics_world(urls: DatabaseUrls) -> AsyncIterator[World]:
    async with listener(METRICS, {"metrics": urls}) as metrics:
        call = _published()
        sites = {place: project_selected(municipality_code=place) for place in (_JEONJU, _GUNSAN)}
        await metrics.tell(call, *(_submitted(call.call_id, place) for place in sites))
        await metrics.tell(*(event for site in sites.values() for event in _left(site)))
        await metrics.tell(*(_appropriated(place) for place in sites), *(_report_out(site) for site in sites.values()))
        things = {
            place: {"call": str(call.call_id), "place": f'"{place}"', "site": str(site.project_id)}
            for place, site in sites.items()
        }
        async with _world(metrics, METRICS, urls, _METRICS_ASKS, things) as world:
            yield world


@asynccontextmanager
async def _world(
    running: Listener, service: Service, urls: DatabaseUrls, asks: Asks, things: dict[str, dict[str, str]]
) -> AsyncIterator[World]:
    owner = Database(urls.owner, application_name="examiner", pool_size=2)
    yield World(
        service=service.name,
        app=running.http._transport.app,
        http=running.http,
        owner=owner,
        issuer=running.issuer,
        asks=asks,
        own=lambda _role: things[_JEONJU],
        other=things[_GUNSAN],
        company=str(UUID(int=1)),
        municipality=_JEONJU,
    )
    await owner.dispose()


def _confirmed(place: str) -> ProjectConfirmed:
    return ProjectConfirmed(
        project_id=new_id(),
        application_id=new_id(),
        call_id=UUID(int=1),
        type_code="JS1",
        municipality_code=place,
    )


def _published() -> CallPublished:
    return CallPublished(
        call_id=new_id(),
        track="B",
        title_ko="공고",
        fiscal_year=2024,
        opens_at=datetime(2024, 3, 20, tzinfo=UTC),
        closes_at=datetime(2024, 4, 3, 8, tzinfo=UTC),
        split_rule_version="b-2024",
        types=[ProjectType(type_code="JS2", cap_won=80_000_000)],
        seat_lines=[SeatLine(type_code="JS2", municipality_code=code, seats=2) for code in (_JEONJU, _GUNSAN)],
        planned_budget_lines=[],
        rates=[CallRate(source="MUNICIPALITY", rate_bp=5000, capped=True)],
    )


def _left(selected: ProjectSelected) -> list[DomainEvent]:
    """A project that was completed and then terminated: the gauge names it as a correction."""
    told = {
        name: getattr(selected, name)
        for name in ("project_id", "application_id", "call_id", "type_code", "municipality_code")
    }
    ended = ProjectTerminated(**told, termination_id=new_id(), cause="FRAUD", fault_party="ADOPTER")
    return [selected, ProjectCompleted(**told, completion_id=new_id()), ended]


def _report_out(selected: ProjectSelected) -> SettlementOpened:
    return SettlementOpened(
        project_id=selected.project_id,
        settlement_id=new_id(),
        call_id=selected.call_id,
        municipality_code=selected.municipality_code,
        due_on=NOW.date(),
        rule_version="2024-1",
    )


def _appropriated(place: str) -> BudgetLineConfirmed:
    line = LineBalance(
        budget_line_id=new_id(),
        source="MUNICIPALITY",
        municipality_code=place,
        fiscal_year=2024,
        track="B",
        left_won=100,
        line_version=1,
    )
    return BudgetLineConfirmed(
        budget_line_id=line.budget_line_id,
        source=line.source,
        municipality_code=place,
        fiscal_year=line.fiscal_year,
        track=line.track,
        amount_won=100,
        legal_regime="LOCAL_SUBSIDY",
        balance=line,
    )


def _submitted(call_id: UUID, place: str) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        application_id=new_id(),
        call_id=call_id,
        type_code="JS2",
        municipality_code=place,
        company_id=new_id(),
        total_cost_won=100,
        submitted_at=NOW,
        worksite_id=new_id(),
    )


_MENTORING_ASKS: Asks = {
    "listWaitingProjects": lambda things: Ask("GET", "/v1/waiting-projects", shows=things["project"]),
}
_METRICS_ASKS: Asks = {
    "readProgress": lambda things: Ask("GET", f"/v1/calls/{things['call']}/progress", shows=things["place"]),
    "readGauge": lambda things: Ask("GET", "/v1/gauge", shows=things["site"]),
    "readMoney": lambda things: Ask("GET", "/v1/money", query={"fiscal_year": 2024}, shows=things["place"]),
    "readToday": lambda things: Ask("GET", "/v1/today", shows=things["place"]),
    "readPublicMoney": lambda _things: Ask("GET", "/v1/public/money", query={"fiscal_year": 2024}),
    "readPublicGauge": lambda _things: Ask("GET", "/v1/public/gauge"),
    "readPublicProgress": lambda things: Ask("GET", f"/v1/public/calls/{things['call']}/progress"),
}
