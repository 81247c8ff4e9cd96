"""What each event is told as, and to whom: a municipality of its own area, Samsung of mentors and projects.

A message holds ids, codes and dates: no person, no score, no amount. One event makes at most one message of an owner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from common.consumer import Received, Statement
from common.db import Transaction
from common.event import DomainEvent
from contracts.applicant import (
    AgreementEffective,
    InterimInspectionPassed,
    ProjectCompleted,
    ProjectConfirmed,
    ProjectNotFunded,
    ProjectResumed,
    ProjectSelected,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
)
from contracts.funding import (
    BudgetLapseWarned,
    CommitmentLapsed,
    DisbursementPosted,
    DisbursementReserved,
    DisbursementVoided,
    SettlementClosed,
    SettlementOpened,
)
from contracts.partner import (
    PartnerAgreementEffective,
    PartnerInspectionPassed,
    PartnerItemClosed,
    PartnerProjectSelected,
    PartnerProjectTerminated,
    PartnerResidencyAssigned,
    PartnerResidencyEnded,
    PartnerResidencyStarted,
    PartnerTrainingCompleted,
    PartnerWaveClosed,
)
from contracts.types import Source
from metrics.partners import commands as partners
from metrics.partners.commands import Seen
from metrics.webhooks.domain.messages import SAMSUNG, MessageType
from metrics.webhooks.store.deliveries import QUEUE

_PLACE = ("project_id", "call_id", "municipality_code")
_PROJECT = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
_RELEASE = ("release_id", *_PLACE, "source", "gate")
_LAPSING = (
    "budget_line_id",
    "source",
    "municipality_code",
    "fiscal_year",
    "track",
    "stage_days",
    "days_left",
    "last_day",
)


@dataclass(frozen=True, slots=True)
class _Told:
    """As what, and which of the event's fields the message has."""

    type: MessageType
    fields: tuple[str, ...]
    own_money: bool = False
    """Told only of the municipality's own money: nobody else's waits for it."""
    cause: str = ""
    """Which of several events of one meaning it was."""


_TO_MUNICIPALITIES: Mapping[type[DomainEvent], _Told] = {
    ProjectSelected: _Told(MessageType.PROJECT_SELECTED, (*_PROJECT, "track", "promoted")),
    ProjectConfirmed: _Told(MessageType.PROJECT_CONFIRMED, _PROJECT),
    ProjectNotFunded: _Told(MessageType.SEAT_EMPTY, _PROJECT, cause="NOT_FUNDED"),
    ProjectWithdrawn: _Told(MessageType.SEAT_EMPTY, _PROJECT, cause="WITHDRAWN"),
    AgreementEffective: _Told(MessageType.AGREEMENT_EFFECTIVE, _PROJECT),
    InterimInspectionPassed: _Told(MessageType.INSPECTION_PASSED, (*_PROJECT, "inspection_id")),
    ProjectSuspended: _Told(MessageType.PROJECT_SUSPENDED, (*_PROJECT, "suspension_id", "cause")),
    ProjectResumed: _Told(MessageType.PROJECT_RESUMED, (*_PROJECT, "resumption_id")),
    ProjectCompleted: _Told(MessageType.PROJECT_COMPLETED, (*_PROJECT, "completion_id")),
    ProjectTerminated: _Told(MessageType.PROJECT_TERMINATED, (*_PROJECT, "termination_id", "cause", "fault_party")),
    DisbursementReserved: _Told(MessageType.APPROVAL_WAITING, _RELEASE, own_money=True),
    DisbursementPosted: _Told(MessageType.RELEASE_PAID, _RELEASE, own_money=True),
    DisbursementVoided: _Told(MessageType.RELEASE_VOIDED, (*_RELEASE, "reason"), own_money=True),
    BudgetLapseWarned: _Told(MessageType.MONEY_LAPSING, _LAPSING, own_money=True),
    CommitmentLapsed: _Told(MessageType.MONEY_LAPSED, (*_PLACE, "source", "budget_line_id"), own_money=True),
    SettlementOpened: _Told(MessageType.SETTLEMENT_OPENED, (*_PLACE, "settlement_id", "due_on")),
    SettlementClosed: _Told(MessageType.SETTLEMENT_CLOSED, (*_PLACE, "settlement_id")),
}
_TO_SAMSUNG: Mapping[type[DomainEvent], MessageType] = {
    PartnerTrainingCompleted: MessageType.TRAINING_COMPLETED,
    PartnerProjectSelected: MessageType.PROJECT_SELECTED,
    PartnerAgreementEffective: MessageType.AGREEMENT_EFFECTIVE,
    PartnerResidencyAssigned: MessageType.RESIDENCY_ASSIGNED,
    PartnerResidencyStarted: MessageType.RESIDENCY_STARTED,
    PartnerResidencyEnded: MessageType.RESIDENCY_ENDED,
    PartnerItemClosed: MessageType.ITEM_CLOSED,
    PartnerInspectionPassed: MessageType.INSPECTION_PASSED,
    PartnerProjectTerminated: MessageType.PROJECT_TERMINATED,
    PartnerWaveClosed: MessageType.WAVE_CLOSED,
}
"""What Samsung sees of an event is said once, in `partners`: here only what a webhook calls it."""

