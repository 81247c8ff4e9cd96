"""Who publishes, hears and belongs to which group on Kafka: of our services by their contracts, outside by agreement.

From here come the access lists of a broker and the page that shows them (docs/events/access.md).
"""

from collections.abc import Collection, Iterable, Mapping

from common.event import DomainEvent
from common.kafka_rights import Access

PARTNER_TOPICS = frozenset({"partner.mentoring.v1", "partner.project.v1"})
"""What is told outside: a projection without personal data, money or scores."""

PARTNERS: Mapping[str, frozenset[str]] = {"samsung-mentor": PARTNER_TOPICS}
"""Principals outside, each with the topics it may read; its consumer group has its own name."""

PARTNER_BYTES_PER_SECOND = 1_000_000
"""Assumed: all that a year tells outside is read within a minute. Who would read faster waits, and nobody else does."""

_TOLD_OUTSIDE_BY = "metrics"
_OUTSIDE = "partner"


def publisher_of(event: type[DomainEvent]) -> str:
    """The service that publishes it: its topic's first word, and what leaves the house leaves by metrics."""
    owner = event.TOPIC.split(".", 1)[0]
    return _TOLD_OUTSIDE_BY if owner == _OUTSIDE else owner


def accesses(events: Iterable[type[DomainEvent]], heard: Mapping[str, Collection[str]]) -> list[Access]:
    """All principals by name: each service in `heard`, which tells its subscriptions, and each partner.

    A service also reads what it wrote itself: its relay looks whether Kafka's log still is the one that it wrote before
    anything more is sent.
    """
    told = {(publisher_of(event), event.TOPIC) for event in events}
    published = {service: frozenset(topic for by, topic in told if by == service) for service in heard}
    services = [
        Access(
            principal=service,
            writes=published[service],
            reads=published[service] | frozenset(subscribed),
            group=service if subscribed else "",
        )
        for service, subscribed in heard.items()
    ]
    partners = [
        Access(principal=name, reads=agreed, group=name, read_bytes_per_second=PARTNER_BYTES_PER_SECOND)
        for name, agreed in PARTNERS.items()
    ]
    return sorted([*services, *partners], key=lambda access: access.principal)
