"""A projection made anew from the log while it lives: equal, at once, without a trace outside, or not at all."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from common import journal, outbox
from common.auth import Principal
from common.clock import SystemClock
from common.consumer import Handlers, Received
from common.consumer.rebuild import Projection, rebuild
from common.db import Database, Transaction
from common.event import new_id
from common.kafka_history import History
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import AT, rows, scalar, tell
from tests.support.parcels.events import DeliveryMade, ParcelSent, ParcelWeighed
from tests.support.parcels.running import Parcels
from tests.support.parcels.tables import Tables
from tests.support.servers import ServiceProcess
from tests.support.waiting import eventually

TALLY = "SELECT parcel_id, events, grams, last_grams FROM tally ORDER BY parcel_id"
SPOIL = "UPDATE tally SET grams = 0 RETURNING 1"


def rebuilding(parcels: Parcels, failpoints: str = "") -> ServiceProcess:
    """`parcels rebuild`, not yet started."""
    env = {
        "APP_ENV": "test",
        "DATABASE_URL": parcels.urls.application,
        "MIGRATIONS_DATABASE_URL": parcels.urls.owner,
        "KAFKA_BOOTSTRAP_SERVERS": parcels.servers.bootstrap_servers,
        "KAFKA_TOPIC_PREFIX": parcels.prefix,
        "FAILPOINTS": failpoints,
    }
    argv = (sys.executable, "-m", "tests.support.parcels.main", "rebuild")
    return parcels.servers.process("parcels-rebuild", argv, env)


async def weigh(parcels: Parcels, keys: Sequence[object], *grams: int) -> None:
    for weight in grams:
        for key in keys:
            async with parcels.database.transaction() as tx:
                await tell(tx, ParcelWeighed(parcel_id=key, grams=weight))


async def spoilt(parcels: Parcels) -> tuple[Sequence[tuple[object, ...]], ServiceProcess]:
    """A live projection that went wrong; what it was before, and the worker that keeps it."""
    worker = parcels.worker().start()
    keys = [new_id() for _ in range(3)]
    await weigh(parcels, keys, 1, 2, 3)
    await eventually(lambda: _is(parcels, 3, 6))
    true = await rows(parcels.database, TALLY)
    await rows(parcels.database, SPOIL)
    return true, worker


async def _is(parcels: Parcels, events: int, grams: int) -> bool:
    return [row[1:3] for row in await rows(parcels.database, TALLY)] == [(events, grams)] * 3


async def _waits(parcels: Parcels) -> bool:
    """Whether the worker wants a lock that somebody holds."""
    waiting = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'parcels-worker' AND wait_event_type = 'Lock'"
    )
    return bool(await scalar(parcels.database, waiting))


@pytest.mark.promise("R16", "I6")
async def test_a_spoilt_projection_is_what_it_was_and_nothing_else_changed(parcels: Parcels):
    true, _ = await spoilt(parcels)
    around = "SELECT count(*), count(published_at) FROM outbox UNION ALL SELECT count(*), max(position) FROM inbox"
    before = await rows(parcels.database, around)
    done = rebuilding(parcels).start()
    assert done.wait_for_end() == 0, done.log
    assert '"events": 9, "rows": {"tally": 3}' in done.log
    assert await rows(parcels.database, TALLY) == true
    assert await rows(parcels.database, around) == before


@pytest.mark.promise("R16")
async def test_it_is_read_as_it_was_until_the_new_one_is_whole_and_what_arrives_meanwhile_is_in_it_once(
    parcels: Parcels, tmp_path: Path
):
    true, _ = await spoilt(parcels)
    keys = [row[0] for row in true]
    read_on, exchange, commit = (tmp_path / name for name in ("read-on", "exchange", "commit"))
    places = f"rebuild.half_way=pause:{read_on};rebuild.before_exchange=pause:{exchange};rebuild.before_commit=pause:{commit}"
    done = rebuilding(parcels, places).start()
    await eventually(lambda: done.hit("rebuild.half_way"))
    await weigh(parcels, keys, 4)
    await eventually(lambda: _is(parcels, 4, 4), what="the live one going on while the new one is made")
    read_on.touch()
    await eventually(lambda: done.hit("rebuild.before_exchange"))
    await weigh(parcels, keys, 5)
    await eventually(lambda: _waits(parcels), what="the live consumer at the claims that are held")
    exchange.touch()
    await eventually(lambda: done.hit("rebuild.before_commit"))
    assert await _is(parcels, 4, 4), "readers see the old one, and do not wait"
    commit.touch()
    assert done.wait_for_end() == 0, done.log
    assert '"events": 12' in done.log
    await eventually(lambda: _is(parcels, 5, 15))


@pytest.mark.promise("R16")
async def test_killed_half_way_it_leaves_the_live_one_as_it_was(parcels: Parcels):
    true, _ = await spoilt(parcels)
    before = await rows(parcels.database, TALLY)
    for place in ("rebuild.half_way", "rebuild.before_commit"):
        killed = rebuilding(parcels, f"{place}=kill9").start()
        assert killed.wait_for_end() == -9
        assert killed.hit(place)
        assert await rows(parcels.database, TALLY) == before
    # The consumer goes on as if nothing had been, and the next rebuild finds no leftover.
    await weigh(parcels, [row[0] for row in true], 4)
    await eventually(lambda: _is(parcels, 4, 4))
    assert rebuilding(parcels).start().wait_for_end() == 0
    assert await _is(parcels, 4, 10)


@pytest.mark.promise("R16")
async def test_what_a_handler_tells_or_decides_again_reaches_nobody(parcels: Parcels):
    told: list[int] = []

    async def on_weighed(tx: Transaction, event: ParcelWeighed, received: Received) -> None:
        told.append(received.sequence)
        await outbox.record(tx, DeliveryMade(parcel_id=event.parcel_id, grams=event.grams), at=AT)
        by = Principal.service("parcels")
        await journal.record(tx, chain=f"parcel/{event.parcel_id}", decision="weighed", by=by, at=AT, facts={})

    await spoilt(parcels)
    around = "SELECT count(*) FROM outbox UNION ALL SELECT count(*) FROM journal_entry"
    before = await rows(parcels.database, around)
    await _rebuild(parcels, {ParcelWeighed: on_weighed})
    assert sorted(told) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert await rows(parcels.database, around) == before
    assert await rows(parcels.database, TALLY) == [], "this handler keeps no tally, so there is none"


async def test_a_log_that_lost_something_is_no_source(parcels: Parcels):
    await spoilt(parcels)
    before = await rows(parcels.database, TALLY)
    lost = (
        "INSERT INTO inbox (event_id, type, topic, key, sequence, outcome)"
        " SELECT gen_random_uuid(), type, topic, gen_random_uuid(), 1, 'applied' FROM inbox LIMIT 1 RETURNING 1"
    )
    await rows(parcels.database, lost)
    refused = rebuilding(parcels).start()
    assert refused.wait_for_end() == 1
    assert "10 events were applied, 9 of them are in Kafka" in refused.log
    assert await rows(parcels.database, TALLY) == before


async def test_what_is_parked_is_not_in_it(parcels: Parcels):
    true, _ = await spoilt(parcels)
    stuck = new_id()
    async with parcels.database.transaction() as tx:
        await tell(tx, ParcelSent(parcel_id=stuck, grams=5000))
        await tell(tx, ParcelWeighed(parcel_id=stuck, grams=7))
    await eventually(lambda: scalar(parcels.database, "SELECT count(*) = 2 FROM parked_event"))
    await _rebuild(parcels, {})
    assert await rows(parcels.database, TALLY) == true


async def _rebuild(parcels: Parcels, handlers: Handlers) -> None:
    owner = Database(parcels.urls.owner, application_name="rebuild", pool_size=1)
    try:
        async with History(parcels.options, [ParcelWeighed.TOPIC]) as history, asyncio.timeout(60):
            await rebuild(
                owner,
                history,
                {**HANDLERS, **handlers},
                Projection(tables=("tally",), events=(ParcelWeighed,)),
                service="parcels",
                clock=SystemClock(),
                tables=Tables.metadata,
            )
    finally:
        await owner.dispose()
