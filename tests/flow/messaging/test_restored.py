"""A database restored to an earlier moment is held against Kafka and goes on, as docs/runbook/restore.md says it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from common.acting import THE_SERVICE
from common.db import Database
from common.event import new_id
from smartfactory.stack.provision import provision
from tests.flow.messaging.test_rebuild import TALLY, rebuilding, weigh
from tests.support.dumping import dump, restore
from tests.support.parcels.driver import deliveries, rows, scalar, send, sequences_of
from tests.support.parcels.events import DeliveryMade, ParcelSent
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually

_runs = count(1)


@dataclass(frozen=True)
class Held:
    """What the database was found to lack, by side, and how the process ended."""

    status: int
    log: str
    heard: set[tuple[str, UUID, int]]
    told: set[tuple[str, UUID, int]]
    replaced: set[tuple[str, UUID, int]]
    again: int
    """So many it has told again as they were."""
    count: int
    """So many can be heard again and taken back: what is confirmed."""


def held_against_kafka(parcels: Parcels, *arguments: str) -> Held:
    """`parcels restored`, to its end."""
    env = {
        "APP_ENV": "test",
        "DATABASE_URL": parcels.urls.application,
        "KAFKA_BOOTSTRAP_SERVERS": parcels.servers.bootstrap_servers,
        "KAFKA_TOPIC_PREFIX": parcels.prefix,
        "KAFKA_GROUP_PREFIX": parcels.prefix,
    }
    argv = (sys.executable, "-m", "tests.support.parcels.main", "restored", *arguments)
    process = parcels.servers.process(f"parcels-restored-{next(_runs)}", argv, env).start()
    status = process.wait_for_end(60)
    said = [json.loads(line) for line in process.log.splitlines() if line.startswith('{"side"')]
    by_side: dict[str, set[tuple[str, UUID, int]]] = {"heard": set(), "told": set(), "replaced": set()}
    for one in said:
        by_side[one["side"]].add((one["topic"], UUID(one["key"]), one["sequence"]))
    counted = [
        json.loads(line) for line in process.log.splitlines() if line.startswith('{"service": "parcels", "heard"')
    ]
    last = counted[-1] if counted else {"heard": 0, "told": 0, "again": 0}
    return Held(status, process.log, **by_side, again=last["again"], count=last["heard"] + last["told"])


def confirmed(found: Held) -> tuple[str, ...]:
    return ("--confirm", str(found.count), "--by", "kim", "--reason", "the disk of the database was lost")


async def restored_to(parcels: Parcels, written: Path) -> None:
    """Nothing of the database is left, and it is made again of what was written down."""
    await parcels.database.dispose()
    name = parcels.urls.owner.rsplit("/", 1)[1]
    admin = parcels.servers.postgres
    admin.run(f"DROP DATABASE {name} WITH (FORCE)")
    provision(admin, parcels.servers._passwords, {"parcels": name})
    restore(admin, name, written)


async def effects(parcels: Parcels) -> tuple[list[Any], Sequence[Any]]:
    return sorted(await deliveries(parcels.database)), await rows(parcels.database, TALLY)


async def at_rest(parcels: Parcels, events: int) -> None:
    """All that was told is sent, heard and done with."""

    async def done() -> bool:
        assert await scalar(parcels.database, "SELECT count(*) FROM inbox") == events
        assert await parcels.unpublished() == 0
        return await parcels.consumed()

    await eventually(done, what=f"{events} events are done with")


@pytest.mark.promise("R39", "I5", "I6")
async def test_dumped_destroyed_and_restored_it_names_what_it_lacks_and_has_each_effect_once(
    parcels: Parcels, tmp_path: Path
):
    keys, later = [new_id() for _ in range(3)], new_id()
    worker, written = parcels.worker().start(), tmp_path / "parcels.dump"
    for key in keys:
        await send(parcels.database, key, 1, 2)
    await at_rest(parcels, 6)
    dump(parcels.servers.postgres, parcels.urls.owner.rsplit("/", 1)[1], written)
    for key in (*keys[:2], later):
        await send(parcels.database, key, 3)
    await weigh(parcels, keys, 5)
    await at_rest(parcels, 12)
    before = await effects(parcels)
    worker.stop()

    await restored_to(parcels, written)
    assert len((await effects(parcels))[0]) == 6
    found = held_against_kafka(parcels)
    sent = {(ParcelSent.TOPIC, key, 3) for key in keys} | {(ParcelSent.TOPIC, key, 4) for key in keys[:2]}
    sent |= {(ParcelSent.TOPIC, later, 1)}
    made = {(DeliveryMade.TOPIC, key, 3) for key in keys[:2]} | {(DeliveryMade.TOPIC, later, 1)}
    assert (found.heard, found.told, found.replaced, found.again) == (sent, sent | made, set(), 0)
    assert found.status == 1

    # What handlers tell again has the places that it had: nobody hears it twice, and nothing takes it back.
    mended = held_against_kafka(parcels, *confirmed(found))
    assert (mended.status, mended.heard, mended.told) == (0, set(), sent), mended.log
    assert (mended.replaced, mended.again) == (set(), len(made))
    assert await effects(parcels) == before
    assert held_against_kafka(parcels).status == 0

    worker.start()
    await send(parcels.database, keys[0], 7)
    await at_rest(parcels, 13)
    assert "restored, does not know" not in worker.log, "the logs are known by their ends again"
    assert await sequences_of(parcels.database, keys[0]) == [1, 2, 3, 5], "it is told after what others have"
    assert await scalar(parcels.database, "SELECT count(*) FROM parked_event") == 0
    assert await heard_by_others(parcels, ParcelSent.TOPIC) == {keys[0]: 5, keys[1]: 4, keys[2]: 3, later: 1}
    assert await heard_by_others(parcels, DeliveryMade.TOPIC) == {keys[0]: 4, keys[1]: 3, keys[2]: 2, later: 1}
    tally = await rows(parcels.database, TALLY)
    assert rebuilding(parcels).start().wait_for_end() == 0
    assert await rows(parcels.database, TALLY) == tally, "the same projection follows from the logs alone"
    journal = "SELECT decision, (facts ->> 'events')::int FROM journal_entry"
    assert await rows(parcels.database, journal) == [("log.taken-back", 6)]


async def heard_by_others(parcels: Parcels, topic: str) -> dict[UUID, int]:
    """Up to where a listener is with each key, by the rule of the sequence; none finds a gap."""
    last: dict[UUID, int] = {}
    for record in await parcels.topic(topic):
        key, sequence = UUID(record.key.decode()), int(dict(record.headers)["ce_sequence"])
        assert sequence <= last.get(key, 0) + 1, "a gap"
        last[key] = max(last.get(key, 0), sequence)
    return last


@pytest.mark.promise("R39")
async def test_nothing_is_changed_without_the_count_that_was_shown_or_while_its_processes_run(
    parcels: Parcels, tmp_path: Path
):
    written, key = tmp_path / "parcels.dump", new_id()
    dump(parcels.servers.postgres, parcels.urls.owner.rsplit("/", 1)[1], written)
    worker = parcels.worker().start()
    await send(parcels.database, key, 1, 2)
    await at_rest(parcels, 2)
    assert held_against_kafka(parcels).status == 0, "while nothing is lost nothing differs"
    worker.stop()
    await restored_to(parcels, written)
    found = held_against_kafka(parcels)
    assert found.count == 6
    for wrong in (("--confirm", "5", *confirmed(found)[2:]), ("--confirm", "6", "--by", "kim")):
        refused = held_against_kafka(parcels, *wrong)
        assert refused.status == 1
        assert "Nothing changed" in refused.log
    running = Database(parcels.urls.application, application_name="parcels-api", acting=THE_SERVICE)
    await scalar(running, "SELECT 1")
    refused = held_against_kafka(parcels, *confirmed(found))
    await running.dispose()
    assert "parcels-api is running: stop it first" in refused.log
    assert await effects(parcels) == ([], [])
    assert await scalar(parcels.database, "SELECT count(*) FROM outbox") == 0


@pytest.mark.promise("R39")
async def test_of_two_events_in_one_place_the_first_is_taken_back_and_the_second_is_named(
    parcels: Parcels, tmp_path: Path
):
    written, key = tmp_path / "parcels.dump", new_id()
    worker = parcels.worker().start()
    await send(parcels.database, key, 1)
    await at_rest(parcels, 1)
    dump(parcels.servers.postgres, parcels.urls.owner.rsplit("/", 1)[1], written)
    await send(parcels.database, key, 2)
    await at_rest(parcels, 2)
    before = await effects(parcels)
    worker.stop()

    # Nobody held it against Kafka, so its worker gives the second place of the key away once more.
    await restored_to(parcels, written)
    worker.start()
    await send(parcels.database, key, 3)
    await at_rest(parcels, 2)
    worker.stop()

    await restored_to(parcels, written)
    second = {(topic, key, 2) for topic in (ParcelSent.TOPIC, DeliveryMade.TOPIC)}
    found = held_against_kafka(parcels)
    assert (found.heard, found.told, found.replaced) == ({(ParcelSent.TOPIC, key, 2)}, second, second), found.log
    mended = held_against_kafka(parcels, *confirmed(found))
    assert (mended.status, mended.heard, mended.told) == (0, set(), {(ParcelSent.TOPIC, key, 2)}), mended.log
    assert (mended.replaced, mended.again) == (second, 1)
    assert await effects(parcels) == before, "what others have heard"
    assert held_against_kafka(parcels).status == 0

    worker.start()
    await send(parcels.database, key, 4)
    await at_rest(parcels, 3)
    assert await sequences_of(parcels.database, key) == [1, 2, 3]
    assert await heard_by_others(parcels, ParcelSent.TOPIC) == {key: 3}


@pytest.mark.promise("R39")
async def test_a_worker_on_a_restored_database_says_so_before_its_first_event_leaves(parcels: Parcels, tmp_path: Path):
    written, key = tmp_path / "parcels.dump", new_id()
    worker = parcels.worker().start()
    await send(parcels.database, key, 1)
    await at_rest(parcels, 1)
    dump(parcels.servers.postgres, parcels.urls.owner.rsplit("/", 1)[1], written)
    await send(parcels.database, key, 2)
    await at_rest(parcels, 2)
    worker.stop()
    await restored_to(parcels, written)
    worker.start()
    await send(parcels.database, key, 3)

    async def told() -> bool:
        said = f'kafka_log_lost{{side="beyond",topic="{ParcelSent.TOPIC}"}} 1.0'
        try:
            return said in (await parcels.health(worker, "openmetrics")).text
        except httpx2.HTTPError:
            return False  # it does not serve yet

    await eventually(told)
    worker.wait_for_log("restored, does not know: see docs/runbook/restore.md")
