"""Topics on a broker that has just come or has other work: an open port is not yet a broker that answers in time."""

import asyncio
import time
from collections.abc import Iterable

from common.kafka import PARTITIONS, KafkaFault, KafkaOptions, create_topics, find_coordinator

_DEADLINE_SECONDS = 120.0
_PAUSE_SECONDS = 0.5


async def have_topics(
    options: KafkaOptions,
    topics: Iterable[str],
    *,
    partitions: int = PARTITIONS,
    replicas: int = 1,
    for_groups: bool = False,
) -> None:
    """Create those that are not there, again until the broker answers; raises KafkaFault if it does not in two minutes.

    With `for_groups` it looks after consumer groups by then as well, so that no consumer meets one that does not.
    """
    wanted, ends = list(topics), time.monotonic() + _DEADLINE_SECONDS
    while True:
        try:
            await create_topics(options, wanted, partitions=partitions, replicas=replicas)
            if for_groups:
                await find_coordinator(options, options.client_id)
        except (KafkaFault, TimeoutError) as fault:
            if time.monotonic() > ends:
                raise KafkaFault(str(fault) or "the broker does not answer in time") from fault
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
