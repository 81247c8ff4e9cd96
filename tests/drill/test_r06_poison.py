"""Promise R6 in numbers: thousands of events, one in a hundred of them poison, and what that costs the good ones."""

import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import cycle
from pathlib import Path
from uuid import UUID

import pytest

from common.event import WireRecord, new_id
from smartfactory.stack.provision import DatabaseUrls
from tests.support import poison
from tests.support.drills.figures import Drill
from tests.support.parcels.driver import rows, scalar, wire
from tests.support.parcels.events import ParcelWeighed
from tests.support.parcels.main import SERVICE
from tests.support.parcels.running import Parcels, installed
from tests.support.servers import Servers
from tests.support.waiting import eventually

_KEYS = 200


@pytest.fixture
def urls(servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    servers.have_template(SERVICE)
    return fresh_databases("parcels", migrated=True)["parcels"]


@pytest.fixture
async def parcels(servers: Servers, urls: DatabaseUrls, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Parcels]:
    async with installed(servers, urls, topic_prefix, tmp_path) as made:
        yield made


@pytest.mark.promise("R6")
async def test_one_event_in_a_hundred_is_poison(parcels: Parcels, drill: Drill):
    """Rounds with and without poison, turn about, on one worker: how much later are the good events applied?

    The round before the first only warms up.
    """
    rounds, each = drill.scale(ci=4, full=20), drill.scale(ci=500, full=1_000)
    keys, kinds = [new_id() for _ in range(_KEYS)], cycle(poison.KINDS)
    sequences, sent = Counter[UUID](), dict[str, list[WireRecord]]()
    worker = parcels.worker().start()
    took: dict[bool, list[float]] = {True: [], False: []}
    good = 0
    for number in range(-1, rounds):
        poisoned = number % 2 == 1 and number > 0
        records: list[WireRecord] = []
        for place in range(each):
            if poisoned and place % 50 == 49:
                kind = next(kinds)
                record = poison.KINDS[kind].make(new_id())
                sent.setdefault(kind, []).append(record)
            else:
                key = keys[good % _KEYS]
                sequences[key] += 1
                good += 1
                record = wire(ParcelWeighed(parcel_id=key, grams=sequences[key]), sequences[key])
            records.append(record)
        began = time.monotonic()
        await parcels.publish(*records)
        await eventually(lambda wanted=good: _applied(parcels, wanted), 60, what="every good event applied")
        if number >= 0:
            took[poisoned].append(time.monotonic() - began)
    await eventually(parcels.consumed, 60)

    wanted = {key: (count, count * (count + 1) // 2, count) for key, count in sequences.items()}
    tallies = await rows(parcels.database, "SELECT parcel_id, events, grams, last_grams FROM tally")
    whole = sum(wanted[key] == tuple(tally) for key, *tally in tallies if key in wanted)
    kept = Counter(
        (bytes(value) if value is not None else None, key)
        for value, key in await rows(parcels.database, "SELECT record_value, record_key FROM parked_event")
    )
    made = [(record.value, record.key) for of_kind in sent.values() for record in of_kind]
    drill.figure("events sent", (rounds + 1) * each)
    drill.figure("kinds of poison", len(sent), limit=f">= {drill.scale(ci=20, full=20)}")
    drill.figure("poison events", len(made))
    drill.figure("good events lost or doubled", good - sum(count for count, *_ in _counts(tallies)), limit="== 0")
    drill.figure("parcels with another tally than theirs", len(wanted) - whole, limit="== 0")
    drill.figure("poison not kept exactly once", sum(kept[one] != 1 for one in made), limit="== 0")
    drill.figure("events parked that are no poison", sum(kept.values()) - len(made), limit="== 0")
    unplaced = await scalar(
        parcels.database,
        "SELECT count(*) FROM parked_event WHERE reason = '' OR kafka_offset < 0 OR partition < 0"
        " OR traceparent IS NULL AND record_headers::text LIKE '%ce_traceparent%'",
    )
    drill.figure("parked without reason, position or the trace they named", int(str(unplaced)), limit="== 0")
    drill.figure("restarts of the worker", int(worker.exit_code() is not None), limit="== 0")
    drill.figure("log lines with payload", worker.log.count(poison.MARK) + worker.log.count(poison.NINES), limit="== 0")
    added = statistics.median(took[True]) - statistics.median(took[False])
    drill.figure("a round without poison takes", statistics.median(took[False]), unit="s")
    # Of two rounds of each kind, as the short slice has, one that met other work of the machine is half of the median.
    drill.figure("added by poison", added, unit="s", limit=drill.scale(ci="<= 5", full="<= 1"))


def _counts(tallies: object) -> list[tuple[int, ...]]:
    return [tuple(tally) for _, *tally in tallies]  # type: ignore[attr-defined]


async def _applied(parcels: Parcels, wanted: int) -> bool:
    return await scalar(parcels.database, "SELECT coalesce(sum(events), 0) FROM tally") == wanted
