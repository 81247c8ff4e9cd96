"""What each event changes in the progress projection, as statements that the consumer runs in batches."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.consumer import Statement
from contracts.applicant import (
    ApplicationFoundEligible,
    ApplicationFoundIneligible,
    ApplicationRanked,
    ApplicationSubmitted,
    ApplicationSupplemented,
    ApplicationWithdrawn,
    CallPublished,
    ProjectConfirmed,
    ProjectNotFunded,
    ProjectSelected,
    ProjectWithdrawn,
    SupplementRequested,
)
from contracts.funding import BudgetLineConfirmed, CommitmentRefused, CommitmentReleased, LineBalance, ProjectCommitted
from metrics.progress import store

CaseEvent = (
    ApplicationSubmitted
    | SupplementRequested
    | ApplicationSupplemented
    | ApplicationFoundEligible
    | ApplicationFoundIneligible
    | ApplicationWithdrawn
    | ApplicationRanked
)
ProjectEvent = ProjectSelected | ProjectConfirmed | ProjectNotFunded | ProjectWithdrawn


def open_call(event: CallPublished, *, at: datetime) -> Sequence[Statement]:
    """Remember a call that was published then, and its seats."""
    call: Statement = (
        store.ADD_CALL,
        {
            "call_id": event.call_id,
            "track": event.track,
            "title_ko": event.title_ko,
            "fiscal_year": event.fiscal_year,
            "opens_at": event.opens_at,
            "closes_at": event.closes_at,
            "published_at": at,
        },
    )
    seats: list[Statement] = [
        (
            store.ADD_CALL_SEAT,
            {
                "call_id": event.call_id,
                "type_code": line.type_code,
                "municipality_code": line.municipality_code,
                "seats": line.seats,
            },
        )
        for line in event.seat_lines
    ]
    return [call, *seats]


def move_case(fact: CaseEvent, *, state: str, at: datetime) -> Sequence[Statement]:
    """Note where an application stands now."""
    return [(store.PUT_CASE, _case(fact, state, at) | {"application_id": fact.application_id})]


def move_project(fact: ProjectEvent, *, state: str, at: datetime, promoted: bool = False) -> Sequence[Statement]:
    """Note where a project stands now; whether it was promoted is what its first event said."""
    place = _case(fact, state, at) | {"application_id": fact.application_id}
    return [(store.PUT_PROJECT, place | {"project_id": fact.project_id, "promoted": promoted})]


def commit_money(event: ProjectCommitted, *, at: datetime) -> Sequence[Statement]:
    """Note a commitment with its shares and what its lines have left."""
    shares: list[Statement] = [
        (
            store.ADD_SHARE,
            {
                "project_id": event.project_id,
                "source": share.source,
                "budget_line_id": share.budget_line_id,
                "amount_won": share.amount_won,
            },
        )
        for share in event.shares
    ]
    answer = _answer(event, "COMMITTED", at, commitment_id=event.commitment_id, total_cost_won=event.total_cost_won)
    return [answer, *shares, *_balances(event.balances)]


def refuse_money(event: CommitmentRefused, *, at: datetime) -> Sequence[Statement]:
    """Note a refusal and which source was short."""
    return [_answer(event, "REFUSED", at, short_source=event.short_source), *_balances(event.balances)]


def release_money(event: CommitmentReleased, *, at: datetime) -> Sequence[Statement]:
    """Note that a commitment is no more; its shares stay as history and no longer count."""
    return [_answer(event, "RELEASED", at, commitment_id=event.commitment_id), *_balances(event.balances)]


def confirm_line(event: BudgetLineConfirmed) -> Sequence[Statement]:
    """Note an appropriation."""
    return [(store.PUT_CONFIRMED, _balance(event.balance, confirmed_won=event.amount_won))]


def _case(fact: CaseEvent | ProjectEvent, state: str, at: datetime) -> dict[str, object]:
    return {
        "call_id": fact.call_id,
        "type_code": fact.type_code,
        "municipality_code": fact.municipality_code,
        "state": state,
        "changed_at": at,
    }


def _answer(
    event: ProjectCommitted | CommitmentRefused | CommitmentReleased,
    state: str,
    at: datetime,
    *,
    commitment_id: UUID | None = None,
    total_cost_won: int = 0,
    short_source: str | None = None,
) -> Statement:
    values = {
        "project_id": event.project_id,
        "commitment_id": commitment_id,
        "call_id": event.call_id,
        "municipality_code": event.municipality_code,
        "state": state,
        "total_cost_won": total_cost_won,
        "short_source": short_source,
        "changed_at": at,
    }
    return (store.PUT_COMMITMENT, values)


def _balances(balances: Sequence[LineBalance]) -> list[Statement]:
    return [(store.PUT_BALANCE, _balance(balance, confirmed_won=None)) for balance in balances]


def _balance(balance: LineBalance, *, confirmed_won: int | None) -> dict[str, object]:
    return {
        "budget_line_id": balance.budget_line_id,
        "source": balance.source,
        "municipality_code": balance.municipality_code,
        "fiscal_year": balance.fiscal_year,
        "track": balance.track,
        "confirmed_won": confirmed_won,
        "left_won": balance.left_won,
        "line_version": balance.line_version,
    }
