"""The mentorship programme across processes: what people decide over HTTP, the service's own worker tells on Kafka."""

from collections.abc import Callable

from common.event import WireRecord, decode, open_envelope
from common.kafka import KafkaOptions, create_topics
from common.kafka_history import History
from contracts.mentoring import MentorTrainingCompleted
from mentoring.main import SERVICE
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import listener
from tests.support.mentoring import open_cohort, recruit, train
from tests.support.servers import Servers
from tests.support.waiting import eventually


async def test_who_completed_the_training_is_told_to_everybody(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    urls = fresh_databases("mentoring", migrated=True)
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="test", topic_prefix=topic_prefix)
    await create_topics(options, topics())
    async with listener(SERVICE, urls) as mentoring:
        worker = servers.service("mentoring", "worker", urls["mentoring"], topic_prefix=topic_prefix).start()
        cohort = await open_cohort(mentoring)
        mentors = [await recruit(mentoring, cohort, f"mentor-{number}") for number in range(3)]
        await train(mentoring, cohort, *mentors[:2])

        async def told() -> list[WireRecord]:
            assert worker.exit_code() is None, worker.log
            async with History(options, [MentorTrainingCompleted.TOPIC]) as history:
                found = [record async for batch in history.to_the_end() for record in batch]
            return found if len(found) >= 2 else []

        heard = [
            decode(*open_envelope(record), MentorTrainingCompleted)
            for record in await eventually(told, deadline=60, what="two mentors on the topic")
        ]
        assert sorted(str(each.key) for each in heard) == sorted(mentors[:2])
        assert worker.stop() == 0
