"""A worker that dies at the worst moments loses nothing and does nothing twice (promises R3 and R4)."""

import asyncio
import itertools
from collections import Counter
from typing import Any

import pytest

from common.event import new_id
from tests.support.parcels.driver import deliveries, rows, scalar, send, sequences_of, wire
from tests.support.parcels.events import ParcelSent, ParcelWeighed
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually


async def _all_delivered(parcels: Parcels, keys: list[Any], each: int) -> None:
    # To the end of the topic: what a kill has doubled comes last.
    await eventually(parcels.consumed)
    for key in keys:
        assert await sequences_of(parcels.database, key) == list(range(1, each + 1))


@pytest.mark.promise("R3", "I7")
async def test_a_worker_killed_between_the_database_commit_and_the_offset_commit_repeats_nothing(parcels: Parcels):
    keys = [new_id() for _ in range(3)]
    for key in keys:
        await send(parcels.database, key, *range(1, 11))
    worker = parcels.worker("consumer.after_commit=kill9").start()
    assert worker.wait_for_end() == -9
    assert worker.hit("consumer.after_commit")
    before = await deliveries(parcels.database)
    assert before, "it died before anything was committed"
    worker.start(FAILPOINTS="")
    await _all_delivered(parcels, keys, 10)
    metrics = (await parcels.health(worker, "openmetrics")).text
    assert 'outcome="old"' in metrics, "nothing was delivered again, so the drill proved nothing"


@pytest.mark.promise("R3", "A2")
async def test_a_relay_killed_between_send_and_mark_sends_again_and_nothing_happens_twice(parcels: Parcels):
    keys = [new_id() for _ in range(3)]
    for key in keys:
        await send(parcels.database, key, *range(1, 11))
    worker = parcels.worker("relay.after_send=kill9").start()
    assert worker.wait_for_end() == -9
    assert worker.hit("relay.after_send")
    assert await parcels.unpublished() == 30
    assert len(await parcels.topic()) == 30
    worker.start(FAILPOINTS="")
    await _all_delivered(parcels, keys, 10)
    ids = Counter(dict(record.headers)["ce_id"] for record in await parcels.topic())
    assert set(ids.values()) == {2}, "each event stands in the topic twice"


@pytest.mark.promise("R4")
async def test_duplicates_inside_one_batch_have_one_effect(parcels: Parcels):
    keys = [new_id() for _ in range(4)]
    sent = [wire(ParcelSent(parcel_id=key, grams=n), n) for n in (1, 2) for key in keys]
    weighed = [wire(ParcelWeighed(parcel_id=key, grams=n), n) for n in (3, 4) for key in keys]
    copies = itertools.chain.from_iterable([record, record, record] for record in [*sent, *weighed])
    await parcels.publish(*copies, *sent, *weighed)
    parcels.worker().start()
    await eventually(parcels.consumed)
    for key in keys:
        assert await sequences_of(parcels.database, key) == [1, 2]
    assert await rows(parcels.database, "SELECT DISTINCT events, grams, last_grams FROM tally") == [(2, 7, 4)]


async def test_of_two_workers_one_leads_and_the_other_takes_over_when_it_dies(parcels: Parcels):
    keys = [new_id() for _ in range(3)]
    first, second = parcels.worker().start(), parcels.worker().start()

    async def leader() -> object:
        return await scalar(
            parcels.database,
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
        )

    assert await eventually(leader) == 1
    sending = asyncio.create_task(_send_slowly(parcels, keys))
    await eventually(lambda: _some(parcels))
    first.kill()
    await sending
    await _all_delivered(parcels, keys, 40)
    assert second.stop() == 0


async def _some(parcels: Parcels) -> bool:
    return len(await deliveries(parcels.database)) > 5


async def _send_slowly(parcels: Parcels, keys: list[Any]) -> None:
    for number in range(1, 41):
        for key in keys:
            await send(parcels.database, key, number)


@pytest.mark.promise("R8")
async def test_connections_cut_by_the_database_cost_a_pause_and_no_event(parcels: Parcels):
    keys = [new_id() for _ in range(3)]
    worker = parcels.worker().start()
    sending = asyncio.create_task(_send_slowly(parcels, keys))
    name = parcels.urls.owner.rsplit("/", 1)[1]
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND application_name = 'parcels-worker'"
    )
    cuts = 0
    while not sending.done() or cuts < 3:
        await eventually(lambda: _some(parcels))
        cuts += int(parcels.servers.postgres.run(cut)) > 0
        await asyncio.sleep(0.1)
    await sending
    await _all_delivered(parcels, keys, 40)
    assert worker.exit_code() is None
    assert worker.stop() == 0
