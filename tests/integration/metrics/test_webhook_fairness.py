"""Webhooks share one worker: an endpoint that hangs has one place, and what cannot be sent at all is not tried for ever."""

import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.receiving import Answer, Hooks, hooks_over, receiving

pytestmark = [pytest.mark.anyio, pytest.mark.promise("R32")]


@pytest.fixture
async def hooks(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Hooks]:
    async with hooks_over(fresh_databases("metrics", migrated=True), webhook_timeout_seconds=2.0) as running:
        yield running


async def test_who_did_not_answer_in_time_has_one_place_until_it_does(hooks: Hooks):
    held = threading.Event()
    with receiving() as receiver:
        await hooks.register(receiver.url)
        receiver.answer(Answer(hang=held), Answer(204))
        await hooks.tell(project_selected())
        async with hooks.worker() as job:
            while await job(hooks.metrics.database, hooks.metrics.clock):
                pass
            for _ in range(4):
                await hooks.tell(project_selected())
            await job._begin(hooks.metrics.database, hooks.metrics.clock)
            assert len(job._under_way) == len(job._slow) == 1
            while await job(hooks.metrics.database, hooks.metrics.clock):
                pass
            assert (len(receiver.got), job._slow) == (5, set())
        held.set()


async def test_of_a_busy_endpoint_no_more_are_taken_than_it_has_places(hooks: Hooks):
    with receiving() as receiver, receiving() as other:
        await hooks.register(receiver.url)
        await hooks.register(other.url, tenant="52130")
        for _ in range(20):
            await hooks.tell(project_selected(), project_selected(municipality_code="52130"))
        async with hooks.worker() as job:
            await job._begin(hooks.metrics.database, hooks.metrics.clock)
            taken = list(job._under_way.values())
            each = hooks.settings.webhook_at_once_per_endpoint
            assert sorted(taken.count(endpoint) for endpoint in set(taken)) == [each, each]
        leased = await hooks.rows("SELECT attempts, count(*) AS number FROM webhook_delivery GROUP BY attempts")
        assert {row["attempts"]: row["number"] for row in leased} == {0: 40 - 2 * each, 1: 2 * each}


async def test_what_cannot_be_sent_for_an_unknown_reason_counts_as_tried(hooks: Hooks):
    async def resolve(name: str, port: int) -> Sequence[str]:
        raise RuntimeError("nobody thought of this")

    await hooks.register("https://receiver.example/hooks")
    await hooks.tell(project_selected())
    await hooks.deliver(resolve=resolve)
    (tried,) = await hooks.rows(
        "SELECT delivery.state, delivery.tries, attempt.outcome FROM webhook_delivery AS delivery"
        " JOIN webhook_attempt AS attempt ON attempt.delivery_id = delivery.id"
    )
    assert dict(tried) == {"state": "FAILED", "tries": 1, "outcome": "UNREACHABLE"}
