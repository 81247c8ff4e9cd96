"""What becomes of applications, as the events that tell of it: what a rebuild of metrics' projections reads."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from common.event import DomainEvent, Envelope, WireRecord, encode, encode_data, new_id
from contracts.applicant import (
    AgreementEffective,
    ApplicationFoundEligible,
    ApplicationRanked,
    ApplicationSubmitted,
    ProjectCompleted,
    ProjectConfirmed,
    ProjectSelected,
)
from contracts.types import MUNICIPALITIES
from tools.bench.events import CALL_ID, MOMENT

PLACES = tuple(str(each.code) for each in MUNICIPALITIES)
_CHOSEN_OF_FIVE = 2
_SELECTED, _NOT_SELECTED = "SELECTED", "NOT_SELECTED"


def records(applications: int) -> list[WireRecord]:
    """So many lives in the order in which a season tells them: all handed in, then all found eligible, and so on."""
    lives = [list(_life(number)) for number in range(applications)]
    return [one for step in range(max(map(len, lives))) for life in lives if step < len(life) for one in [life[step]]]


def chosen(number: int) -> bool:
    """Whether an application becomes a project: two of five do, as 70 of 176 did."""
    return number % 5 < _CHOSEN_OF_FIVE


def selected(number: int, project_id: UUID) -> ProjectSelected:
    """The project of one application."""
    return ProjectSelected(
        **_about(number),
        project_id=project_id,
        application_id=new_id(),
        company_id=new_id(),
        fiscal_year=2026,
        track="B",
        total_cost_won=60_000_000,
        cap_won=30_000_000,
        split_rule_version="2024-1",
    )


def recorded(event: DomainEvent, sequence: int) -> WireRecord:
    """The event as it lies in the log."""
    at = MOMENT + timedelta(days=sequence)
    envelope = Envelope(
        event_id=new_id(),
        type=event.TYPE,
        topic=event.TOPIC,
        key=event.key,
        sequence=sequence,
        occurred_at=at,
        recorded_at=at,
        correlation_id=str(new_id()),
        causation_id=str(new_id()),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return encode(envelope, encode_data(event))


def _life(number: int) -> Iterator[WireRecord]:
    application = {**_about(number), "application_id": new_id()}
    submitted = ApplicationSubmitted(
        **application, company_id=new_id(), total_cost_won=60_000_000, submitted_at=MOMENT, worksite_id=new_id()
    )
    yield recorded(submitted, 1)
    yield recorded(ApplicationFoundEligible(**application, rule_version="2024-1"), 2)
    yield recorded(ApplicationRanked(**application, outcome=_SELECTED if chosen(number) else _NOT_SELECTED), 3)
    if chosen(number):
        project = {**application, "project_id": new_id()}
        plan = selected(number, project["project_id"])
        yield recorded(plan, 1)
        yield recorded(ProjectConfirmed(**project), 2)
        yield recorded(AgreementEffective(**project), 3)
        yield recorded(ProjectCompleted(**project, completion_id=new_id()), 4)


def _about(number: int) -> dict[str, Any]:
    return {"call_id": CALL_ID, "type_code": "JS2", "municipality_code": PLACES[number % len(PLACES)]}
