"""The topics, made from the contracts once the broker serves: an open port is not yet a broker that answers.

It ends when the broker looks after consumer groups too, so that no worker meets one that does not.
"""

import asyncio
import os
import time
from collections.abc import Iterable

from common.kafka import KafkaFault, KafkaOptions, create_topics, find_coordinator
from smartfactory.stack.migrations import topics as declared

_DEADLINE_SECONDS = 120.0
_PAUSE_SECONDS = 1.0


def topics() -> int:
    """Create what the contracts declare and the broker lacks; raises KafkaFault if it does not serve in two minutes."""
    options = KafkaOptions(bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"], client_id="smartfactory-topics")
    wanted = declared()
    asyncio.run(_create(options, wanted))
    print(f"토픽 {len(wanted)}개가 있습니다 · {len(wanted)} topics are there")
    return 0


async def _create(options: KafkaOptions, wanted: Iterable[str]) -> None:
    ends = time.monotonic() + _DEADLINE_SECONDS
    while True:
        try:
            await create_topics(options, wanted)
            await find_coordinator(options, options.client_id)
        except (KafkaFault, TimeoutError):
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
