"""Topics on a broker that has other work, too."""

from collections.abc import Iterable

from common.kafka import PARTITIONS, KafkaFault, KafkaOptions, create_topics
from tests.support.waiting import eventually


async def have_topics(
    options: KafkaOptions, topics: Iterable[str], *, partitions: int = PARTITIONS, replicas: int = 1
) -> None:
    """Create those that are not there, again where the broker did not answer in the time that a service gives it."""
    wanted = list(topics)

    async def are_there() -> bool:
        try:
            await create_topics(options, wanted, partitions=partitions, replicas=replicas)
        except (KafkaFault, TimeoutError):
            return False
        return True

    await eventually(are_there, 120, what="the topics")