TOLD = frozenset({*_TO_MUNICIPALITIES, *partners.SEEN})
"""The events that somebody is told of."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one owner is told of an event, under the id that its receivers know it by."""

    owner: str
    id: UUID
    type: MessageType
    data: Mapping[str, object]


def told_fields(event: type[DomainEvent]) -> frozenset[str]:
    """Which of its fields anybody outside is told; all else of it stays here."""
    area = _TO_MUNICIPALITIES.get(event)
    return frozenset(area.fields if area is not None else ()) | partners.seen_fields(event)


def messages_of(event: DomainEvent, received: Received) -> Sequence[Message]:
    """What is told of the event, at most once to each owner, whether or not it has an endpoint."""
    told: list[Message] = []
    area = _TO_MUNICIPALITIES.get(type(event))
    if area is not None and not (area.own_money and _of(event, "source") != Source.MUNICIPALITY):
        cause = {"cause": area.cause} if area.cause else {}
        data = {name: _of(event, name) for name in area.fields} | cause
        told.append(Message(str(_of(event, "municipality_code")), received.event_id, area.type, data))
    seen = partners.seen_of(event, received)
    if seen is not None:
        told.append(message_of(seen))
    return told


def message_of(seen: Seen) -> Message:
    """What Samsung is told of it, under the id that it has on the topic."""
    data = {name: _of(seen.event, name) for name in seen.event.__struct_fields__}
    return Message(SAMSUNG, seen.id, _TO_SAMSUNG[type(seen.event)], data)


def tell(event: DomainEvent, received: Received) -> Sequence[Statement]:
    """Queue what the event is told as, for every endpoint of those it concerns; for none, nothing is kept."""
    return [(QUEUE, _row(message, at=received.at)) for message in messages_of(event, received)]


async def tell_seen(tx: Transaction, seen: Seen, *, at: datetime) -> None:
    """Queue for Samsung what no event brought about that we hear."""
    await queue(tx, [message_of(seen)], at=at)


async def queue(tx: Transaction, messages: Sequence[Message], *, at: datetime) -> None:
    """Queue these for every endpoint of theirs, unless they are queued there already."""
    await QUEUE.write(tx, [_row(message, at=at) for message in messages])


def _row(message: Message, *, at: datetime) -> dict[str, object]:
    content = {"type": message.type.value, "timestamp": at, "data": message.data}
    return {
        "event_id": message.id,
        "owner": message.owner,
        "type": message.type.value,
        "body": msgspec.json.encode(content).decode(),
        "occurred_at": at,
    }


def _of(event: DomainEvent, name: str) -> object:
    found: object = getattr(event, name)
    return found
