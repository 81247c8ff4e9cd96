"""One principal's own connection to Kafka, over which it asks for one thing after the other and hears what it may.

In Kafka's own requests, one for each thing: a client of a library would ask for several at once, or once more.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import (
    AlterConfigsRequest,
    CreateAclsRequest,
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteAclsRequest,
    DeleteGroupsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    DescribeAclsRequest,
    DescribeConfigsRequest,
    DescribeGroupsRequest,
)
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest

from common.kafka import KafkaOptions
from common.kafka_access import _SetPaces, _SetPasswords
from tests.support.misnamed import Sent, batch
from tests.support.waiting import eventually

REFUSALS = {29: "topic", 30: "group", 31: "cluster", 53: "transactional id"}
"""The codes by which Kafka says that a principal may not."""

ALLOWED = {0, 79}
"""Done; or, to who joins a group for the first time, the name to join with."""

_NOT_YET = {3, 5, 6, 14, 15, 16}  # a topic or coordinator that was made a moment ago
_TOPIC, _LITERAL, _ALLOW, _READ, _ANY = 2, 3, 3, 3, 1
_NODE = 1
_WAIT_MS = 5_000


class Asked(NamedTuple):
    """What was asked for by whom, of which topic or group, and Kafka's answer."""

    principal: str
    operation: str
    group: str
    topic: str
    code: int

    @property
    def what(self) -> tuple[str, ...]:
        return self[:-1]


def _of_partition(answer: Any) -> int:
    return int(answer.topics[0][1][0][1])


_Ask = tuple[Callable[..., Any], Callable[[Any], int]]

OF_A_TOPIC: Mapping[str, _Ask] = {
    "write": (
        lambda topic: ProduceRequest(None, -1, _WAIT_MS, [(topic, [(0, batch([Sent(b"key", b"{}", [])]))])]),
        _of_partition,
    ),
    "read": (lambda topic: FetchRequest(0, 0, 1_024, 0, [(topic, [(0, 0, 1_024)])]), _of_partition),
    "see": (lambda topic: OffsetRequest(-1, 0, [(topic, [(0, -1)])]), _of_partition),
    "delete its records": (
        lambda topic: DeleteRecordsRequest([(topic, [(0, 0)])], _WAIT_MS),
        lambda answer: int(answer.topics[0][1][0][2]),
    ),
    "delete": (
        lambda topic: DeleteTopicsRequest([topic], _WAIT_MS),
        lambda answer: int(answer.topic_error_codes[0][1]),
    ),
    "add partitions": (
        lambda topic: CreatePartitionsRequest([(topic, (7, None))], _WAIT_MS, validate_only=True),
        lambda answer: int(answer.topic_errors[0][1]),
    ),
    "change its settings": (
        lambda topic: AlterConfigsRequest([(_TOPIC, topic, [("retention.ms", "1")])], validate_only=True),
        lambda answer: int(answer.resources[0][0]),
    ),
    "see its settings": (
        lambda topic: DescribeConfigsRequest([(_TOPIC, topic, None)]),
        lambda answer: int(answer.resources[0][0]),
    ),
}

OF_A_GROUP: Mapping[str, _Ask] = {
    "join": (
        lambda group: JoinGroupRequest(group, 6_000, 6_000, "", None, "consumer", [("range", b"")]),
        lambda answer: int(answer.error_code),
    ),
    "see its offsets": (lambda group: OffsetFetchRequest(group, None), lambda answer: int(answer.error_code)),
    "see its members": (lambda group: DescribeGroupsRequest([group]), lambda answer: int(answer.groups[0][0])),
    "delete": (lambda group: DeleteGroupsRequest([group]), lambda answer: int(answer.results[0][1])),
}

COMMIT: _Ask = (
    lambda group, topic: OffsetCommitRequest(group, -1, "", -1, [(topic, [(0, 0, "")])]),
    _of_partition,
)

