"""Promise R5: a real topic whose records are shuffled."""

import random
import time

import pytest

from common.event import new_id
from tests.support.drills.figures import Drill
from tests.support.parcels.driver import scalar, wire
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.judging import judge, settle
from tests.support.parcels.running import Parcels

WINDOW = 50


@pytest.mark.promise("R5", "I7")
async def test_events_that_come_in_any_order_have_their_effects_in_their_own(parcels: Parcels, drill: Drill):
    """Each key is one permutation: its events change places within a window of fifty, copies among them."""
    keys, each = [new_id() for _ in range(drill.scale(ci=60, full=1_000))], drill.scale(ci=5, full=8)
    random.Random(5).shuffle(keys)
    records, shuffle = [], random.Random(7)
    for key in keys:
        own = [(number, wire(ParcelSent(parcel_id=key, grams=1), number)) for number in range(1, each + 1)]
        own += shuffle.sample(own, len(own) // 3)
        records += [record for _, record in sorted(own, key=lambda one: one[0] + shuffle.uniform(0, WINDOW))]
    await parcels.publish(*records)
    began = time.monotonic()
    parcels.worker().start()
    await settle(parcels, keys, each, deadline=drill.scale(ci=60.0, full=300.0))
    drill.figure("permutations", len(keys))
    drill.figure("until all had their effect", time.monotonic() - began, unit="s")
    waited = await scalar(parcels.database, "SELECT count(*) FROM parked_event WHERE resolved_at IS NOT NULL")
    drill.figure("events that waited for an earlier one", int(str(waited)), limit="> 0")
    await judge(drill, parcels, keys, each)
