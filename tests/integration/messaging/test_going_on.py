"""What waited for another event of its key goes on by itself once that is done, some at a time."""

from uuid import UUID

import pytest

from common import parked
from common.clock import FixedClock
from common.consumer import redrive
from common.consumer.batch import Applier
from common.consumer.redrive import free
from common.db import Database
from common.event import WireRecord, new_id
from common.inbox import Key
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import AT, sequences_of, wire
from tests.support.parcels.events import ParcelSent

TOPIC = ParcelSent.TOPIC


@pytest.fixture
def applier(database: Database) -> Applier:
    return Applier(database, FixedClock(AT), HANDLERS, service="parcels")


async def test_what_a_dead_process_left_waiting_goes_on_with_the_next_event_of_its_key(
    database: Database, applier: Applier
):
    """Killed after the commit that closed the gap: the same records come again, and nobody else will look."""
    key = new_id()
    await applier.apply([_sent(key, 2)])
    closing = _sent(key, 1)
    await applier.apply([closing])
    async with database.transaction() as tx:
        assert await parked.keys_that_may_go_on(tx) == [Key(TOPIC, str(key))]
    for record in (closing, _sent(key, 3)):
        assert (await applier.apply([record])).freed == {Key(TOPIC, str(key))}
    assert await free(database, applier, {Key(TOPIC, str(key))}, service="parcels") == 2
    assert await sequences_of(database, key) == [1, 2, 3]
    async with database.transaction() as tx:
        assert await parked.keys_that_may_go_on(tx) == []


async def test_a_key_that_has_gone_on_is_not_looked_at_again_for_the_sake_of_others(
    database: Database, applier: Applier, monkeypatch: pytest.MonkeyPatch
):
    """Some at a time: whoever begins at the first key each time needs the square of the time."""
    monkeypatch.setattr(redrive, "AT_ONCE_MAX", 2)
    ids = [new_id() for _ in range(3)]
    await applier.apply([_sent(id_, sequence) for id_ in ids for sequence in (2, 3, 1)])
    keys = {Key(TOPIC, str(id_)) for id_ in ids}
    left = []
    while keys:
        await free(database, applier, keys, service="parcels")
        left.append(len(keys))
    assert left == [3, 2, 1, 0], "a key is left once it is seen that nothing of it goes on"
    for id_ in ids:
        assert await sequences_of(database, id_) == [1, 2, 3]


def _sent(key: UUID, sequence: int) -> WireRecord:
    return wire(ParcelSent(parcel_id=key, grams=1), sequence)