OF_THE_CLUSTER: Mapping[str, _Ask] = {
    "make a topic": (
        lambda: CreateTopicsRequest([("of-a-stranger", 1, 1, [], [])], _WAIT_MS, validate_only=True),
        lambda answer: int(answer.topic_errors[0][1]),
    ),
    "grant": (
        lambda: CreateAclsRequest(_TOPIC, "t", _LITERAL, "User:stranger", "*", _READ, _ALLOW),
        lambda answer: int(answer.creation_responses[0][0]),
    ),
    "take a grant away": (
        lambda: DeleteAclsRequest(_TOPIC, "t", _LITERAL, "User:stranger", "*", _READ, _ALLOW),
        lambda answer: int(answer.filter_responses[0][0]),
    ),
    "see the grants": (
        lambda: DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY),
        lambda answer: int(answer.error_code),
    ),
    "set a password": (
        lambda: _SetPasswords([], [("stranger", 2, 8_192, b"salt", b"salted", {})]),
        lambda answer: int(answer.results[0][1]),
    ),
    "set a pace": (
        lambda: _SetPaces([([("user", "stranger")], [("consumer_byte_rate", 1.0, False)])]),
        lambda answer: int(answer.entries[0][0]),
    ),
    "be an idempotent producer": (
        lambda: InitProducerIdRequest(None, 60_000),
        lambda answer: int(answer.error_code),
    ),
    "be a transactional producer": (
        lambda: InitProducerIdRequest("of-a-stranger", 60_000),
        lambda answer: int(answer.error_code),
    ),
}


class Asking:
    """The connection of one principal."""

    def __init__(self, client: AIOKafkaClient, principal: str) -> None:
        self._client, self._principal = client, principal

    async def everything(self, topics: Iterable[str], groups: Iterable[str]) -> list[Asked]:
        """Ask for each operation on each topic and group, for each commit, and for what is the cluster's own."""
        topics, groups = list(topics), list(groups)
        asked = [await self._ask(*one, topic=topic) for one in OF_A_TOPIC.items() for topic in topics]
        asked += [await self._ask(*one, group=group) for one in OF_A_GROUP.items() for group in groups]
        asked += [await self._ask("commit", COMMIT, group=group, topic=topic) for group in groups for topic in topics]
        return asked + [await self._ask(*one) for one in OF_THE_CLUSTER.items()]

    async def have_groups(self) -> None:
        """Let Kafka make what it keeps groups in, which it does when a group is first looked for."""

        async def looked_for() -> bool:
            return int((await self._client.send(_NODE, FindCoordinatorRequest("any", 0))).error_code) == 0

        await eventually(looked_for)

    async def topics(self) -> set[str]:
        """Which topics Kafka shows it."""
        answer = await self._client.send(_NODE, MetadataRequest(None))
        return {topic for _, topic, *_ in answer.topics}

    async def read(self, topic: str, size: int) -> tuple[int, int]:
        """Read from the start; how many bytes came, and how many milliseconds Kafka makes it wait instead of more."""
        answer = await self._client.send(_NODE, FetchRequest(0, 0, size, 0, [(topic, [(0, 0, size)])]))
        return sum(len(part[-1] or b"") for _, parts in answer.topics for part in parts), answer.throttle_time_ms

    async def _ask(self, operation: str, how: _Ask, *, group: str = "", topic: str = "") -> Asked:
        request, code_of = how

        async def answered() -> Asked | None:
            answer = await self._client.send(_NODE, request(*(name for name in (group, topic) if name)))
            asked = Asked(self._principal, operation, group, topic, code_of(answer))
            return None if asked.code in _NOT_YET else asked

        return await eventually(answered, what=f"{self._principal} asks to {operation} {group} {topic}")


@asynccontextmanager
async def asking(options: KafkaOptions) -> AsyncIterator[Asking]:
    """Sign in as the options say, and ask."""
    client = AIOKafkaClient(**options.clients())
    try:
        await client.bootstrap()
        assert options.login is not None
        yield Asking(client, options.login.principal)
    finally:
        await client.close()
