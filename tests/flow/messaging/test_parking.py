"""What cannot be applied waits with its key, and everything else flows (promises R5 and R6)."""

import msgspec
import pytest

from common import parked
from common.auth import Principal
from common.consumer.redrive import redrive
from common.event import new_id
from common.inbox import Key
from tests.support.parcels.driver import rows, send, sequences_of, set_limit, wire
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually

TOO_HEAVY = 987_654_321  # grams; so long a number that no id or time in a log has it by chance
OPERATOR = Principal(issuer="i", subject="op", role="platform.operator", tenant=None, token_id="t")


async def _parked(parcels: Parcels) -> list[tuple[int | None, str]]:
    async with parcels.database.transaction() as tx:
        return [(event.sequence, event.reason) for event in await parked.list_waiting(tx)]


async def _sequences(parcels: Parcels, key, wanted: list[int]) -> bool:
    return await sequences_of(parcels.database, key) == wanted


@pytest.mark.promise("R6")
async def test_a_poison_event_is_parked_while_others_flow_and_is_redriven_in_order(parcels: Parcels):
    heavy, light = new_id(), new_id()
    worker = parcels.worker().start()
    await send(parcels.database, heavy, 1, TOO_HEAVY, 3, 4)
    await send(parcels.database, light, 1, 2, 3)
    await eventually(lambda: _sequences(parcels, light, [1, 2, 3]))
    await eventually(lambda: _is(parcels, [(2, "refused"), (3, "behind"), (4, "behind")]))
    assert await sequences_of(parcels.database, heavy) == [1]
    # While it is parked, both keys go on: one flows, the other waits in line.
    await send(parcels.database, heavy, 5)
    await send(parcels.database, light, 4)
    await eventually(lambda: _sequences(parcels, light, [1, 2, 3, 4]))
    await eventually(lambda: _is(parcels, [(2, "refused"), (3, "behind"), (4, "behind"), (5, "behind")]))

    await set_limit(parcels.database, TOO_HEAVY)
    done = await redrive(parcels.database, parcels.applier, Key(ParcelSent.TOPIC, str(heavy)), by=OPERATOR)
    assert (done.applied, done.left) == (4, 0)
    assert await sequences_of(parcels.database, heavy) == [1, 2, 3, 4, 5]
    await send(parcels.database, heavy, 6)
    await eventually(lambda: _sequences(parcels, heavy, [1, 2, 3, 4, 5, 6]))
    assert worker.exit_code() is None
    assert str(TOO_HEAVY) not in worker.log, "an event's content reached the log"


@pytest.mark.promise("R6", "A12")
async def test_bytes_that_are_no_event_are_parked_once_and_stop_nobody(parcels: Parcels):
    good, bad = new_id(), new_id()
    broken = msgspec.structs.replace(wire(ParcelSent(parcel_id=bad, grams=1), 1), value=b'{"parcel_id": "\xff"}')
    nothing = msgspec.structs.replace(broken, value=None, headers=[], key=b"\x00")
    await parcels.publish(broken, wire(ParcelSent(parcel_id=good, grams=1), 1), nothing, broken)
    parcels.worker().start()
    await eventually(lambda: _sequences(parcels, good, [1]))
    await eventually(lambda: _is(parcels, [(None, "undecodable"), (1, "undecodable")]))
    kept = await rows(parcels.database, "SELECT record_value FROM parked_event WHERE sequence = 1")
    assert kept == [(b'{"parcel_id": "\xff"}',)]


@pytest.mark.promise("R5")
async def test_a_sequence_gap_parks_only_its_key_until_the_missing_event_comes(parcels: Parcels):
    gap, whole = new_id(), new_id()

    def sent(key, sequence: int):
        return wire(ParcelSent(parcel_id=key, grams=sequence), sequence)

    parcels.worker().start()
    await parcels.publish(sent(gap, 1), sent(gap, 3), sent(whole, 1), sent(gap, 4), sent(whole, 2))
    await eventually(lambda: _sequences(parcels, whole, [1, 2]))
    await eventually(lambda: _is(parcels, [(3, "gap"), (4, "behind")]))
    assert await sequences_of(parcels.database, gap) == [1]
    await parcels.publish(sent(gap, 2), sent(gap, 5))
    await eventually(lambda: _sequences(parcels, gap, [1, 2, 3, 4, 5]))
    assert await _parked(parcels) == []


async def _is(parcels: Parcels, wanted: list[tuple[int | None, str]]) -> bool:
    found = await _parked(parcels)
    return sorted(found, key=str) == sorted(wanted, key=str)
