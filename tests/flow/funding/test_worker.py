"""Funding's own worker on a real broker: killed at the worst moment, it commits a project's money once (promise R3)."""

from collections.abc import Callable

import pytest

from common.kafka import KafkaOptions, Publisher
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.builders import project_selected, project_withdrawn
from tests.support.funding import JEONJU, running_funding
from tests.support.servers import Servers
from tests.support.waiting import eventually


@pytest.mark.promise("R3", "I7")
async def test_a_worker_killed_after_its_commit_commits_no_money_twice(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    urls = fresh_databases("funding", migrated=True)["funding"]
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="drill", topic_prefix=topic_prefix)
    await have_topics(options, topics())
    async with running_funding(urls) as funding:
        await funding.confirmed_rule()
        await funding.confirmed_line(10**9)
        await funding.confirmed_line(10**9, JEONJU)
        kept, given_back = project_selected(), project_selected()
        publisher = Publisher(options)
        await publisher.start()
        records = [funding.record(one) for one in (kept, given_back, project_withdrawn(given_back))]
        published = await publisher.publish(records, deadline_seconds=60)
        await publisher.close()
        assert all(published.acknowledged), published.fault

        worker = servers.service(
            "funding", "worker", urls, topic_prefix=topic_prefix, failpoints="consumer.after_commit=kill9",
            env={"KAFKA_SESSION_TIMEOUT_MS": "2000"},
        ).start()  # fmt: skip
        assert worker.wait_for_end() == -9
        assert worker.hit("consumer.after_commit")
        assert await funding.told("commitment."), "it died before anything was committed"
        worker.start(FAILPOINTS="")

        async def settled() -> bool:
            unpublished = await funding.value("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            assert worker.exit_code() is None, worker.log
            return len(await funding.told("commitment.")) == 3 and unpublished == 0

        await eventually(settled, deadline=60)
        states = await funding.rows("SELECT project_id, state FROM commitment")
        assert {row["project_id"]: row["state"] for row in states} == {
            kept.project_id: "COMMITTED",
            given_back.project_id: "RELEASED",
        }
        shares = {share["amount_won"] for share in (await funding.told("commitment.committed"))[0]["shares"][:2]}
        assert {counter for counter, *_ in (await funding.money()).values()} == shares
        assert worker.stop() == 0
