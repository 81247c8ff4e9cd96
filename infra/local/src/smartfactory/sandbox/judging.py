"""What a replay was to its listeners: what each got how often, what they say they have, and what naive ones would.

Pure: it is given what lies on Kafka, in the feed and in the deliveries of webhooks, and reads nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from metrics.webhooks.domain.messages import SAMSUNG
from smartfactory.sandbox.ledger import Ledger, counted

_NOBODYS = UUID(int=0)
_OVER = frozenset({"DELIVERED", "GIVEN_UP"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OnKafka:
    """One record of a partner topic."""

    id: UUID
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one endpoint: how often it was sent, and whether it is taken."""

    event_id: UUID
    owner: str
    url: str
    state: str
    attempts: int
    answered: int
    """How many of the attempts were answered with 2xx."""
    taken_at: datetime | None
    """When the first of those began; real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to be seen of a replay from outside."""

    records: Sequence[OnKafka]
    group: Mapping[tuple[str, int], int]
    """By topic and partition, the next offset that Samsung's group wants."""
    in_feed: int
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """The partner topics: each event's records, and how many of these the group has behind it."""

    events: int
    records: int
    acknowledged: int
    group_known: bool

    @property
    def repeated(self) -> int:
        """What whoever counts records counts twice."""
        return self.records - self.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint's messages."""

    owner: str
    url: str
    messages: int
    delivered: int
    given_up: int
    sent: int
    taken: int

    @property
    def repeated(self) -> int:
        """What whoever does not look at `webhook-id` has twice: it was taken more than once."""
        return self.taken - self.delivered if self.taken > self.delivered else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """What clients would have made of it that do not do as the documents say."""

    doubled_by_records: int
    """Counts every record on Kafka, and looks at no id."""
    lost_by_time: int
    """Goes on behind the newest `time` that it knows, and so passes over what was held back."""
    doubled_by_webhooks: int
    """Counts every webhook, and looks at no `webhook-id`."""
    misled_by_webhooks: int
    """Takes the webhook that came last for the newest, and so falls back to what was before."""
    doubled_by_streams: int
    """Opens the stream again without `Last-Event-ID`, and so has all of before once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a client says it has, against what it was told."""

    owner: str
    told: int
    missing: Sequence[UUID]
    doubled: Mapping[UUID, int]
    others: int
    """Ids that this replay never told: another replay's, or none of ours."""

    @property
    def complete(self) -> bool:
        """Everything once."""
        return not self.missing and not self.doubled


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The whole report."""

    ledger: Ledger
    in_feed: int
    kafka: Kafka
    endpoints: Sequence[Endpoint]
    naive: Naive
    received: Received | None


def judged(ledger: Ledger, seen: Seen, *, owner: str = SAMSUNG, handled: Sequence[UUID] | None = None) -> Verdict:
    """Hold what is seen, and what a client says it has handled, against what was told."""
    endpoints = _endpoints(seen.deliveries)
    kafka = _kafka(seen)
    return Verdict(
        ledger=ledger,
        in_feed=seen.in_feed,
        kafka=kafka,
        endpoints=endpoints,
        naive=Naive(
            doubled_by_records=kafka.repeated,
            lost_by_time=_behind_the_newest(ledger, owner),
            doubled_by_webhooks=sum(one.repeated for one in endpoints),
            misled_by_webhooks=_overtaken(ledger, seen.deliveries),
            doubled_by_streams=sum(one.feed for one in ledger.restarts if one.what == "api"),
        ),
        received=None if handled is None else _received(ledger.ids_of(owner), handled, owner),
    )


def all_taken(seen: Seen) -> bool:
    """Whether Samsung's group has everything behind it, and every webhook was taken or given up."""
    kafka = _kafka(seen)
    return kafka.acknowledged == kafka.records and all(one.state in _OVER for one in seen.deliveries)


def _behind_the_newest(ledger: Ledger, owner: str) -> int:
    """How many of an owner's events happened before one that it already had."""
    moments = [one.at for one in ledger.told if owner in one.messages]
    return sum(moment < newest for moment, newest in zip(moments, accumulate(moments, max), strict=True))


def _overtaken(ledger: Ledger, deliveries: Sequence[Delivery]) -> int:
    """How many messages an endpoint took behind a later one of the same key."""
    told = {one.place: one.messages for one in ledger.told}
    taken = {(one.owner, one.url, one.event_id): one.taken_at for one in deliveries}
    found = 0
    for one in ledger.overtaken:
        for owner, url in {(each.owner, each.url) for each in deliveries}:
            held = taken.get((owner, url, told[one.place].get(owner, _NOBODYS)))
            behind = taken.get((owner, url, told[one.behind].get(owner, _NOBODYS)))
            found += held is not None and behind is not None and held > behind
    return found


def _kafka(seen: Seen) -> Kafka:
    taken = [one for one in seen.records if one.offset < seen.group.get((one.topic, one.partition), 0)]
    return Kafka(
        events=len({one.id for one in seen.records}),
        records=len(seen.records),
        acknowledged=len(taken),
        group_known=bool(seen.group),
    )


def _endpoints(deliveries: Sequence[Delivery]) -> list[Endpoint]:
    places = sorted({(one.owner, one.url) for one in deliveries}, key=lambda place: (place[0] != SAMSUNG, place))
    found = []
    for owner, url in places:
        its = [one for one in deliveries if (one.owner, one.url) == (owner, url)]
        found.append(
            Endpoint(
                owner=owner,
                url=url,
                messages=len(its),
                delivered=sum(one.answered > 0 for one in its),
                given_up=sum(one.state == "GIVEN_UP" for one in its),
                sent=sum(one.attempts for one in its),
                taken=sum(one.answered for one in its),
            )
        )
    return found


def _received(told: Sequence[UUID], handled: Sequence[UUID], owner: str) -> Received:
    wanted, times = set(told), counted(handled)
    return Received(
        owner=owner,
        told=len(wanted),
        missing=[one for one in told if one not in times],
        doubled={one: count for one, count in times.items() if one in wanted and count > 1},
        others=sum(one not in wanted for one in times),
    )
