"""Who a process is to Kafka, and what a principal may do there; `common.kafka_access` makes Kafka know it."""

import ssl
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaLogin:
    """A principal's name and password. Without `tls` the connection is not encrypted, which is for the loopback."""

    principal: str
    password: str = field(repr=False)
    mechanism: Literal["SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-512"
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def clients(self) -> dict[str, object]:
        """What every client that signs in is made with."""
        return {
            "security_protocol": "SASL_PLAINTEXT" if self.tls is None else "SASL_SSL",
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.principal,
            "sasl_plain_password": self.password,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """All that one principal may do: write these topics, read those at some pace, and be a member of one group."""

    principal: str
    writes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    group: str = ""
    """Empty for one that joins none."""
    read_bytes_per_second: int | None = None
    """Beyond it Kafka makes the principal wait, so that nobody else has to."""


class Resource(IntEnum):
    """What a right is about, as Kafka numbers it."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """What is done, as Kafka numbers it. To read or to write includes to see that it is there."""

    READ = 3
    WRITE = 4


class Right(NamedTuple):
    """One line of Kafka's access list: from everywhere, on exactly this name."""

    principal: str
    operation: Operation
    resource: Resource
    name: str


def rights_of(access: Access, *, topic_prefix: str = "", group_prefix: str = "") -> set[Right]:
    """An access as Kafka's lines.

    None says that it may be an idempotent producer: since Kafka 3.0 whoever may write a topic may be one.
    """
    rights = {Right(access.principal, Operation.WRITE, Resource.TOPIC, topic_prefix + topic) for topic in access.writes}
    rights |= {Right(access.principal, Operation.READ, Resource.TOPIC, topic_prefix + topic) for topic in access.reads}
    if access.group:
        rights.add(Right(access.principal, Operation.READ, Resource.GROUP, group_prefix + access.group))
    return rights
