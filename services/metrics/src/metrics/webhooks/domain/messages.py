"""What can be told to whom: the types of messages and the owners that may subscribe to each."""

from collections.abc import Iterable
from enum import StrEnum

from common.errors import InvalidInput, Text

SAMSUNG = "SAMSUNG"
"""The owner of Samsung's endpoints; all others are a municipality's, named by its code."""


class MessageType(StrEnum):
    """The `type` of a message. A type never changes its meaning, and its data only gain fields."""

    PROJECT_SELECTED = "project.selected"
    PROJECT_CONFIRMED = "project.confirmed"
    SEAT_EMPTY = "seat.empty"
    AGREEMENT_EFFECTIVE = "agreement.effective"
    INSPECTION_PASSED = "inspection.passed"
    PROJECT_SUSPENDED = "project.suspended"
    PROJECT_RESUMED = "project.resumed"
    PROJECT_COMPLETED = "project.completed"
    PROJECT_TERMINATED = "project.terminated"
    APPROVAL_WAITING = "release.approval_waiting"
    RELEASE_PAID = "release.paid"
    RELEASE_VOIDED = "release.voided"
    MONEY_LAPSING = "money.lapsing"
    MONEY_LAPSED = "money.lapsed"
    SETTLEMENT_OPENED = "settlement.opened"
    SETTLEMENT_CLOSED = "settlement.closed"
    TRAINING_COMPLETED = "mentor.training_completed"
    RESIDENCY_ASSIGNED = "residency.assigned"
    RESIDENCY_STARTED = "residency.started"
    RESIDENCY_ENDED = "residency.ended"
    ITEM_CLOSED = "item.closed"
    WAVE_CLOSED = "outcome.wave_closed"


TO_SAMSUNG = frozenset(
    {
        MessageType.TRAINING_COMPLETED,
        MessageType.PROJECT_SELECTED,
        MessageType.AGREEMENT_EFFECTIVE,
        MessageType.RESIDENCY_ASSIGNED,
        MessageType.RESIDENCY_STARTED,
        MessageType.RESIDENCY_ENDED,
        MessageType.ITEM_CLOSED,
        MessageType.INSPECTION_PASSED,
        MessageType.PROJECT_TERMINATED,
        MessageType.WAVE_CLOSED,
    }
)
"""Decisions, "Partner topics": no money, no scores, no person."""

TO_MUNICIPALITIES = frozenset(
    {
        MessageType.PROJECT_SELECTED,
        MessageType.PROJECT_CONFIRMED,
        MessageType.SEAT_EMPTY,
        MessageType.AGREEMENT_EFFECTIVE,
        MessageType.INSPECTION_PASSED,
        MessageType.PROJECT_SUSPENDED,
        MessageType.PROJECT_RESUMED,
        MessageType.PROJECT_COMPLETED,
        MessageType.PROJECT_TERMINATED,
        MessageType.APPROVAL_WAITING,
        MessageType.RELEASE_PAID,
        MessageType.RELEASE_VOIDED,
        MessageType.MONEY_LAPSING,
        MessageType.MONEY_LAPSED,
        MessageType.SETTLEMENT_OPENED,
        MessageType.SETTLEMENT_CLOSED,
    }
)
"""A municipality hears of the projects of its area, and of money only where it is its own."""


class MessageTypeNotOffered(InvalidInput):
    """An owner subscribes to what is told to it."""

    code = "webhook-type-not-offered"
    title = Text("받을 수 없는 알림 종류", "This type is not told to you")
    detail = Text(
        "{wanted}은(는) 이 기관에 보내지 않는 종류입니다. 저장된 것은 없습니다. 받을 수 있는 종류: {told}",
        "{wanted} is not told to this body. Nothing was stored. What is: {told}",
    )


def offered_to(owner: str) -> frozenset[MessageType]:
    """What this owner may subscribe to."""
    return TO_SAMSUNG if owner == SAMSUNG else TO_MUNICIPALITIES


def subscribed(types: Iterable[MessageType], *, owner: str) -> tuple[MessageType, ...]:
    """The types as they are kept, each once and in one order; none means all. Raises MessageTypeNotOffered."""
    offered, wanted = offered_to(owner), set(types)
    for each in sorted(wanted - offered):
        raise MessageTypeNotOffered(wanted=each.value, told=", ".join(sorted(offered)), field="/types")
    return tuple(sorted(wanted))
