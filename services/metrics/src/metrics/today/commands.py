"""What each event changes in an officer's day, as statements that the consumer runs in batches."""

from collections.abc import Sequence
from datetime import date, datetime

from common.consumer import Statement
from contracts.applicant import CallPublished
from contracts.funding import SettlementFixed, SettlementOpened, SettlementReported
from metrics.today import domain, store


def learn_shares(event: CallPublished) -> Sequence[Statement]:
    """What a project costs each source at most, if the event is new enough to tell the call's rates."""
    rates = [domain.Rate(rate.source, rate.rate_bp, rate.capped) for rate in event.rates]
    return [
        (
            store.ADD_CALL_SHARE,
            {"call_id": event.call_id, "type_code": each.type_code, "source": source, "share_won": share_won},
        )
        for each in event.types
        for source, share_won in domain.full_shares(each.cap_won, rates).items()
    ]


def expect_report(event: SettlementOpened) -> Sequence[Statement]:
    """A completed project's report is out."""
    return [_report(event, due_on=event.due_on, done_at=None)]


def take_report(event: SettlementReported, *, at: datetime) -> Sequence[Statement]:
    """It came."""
    return [_report(event, due_on=event.due_on, done_at=at)]


def end_report(event: SettlementFixed, *, at: datetime) -> Sequence[Statement]:
    """The amounts stand: whatever was told before, nobody waits for a report."""
    return [_report(event, due_on=None, done_at=at)]


def _report(
    event: SettlementOpened | SettlementReported | SettlementFixed, *, due_on: date | None, done_at: datetime | None
) -> Statement:
    values = {
        "project_id": event.project_id,
        "settlement_id": event.settlement_id,
        "municipality_code": event.municipality_code,
        "due_on": due_on,
        "done_at": done_at,
    }
    return (store.PUT_REPORT, values)
