"""A delivery: one message on its way to one endpoint, and what each attempt makes of it.

QUEUED -> SENDING -> DELIVERED, or FAILED and tried again, or GIVEN_UP at the end of the schedule. It is sent again on
request, under the same webhook-id: whoever receives counts by that.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, Text
from metrics.webhooks.domain.messages import MessageType

_GOOD = range(200, 300)
_ELSEWHERE = range(300, 400)
_GONE = 410
_EXCERPT_CHARACTERS = 200
_LONGEST_MOMENT = 64
_WHOLE = 10_000


class DeliveryState(StrEnum):
    """How far it is. FAILED is tried again by itself, GIVEN_UP on request."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    FAILED = "FAILED"
    DELIVERED = "DELIVERED"
    GIVEN_UP = "GIVEN_UP"


class Outcome(StrEnum):
    """How one attempt ended."""

    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"
    GONE = "GONE"
    REDIRECTED = "REDIRECTED"
    TIMED_OUT = "TIMED_OUT"
    UNREACHABLE = "UNREACHABLE"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"


@dataclass(frozen=True, slots=True)
class DeliveryRule:
    """A version of how patiently is tried, and how long two secrets sign."""

    version: int
    note: str
    waits_seconds: tuple[int, ...]
    waits_source: str
    jitter_bp: int
    jitter_source: str
    longest_told_wait_seconds: int
    longest_told_wait_source: str
    rotation_hours: int
    rotation_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that was taken to be sent now: `attempts` proves whose it is, `tries` count since it was queued."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: MessageType
    body: str
    url: str
    salts: tuple[bytes, ...]
    attempts: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of sending it once."""

    outcome: Outcome
    began_at: datetime
    milliseconds: int
    status: int | None = None
    excerpt: str | None = None
    told_wait_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a delivery after an attempt."""

    state: DeliveryState
    wait_seconds: float


class WebhookDeliveryNotFound(NotFound):
    """No such delivery, or another owner's."""

    code = "webhook-delivery-not-found"
    title = Text("발송 기록을 찾을 수 없습니다", "There is no such delivery")
    detail = Text("발송 번호를 확인해 주세요. 보관 기간이 지나면 지워집니다.", "Check its id; old ones are removed.")


class WebhookDeliveryUnderWay(RuleRefused):
    """What waits for its first attempt, or is just being sent, need not be sent again."""

    code = "webhook-delivery-under-way"
    title = Text("이미 보내고 있는 알림", "The delivery is under way")
    detail = Text(
        "발송 상태가 {state}입니다. 바뀐 것은 없습니다. 결과를 본 뒤 다시 보내 주세요.",
        "The delivery is {state}. Nothing was changed. Send it again once its end is known.",
    )


def outcome_of(status: int) -> Outcome:
    """What a status says; one that is no answer at all, as 101, delivers nothing."""
    if status in _GOOD:
        return Outcome.DELIVERED
    if status in _ELSEWHERE:
        return Outcome.REDIRECTED
    return Outcome.GONE if status == _GONE else Outcome.REFUSED


def told_wait(retry_after: str | None, *, at: datetime) -> int | None:
    """Seconds of a Retry-After header, which names seconds or a moment; None if it says nothing that can be read."""
    said = (retry_after or "").strip()
    if said.isascii() and said.isdigit():
        return int(said[:10])
    try:
        moment = parsedate_to_datetime(said[:_LONGEST_MOMENT])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, int((moment - at).total_seconds()))


def excerpt_of(content: bytes) -> str | None:
    """The beginning of a refusal as a text that can be kept: for the owner, to see what its receiver said."""
    said = "".join(each if each.isprintable() else " " for each in content.decode("utf-8", "replace"))
    return said[:_EXCERPT_CHARACTERS].strip() or None


def after(claimed: Claimed, attempt: Attempt, rule: DeliveryRule, *, draw: float) -> Settled:
    """Delivered, tried again after a wait of the schedule, or given up. `draw` is by chance, from 0 up to 1."""
    if attempt.outcome is Outcome.DELIVERED:
        return Settled(DeliveryState.DELIVERED, 0.0)
    if claimed.tries > len(rule.waits_seconds):
        return Settled(DeliveryState.GIVEN_UP, 0.0)
    wait = rule.waits_seconds[claimed.tries - 1]
    told = min(attempt.told_wait_seconds or 0, rule.longest_told_wait_seconds)
    return Settled(DeliveryState.FAILED, max(wait, told) * (1 + draw * rule.jitter_bp / _WHOLE))


def check_again(state: DeliveryState) -> None:
    """Whether it may be sent again on request; raises WebhookDeliveryUnderWay."""
    if state in {DeliveryState.QUEUED, DeliveryState.SENDING}:
        raise WebhookDeliveryUnderWay(state=state.value)
