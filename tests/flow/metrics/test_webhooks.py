"""Webhooks across processes: told on Kafka, sent signed by metrics' worker, also one that is killed, and by no rebuild."""

import sys
from collections.abc import Callable, Sequence

import pytest

from common.event import DomainEvent
from common.kafka import KafkaOptions, Publisher
from contracts.roles import Role
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.builders import project_selected, project_withdrawn
from tests.support.listening import NOW
from tests.support.receiving import JEONJU, hooks_over, receiving
from tests.support.records import wire
from tests.support.servers import Servers
from tests.support.waiting import eventually

ON = {
    "WEBHOOK_LOOPBACK": "true",
    "WEBHOOK_LEASE_SECONDS": "4",
    "WEBHOOK_TIMEOUT_SECONDS": "2",
    # Who is killed does not say that it goes: its successor waits for so long for its partitions.
    "KAFKA_SESSION_TIMEOUT_MS": "2000",
}
CONTENT = "SELECT cast(id AS text) AS id, state, attempts FROM webhook_delivery ORDER BY id"


async def publish(options: KafkaOptions, events: Sequence[DomainEvent]) -> None:
    publisher = Publisher(options)
    await publisher.start()
    numbers: dict[object, int] = {}
    records = []
    for each in events:
        numbers[each.key] = numbers.get(each.key, 0) + 1
        records.append(wire(each, numbers[each.key], at=NOW))
    published = await publisher.publish(records, deadline_seconds=60)
    await publisher.close()
    assert all(published.acknowledged), published.fault


@pytest.mark.promise("R32", "R16")
async def test_what_kafka_tells_is_sent_signed_also_after_a_kill_and_never_by_a_rebuild(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    urls = fresh_databases("metrics", migrated=True)
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="test", topic_prefix=topic_prefix)
    await have_topics(options, topics())
    with receiving() as receiver, receiving() as samsung:
        async with hooks_over(urls) as hooks:
            _, secret = await hooks.register(receiver.url, tenant=JEONJU)
            _, partner = await hooks.register(samsung.url, role=Role.SAMSUNG_CLIENT, tenant="samsung")
            first = project_selected()
            await publish(options, [first, project_withdrawn(first)])
            worker = servers.service("metrics", "worker", urls["metrics"], topic_prefix=topic_prefix, env=ON)
            worker.start(FAILPOINTS="job.after_send=kill9@2")
            assert worker.wait_for_end(60) == -9
            assert worker.hit("job.after_send")
            worker.start(FAILPOINTS="")

            async def all_delivered() -> bool:
                assert worker.exit_code() is None, worker.log
                rows = await hooks.rows(CONTENT)
                return len(rows) == 3 and {row["state"] for row in rows} == {"DELIVERED"}

            await eventually(all_delivered, deadline=60, what="three deliveries")
            # Killed after sending, before it was kept: the same message once more, under the same id.
            assert {each.message["type"] for each in receiver.got} == {"project.selected", "seat.empty"}
            assert len({each.id for each in receiver.got}) == 2
            assert [each.verified_by(secret)["data"]["municipality_code"] for each in receiver.got[:1]] == [JEONJU]
            assert {each.verified_by(partner)["type"] for each in samsung.got} == {"project.selected"}
            worker.kill()

            sent, before = len(receiver.got) + len(samsung.got), await hooks.rows(CONTENT)
            await hooks.run("DELETE FROM project_progress")
            env = {
                "APP_ENV": "test",
                "DATABASE_URL": urls["metrics"].application,
                "MIGRATIONS_DATABASE_URL": urls["metrics"].owner,
                "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
                "KAFKA_TOPIC_PREFIX": topic_prefix,
            }
            argv = (sys.executable, "-m", "metrics.main", "rebuild")
            rebuilding = servers.process("metrics-rebuild", argv, env).start()
            assert rebuilding.wait_for_end(60) == 0, rebuilding.log
            assert '"project_progress": 1' in rebuilding.log
            assert await hooks.rows(CONTENT) == before
            assert len(receiver.got) + len(samsung.got) == sent
