"""What an operator does after Kafka lost a log: send it again from the outbox, and have its listeners begin again.

Both are two steps: first the count is seen, then the same count confirms. Both are noted in the journal, with who and
why. Nothing is applied twice by it: listeners skip what they have, by inbox and sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from common import journal, log_places, notes, outbox
from common.auth import Principal
from common.db import Transaction
from common.errors import InvalidInput, RuleRefused, Text
from common.kafka import PARTITIONS
from common.schema import inbox, log_place
from common.schema import outbox as sent


class RepublishNeedsReason(InvalidInput):
    """Sending a history again is a decision, and a decision is explained."""

    code = "republish-needs-reason"
    title = Text("재발행 사유가 필요합니다", "A reason is needed")
    detail = Text("무슨 일이 있었는지 적어 주세요.", "Say what happened, so that the journal can tell it.")


class CountNotConfirmed(RuleRefused):
    """What was confirmed is not what would be done now."""

    code = "republish-count-differs"
    title = Text("확인한 건수와 다릅니다", "The count is another one")
    detail = Text(
        "지금은 {count}건입니다. 다시 확인해 주세요. 바뀐 것은 없습니다.",
        "It is {count} now. Look again, and confirm that. Nothing changed.",
    )


@dataclass(frozen=True, slots=True)
class History:
    """How many events of a topic are committed, and how many of them Kafka has acknowledged."""

    topic: str
    events: int
    published: int


async def histories(tx: Transaction) -> list[History]:
    """Every topic that this service has told something on."""
    counted = select(sent.c.topic, func.count(), func.count(sent.c.published_at)).group_by(sent.c.topic)
    return [History(*row) for row in await tx.execute(counted.order_by(sent.c.topic))]


async def republish(
    tx: Transaction, topics: Sequence[str], *, confirmed: int, by: Principal, reason: str, at: datetime
) -> int:
    """Have the relay send these topics once more from the first event on; `confirmed` is the count that was seen."""
    check_explained(reason)
    count = 0
    for topic in topics:
        again = await outbox.send_again(tx, topic)
        await note_on_log(tx, topic, "log.republished", by=by, at=at, reason=reason, events=again)
        count += again
    if count != confirmed:
        raise CountNotConfirmed(count=count)
    return count


@dataclass(frozen=True, slots=True)
class Heard:
    """How many events of a topic a service is done with, and whether it remembers where in the log it was."""

    topic: str
    events: int
    begins_again: bool


async def heard(tx: Transaction, topics: Sequence[str]) -> list[Heard]:
    """How far this service is in each of these topics."""
    counted = select(inbox.c.topic, func.count()).where(inbox.c.topic.in_(topics)).group_by(inbox.c.topic)
    events: dict[str, int] = dict(tuple(row) for row in await tx.execute(counted))
    waiting = select(log_place.c.topic).where(log_place.c.side == log_places.HEARD, log_place.c.event_id.is_(None))
    asked = set((await tx.execute(waiting)).scalars())
    return [Heard(topic, events.get(topic, 0), topic in asked) for topic in topics]


async def begin_again(
    tx: Transaction, topics: Sequence[str], *, confirmed: int, by: Principal, reason: str, at: datetime
) -> int:
    """Have this service read these topics from the start of the log there is now; it skips what it has done."""
    check_explained(reason)
    found = await heard(tx, topics)
    count = sum(one.events for one in found)
    if count != confirmed:
        raise CountNotConfirmed(count=count)
    for one in found:
        await log_places.begin_again(tx, one.topic, partitions=PARTITIONS)
        await note_on_log(tx, one.topic, "log.read-again", by=by, at=at, reason=reason, events=one.events)
    return count


def check_explained(reason: str) -> None:
    """Raise `RepublishNeedsReason` unless something is said."""
    if not reason.strip():
        raise RepublishNeedsReason


async def note_on_log(
    tx: Transaction, topic: str, decision: str, *, by: Principal, at: datetime, reason: str, events: int
) -> None:
    """Journal what an operator decided about a topic's log, with the reason as a note beside it."""
    chain = f"log/{topic}"
    said = await notes.keep(tx, reason.strip(), chain=chain)
    facts: dict[str, journal.JsonValue] = {"reason": said.reference, "events": events}
    await journal.record(tx, chain=chain, decision=decision, by=by, at=at, facts=facts)
