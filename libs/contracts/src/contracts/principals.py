"""Who publishes, hears and belongs to which group on Kafka: of our services by their contracts, outside by agreement.

From here come the access lists of a broker and the page that shows them (docs/events/access.md).
"""

from collections.abc import Collection, Iterable, Mapping

from common.kafka_rights import Access

PARTNER_TOPICS = frozenset({"partner.mentoring.v1", "partner.project.v1"})
"""What is told outside: a projection without personal data, money or scores."""

PARTNERS: Mapping[str, frozenset[str]] = {"samsung-mentor": PARTNER_TOPICS}
"""Principals outside, each with the topics it may read; its consumer group has its own name."""

PARTNER_BYTES_PER_SECOND = 1_000_000
"""Assumed: all that a year tells outside is read within a minute. Who would read faster waits, and nobody else does."""

_TOLD_OUTSIDE_BY = "metrics"
_OUTSIDE = "partner"


def publisher_of(topic: str) -> str:
    """The service that publishes on a topic: its first word, and what leaves the house leaves by metrics."""
    owner = topic.split(".", 1)[0]
    return _TOLD_OUTSIDE_BY if owner == _OUTSIDE else owner


def accesses(topics: Iterable[str], heard: Mapping[str, Collection[str]]) -> list[Access]:
    """All principals by name: each service in `heard`, which tells its subscriptions, and each partner.

    `topics` are those on which some declared event is published. A service also reads what it wrote itself: its relay
    looks whether Kafka's log still is the one that it wrote before anything more is sent.
    """
    declared = list(topics)
    published = {service: frozenset(topic for topic in declared if publisher_of(topic) == service) for service in heard}
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
