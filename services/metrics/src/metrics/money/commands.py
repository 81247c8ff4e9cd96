"""What each event changes in the money's tables, as statements that the consumer runs in batches."""

from collections.abc import Sequence
from datetime import datetime

from common.consumer import Statement
from contracts.funding import (
    CarryOverConfirmed,
    CommitmentLapsed,
    DisbursementFact,
    RepaymentConfirmed,
    RepaymentOrdered,
    RepaymentRelieved,
    SettlementFixed,
)
from metrics.money import store


def carry_over(event: CarryOverConfirmed, *, at: datetime) -> Sequence[Statement]:
    """A line's money may be paid in the next year."""
    values = {
        "budget_line_id": event.budget_line_id,
        "municipality_code": event.municipality_code,
        "amount_won": event.amount_won,
        "paid_won": event.paid_won,
        "changed_at": at,
    }
    return [(store.PUT_CARRIED, values)]


def move_release(event: DisbursementFact, *, state: str, at: datetime, unclear: bool = False) -> Sequence[Statement]:
    """A release has come so far; what was unclear of it is so no more, unless this is what is said."""
    values = {
        "release_id": event.release_id,
        "project_id": event.project_id,
        "municipality_code": event.municipality_code,
        "source": event.source,
        "amount_won": event.amount_won,
        "state": state,
        "unclear": unclear,
        "changed_at": at,
    }
    return [(store.PUT_RELEASE, values)]


def lapse_share(event: CommitmentLapsed) -> Sequence[Statement]:
    """A source's promise has come to its end with this much unpaid."""
    values = {
        "project_id": event.project_id,
        "source": event.source,
        "municipality_code": event.municipality_code,
        "amount_won": event.amount_won,
    }
    return [(store.ADD_LAPSED, values)]


def settle_shares(event: SettlementFixed) -> Sequence[Statement]:
    """What each source bears stands, if the event is new enough to say so."""
    return [
        (
            store.ADD_SETTLED,
            {
                "project_id": event.project_id,
                "source": share.source,
                "municipality_code": event.municipality_code,
                "fixed_won": share.fixed_won,
            },
        )
        for share in event.shares
    ]


def order_repayment(event: RepaymentOrdered, *, at: datetime) -> Sequence[Statement]:
    """A source asks something back."""
    return [_repayment(event, "ORDERED", at)]


def confirm_repayment(event: RepaymentConfirmed, *, at: datetime) -> Sequence[Statement]:
    """Its treasury has it."""
    return [_repayment(event, "CONFIRMED", at, late_won=event.late_won)]


def relieve_repayment(event: RepaymentRelieved, *, at: datetime) -> Sequence[Statement]:
    """It is not owed after all."""
    return [_repayment(event, "RELIEVED", at)]


def _repayment(
    event: RepaymentOrdered | RepaymentConfirmed | RepaymentRelieved, state: str, at: datetime, *, late_won: int = 0
) -> Statement:
    values = {
        "repayment_id": event.repayment_id,
        "project_id": event.project_id,
        "municipality_code": event.municipality_code,
        "source": event.source,
        "origin": event.origin,
        "principal_won": event.principal_won,
        "interest_won": event.interest_won,
        "surcharge_won": event.surcharge_won,
        "late_won": late_won,
        "state": state,
        "changed_at": at,
    }
    return (store.PUT_REPAYMENT, values)
