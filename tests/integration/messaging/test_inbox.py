"""Claims stop a second delivery, and the guard keeps the order of each key, on the real tables."""

from common import inbox
from common.db import Database
from common.event import Envelope, new_id
from common.inbox import Claim, Key
from tests.support.parcels.driver import AT, rows


def _claim(key, sequence: int, *, event_id=None, outcome: str = inbox.APPLIED) -> Claim:
    envelope = Envelope(
        event_id=event_id or new_id(),
        type="t",
        topic="parcels.parcel.v1",
        key=key,
        sequence=sequence,
        occurred_at=AT,
        recorded_at=AT,
        correlation_id="c",
    )
    return Claim(envelope, outcome)


async def test_one_event_twice_inside_one_batch_is_claimed_once(database: Database):
    one = _claim(new_id(), 1)
    async with database.transaction() as tx:
        assert await inbox.claim(tx, [one, one]) == {one.envelope.event_id}
    assert await rows(database, "SELECT count(*) FROM inbox") == [(1,)]


async def test_a_claim_of_an_earlier_batch_does_not_come_back(database: Database):
    key = new_id()
    old, new = _claim(key, 1), _claim(key, 2)
    async with database.transaction() as tx:
        await inbox.claim(tx, [old])
    async with database.transaction() as tx:
        assert await inbox.claim(tx, [old, new]) == {new.envelope.event_id}
        assert (await inbox.lock(tx, [inbox.key_of(new.envelope)]))[inbox.key_of(new.envelope)].last == 2


async def test_positions_are_in_the_order_of_the_batch(database: Database):
    keys = [new_id(), new_id()]
    batch = [_claim(keys[n % 2], n // 2 + 1) for n in range(40)]
    async with database.transaction() as tx:
        await inbox.claim(tx, batch)
    found = await rows(database, "SELECT event_id FROM inbox ORDER BY position")
    assert [event_id for (event_id,) in found] == [claim.envelope.event_id for claim in batch]


async def test_a_key_that_is_no_uuid_stands_at_nothing(database: Database):
    async with database.transaction() as tx:
        assert (await inbox.lock(tx, [Key("t", "no uuid")]))[Key("t", "no uuid")].last == 0
