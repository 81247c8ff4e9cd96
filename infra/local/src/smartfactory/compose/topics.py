"""The topics, made from the contracts once the broker serves: an open port is not yet a broker that answers.

It ends when the broker looks after consumer groups too, so that no worker meets one that does not.
"""

import asyncio
import os

from common.kafka import KafkaOptions
from smartfactory.stack.migrations import topics as declared
from smartfactory.stack.topics import have_topics


def topics() -> int:
    """Create what the contracts declare and the broker lacks; raises KafkaFault if it does not serve in two minutes."""
    options = KafkaOptions(bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"], client_id="smartfactory-topics")
    wanted = declared()
    asyncio.run(have_topics(options, wanted, for_groups=True))
    print(f"토픽 {len(wanted)}개가 있습니다 · {len(wanted)} topics are there")
    return 0
