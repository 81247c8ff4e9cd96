"""What the applicant service does about funding's answers and questions: each event is one command."""

from applicant.builds import commands as builds
from applicant.notices import commands as notices
from applicant.selections import commands as selections
from applicant.standings import commands as standings
from common.auth import Principal
from common.consumer import Handlers, Received
from common.db import Transaction
from contracts.funding import (
    BudgetLapseWarned,
    BudgetLineConfirmed,
    CommitmentRefused,
    CommitmentReleased,
    CoverageCompleted,
    ProjectCommitted,
    StandingAsked,
)

_SELF = Principal.service("applicant")


async def on_project_committed(tx: Transaction, event: ProjectCommitted, received: Received) -> None:
    await selections.take_commitment(tx, event, event_id=received.event_id, now=received.now)


async def on_commitment_refused(tx: Transaction, event: CommitmentRefused, received: Received) -> None:
    await selections.take_refusal(tx, event, event_id=received.event_id, now=received.now)


async def on_commitment_released(tx: Transaction, event: CommitmentReleased, received: Received) -> None:
    await selections.take_release(tx, event, event_id=received.event_id, now=received.now)


async def on_budget_line_confirmed(tx: Transaction, event: BudgetLineConfirmed, received: Received) -> None:
    await selections.take_confirmed_line(tx, event.balance, event_id=received.event_id, now=received.now)


async def on_coverage_completed(tx: Transaction, event: CoverageCompleted, received: Received) -> None:
    await builds.begin_build(tx, event.project_id, evidence=f"event/{received.event_id}", by=_SELF, now=received.now)


async def on_standing_asked(tx: Transaction, event: StandingAsked, received: Received) -> None:
    await standings.ask_before_payment(tx, event, now=received.now)


async def on_budget_lapse_warned(tx: Transaction, event: BudgetLapseWarned, received: Received) -> None:
    await notices.warn_of_lapse(tx, event, now=received.now)


HANDLERS: Handlers = {
    ProjectCommitted: on_project_committed,
    CommitmentRefused: on_commitment_refused,
    CommitmentReleased: on_commitment_released,
    BudgetLineConfirmed: on_budget_line_confirmed,
    CoverageCompleted: on_coverage_completed,
    StandingAsked: on_standing_asked,
    BudgetLapseWarned: on_budget_lapse_warned,
}
