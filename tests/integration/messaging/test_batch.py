"""From fetched records to effects: once, in order, all or parked, whatever the batch holds."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import text

from common import db, failpoints, parked
from common.acting import THE_SERVICE
from common.auth import Principal
from common.clock import FixedClock
from common.consumer import Handler, Received, handling
from common.consumer import batch as batch_
from common.consumer.batch import PARKED_IN_A_ROW_MAX, Applier, Trouble
from common.consumer.redrive import free, redrive
from common.db import Database, Transaction
from common.event import WireRecord, new_id
from common.inbox import Key
from common.parked import DiscardNeedsSecondPerson, DiscardNotAsked, NotFirstOfItsKey, ParkedEventResolved
from smartfactory.stack.provision import DatabaseUrls
from tests.support.parcels.consumers import HANDLERS, on_parcel_sent
from tests.support.parcels.driver import AT, deliveries, rows, scalar, send, sequences_of, set_limit, tell, wire
from tests.support.parcels.events import DeliveryMade, ParcelNoticed, ParcelSent, ParcelWeighed

FIRST = Principal(issuer="i", subject="one", role="platform.operator", tenant=None, token_id="1")
SECOND = Principal(issuer="i", subject="two", role="platform.operator", tenant=None, token_id="2")
TOPIC = ParcelSent.TOPIC


@pytest.fixture
def applier(database: Database) -> Applier:
    return Applier(database, FixedClock(AT), HANDLERS, service="parcels")


@pytest.fixture(autouse=True)
def _no_failpoints() -> Iterator[None]:
    yield
    failpoints.arm("")


def _sent(key, sequence: int, grams: int = 1, **more) -> WireRecord:
    return wire(ParcelSent(parcel_id=key, grams=grams), sequence, **more)


def _broken(record: WireRecord) -> WireRecord:
    return msgspec.structs.replace(record, value=b'{"parcel_id": 7}')


def _retyped(record: WireRecord, type_: str) -> WireRecord:
    headers = [(name, type_.encode() if name == "ce_type" else value) for name, value in record.headers]
    return msgspec.structs.replace(record, headers=headers)


async def _parked(database: Database) -> list[tuple[int | None, str]]:
    async with database.transaction() as tx:
        return [(event.sequence, event.reason) for event in await parked.list_waiting(tx)]


@pytest.mark.promise("R4")
async def test_a_duplicate_inside_one_batch_and_one_in_the_next_have_one_effect(database: Database, applier: Applier):
    key = new_id()
    first, second = _sent(key, 1), _sent(key, 2)
    weighed = wire(ParcelWeighed(parcel_id=key, grams=5), 3)
    await applier.apply([first, first, second, weighed, second, weighed])
    await applier.apply([second, weighed])
    assert await sequences_of(database, key) == [1, 2]
    assert await rows(database, "SELECT events, grams FROM tally") == [(1, 5)]


async def test_unused_and_unknown_types_advance_the_sequence(database: Database, applier: Applier):
    key = new_id()
    strange = _retyped(_sent(key, 2), "kr.jeonbuk.smartfactory.parcels.parcel.painted.v1")
    await applier.apply([wire(ParcelNoticed(parcel_id=key), 1), strange, _sent(key, 3)])
    assert await sequences_of(database, key) == [3]
    outcomes = await rows(database, "SELECT sequence, outcome FROM inbox ORDER BY position")
    assert outcomes == [(1, "unused"), (2, "unused"), (3, "applied")]


@pytest.mark.promise("R6")
async def test_a_poison_event_is_parked_with_its_bytes_and_only_its_key_waits(database: Database, applier: Applier):
    bad, good = new_id(), new_id()
    poison = _broken(_sent(bad, 2, offset=7))
    await applier.apply([_sent(bad, 1), poison, _sent(good, 1), _sent(bad, 3), _sent(good, 2)])
    await applier.apply([poison, _sent(bad, 4)])
    assert await sequences_of(database, bad) == [1]
    assert await sequences_of(database, good) == [1, 2]
    assert await _parked(database) == [(2, "undecodable"), (3, "behind"), (4, "behind")]
    async with database.transaction() as tx:
        event = (await parked.list_waiting(tx))[0]
    assert (event.record.value, event.record.offset, event.record.headers) == (poison.value, 7, list(poison.headers))


@pytest.mark.promise("R7")
async def test_a_known_type_of_an_unknown_version_is_parked(database: Database, applier: Applier):
    record = _retyped(_sent(new_id(), 1), ParcelSent.TYPE.replace(".v1", ".v2"))
    await applier.apply([record])
    assert await _parked(database) == [(1, "unknown-version")]


@pytest.mark.parametrize(
    "damage",
    [
        {"value": None},
        {"value": b"\xff\xfe"},
        {"value": b""},
        {"value": b"[" * 10_000},
        {"value": b'{"parcel_id":"'},
        {"key": b"\x00\xff"},
        {"key": None},
        {"headers": []},
        {"headers": [("ce_id", b"\xff")]},
    ],
    ids=str,
)
@pytest.mark.promise("R6")
async def test_no_damage_stops_the_others(database: Database, applier: Applier, damage: dict[str, object]):
    good = new_id()
    damaged = msgspec.structs.replace(_sent(new_id(), 1), **damage)
    for _ in range(2):
        await applier.apply([damaged, _sent(good, 1)])
    assert await sequences_of(database, good) == [1]
    assert await scalar(database, "SELECT count(*) FROM parked_event") == 1


async def test_a_refused_event_stands_alone_and_the_rest_of_its_batch_is_applied(database: Database, applier: Applier):
    heavy, others = new_id(), [new_id() for _ in range(20)]
    batch = [_sent(key, 1) for key in others]
    batch[13:13] = [_sent(heavy, 1, 5000), _sent(heavy, 2)]
    await applier.apply(batch)
    assert sorted(key for key, _, _ in await deliveries(database)) == sorted(others)
    assert await _parked(database) == [(1, "refused"), (2, "behind")]
    # Nothing of the refused transaction stayed: no outbox row, no claim.
    assert await scalar(database, "SELECT count(*) FROM outbox") == len(others)
    assert await scalar(database, "SELECT count(*) FROM inbox WHERE key = :key", key=heavy) == 0


async def test_a_redrive_applies_a_key_in_order_and_stops_at_what_still_fails(database: Database, applier: Applier):
    key = new_id()
    await applier.apply([_sent(key, 1, 2000), _sent(key, 2), _sent(key, 3, 3000), _sent(key, 4)])
    where = Key(TOPIC, str(key))
    assert (await redrive(database, applier, where, by=FIRST)).applied == 0
    await set_limit(database, 2500)
    done = await redrive(database, applier, where, by=FIRST)
    assert (done.applied, done.left) == (2, 2)
    assert await sequences_of(database, key) == [1, 2]
    assert await _parked(database) == [(3, "refused"), (4, "behind")]
    await set_limit(database, 5000)
    assert (await redrive(database, applier, where, by=FIRST)).left == 0
    assert await sequences_of(database, key) == [1, 2, 3, 4]
    assert await rows(database, "SELECT DISTINCT resolution, resolved_by FROM parked_event") == [
        ("redriven", FIRST.actor)
    ]


@pytest.mark.promise("R5")
async def test_a_gap_parks_only_its_key_and_closes_by_itself(database: Database, applier: Applier):
    gap, whole = new_id(), new_id()
    await applier.apply([_sent(gap, 1), _sent(gap, 3), _sent(whole, 1), _sent(gap, 4), _sent(whole, 2)])
    assert await sequences_of(database, gap) == [1]
    assert await sequences_of(database, whole) == [1, 2]
    assert await _parked(database) == [(3, "gap"), (4, "behind")]
    applied = await applier.apply([_sent(gap, 2)])
    await free(database, applier, set(applied.freed), service="parcels")
    assert await sequences_of(database, gap) == [1, 2, 3, 4]
    assert await _parked(database) == []


async def test_an_event_that_failed_by_itself_does_not_go_on_by_itself(database: Database, applier: Applier):
    key = new_id()
    await applier.apply([_sent(key, 1, 2000), _sent(key, 2)])
    assert (await applier.apply([_sent(key, 3)])).freed == frozenset()
    async with database.transaction() as tx:
        assert await parked.keys_that_may_go_on(tx) == []


async def test_an_event_under_the_id_of_another_is_parked_and_can_be_discarded(database: Database, applier: Applier):
    """It can never be claimed: waiting for that would hold up its partition for ever."""
    key, other, good, id_ = new_id(), new_id(), new_id(), new_id()
    first = _sent(key, 1, event_id=id_)
    await applier.apply([_sent(other, 1, event_id=id_), first, _sent(good, 1)])
    await applier.apply([first, _sent(key, 2), _sent(good, 2)])
    assert await sequences_of(database, other) == [1]
    assert await sequences_of(database, good) == [1, 2]
    assert await _parked(database) == [(1, "failed"), (2, "behind")]
    async with database.transaction() as tx:
        false = (await parked.list_waiting(tx))[0]
        await parked.ask_discard(tx, false.id, by=FIRST, reason="not ours", at=AT)
    async with database.transaction() as tx:
        freed = await parked.confirm_discard(tx, false.id, by=SECOND, at=AT)
    assert await free(database, applier, {freed}, service="parcels") == 1
    assert await sequences_of(database, key) == [2]


def _applier(database: Database, handler: Handler) -> Applier:
    return Applier(database, FixedClock(AT), HANDLERS | {ParcelSent: handler}, service="parcels")


async def _slow_when_heavy(tx: Transaction, event: ParcelSent, received: Received) -> None:
    if event.grams > 1000:
        tried.append(event.grams)
        await asyncio.Event().wait()
    await on_parcel_sent(tx, event, received)


tried: list[int] = []


@pytest.mark.promise("R15")
async def test_a_handler_that_does_not_end_is_tried_twice_and_stands_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(handling, "_HANDLER_SECONDS", 1.5)
    monkeypatch.setattr(batch_, "_SLOW_DATABASE_SECONDS", 60.0)
    tried.clear()
    applier = _applier(database, _slow_when_heavy)
    keys = [new_id() for _ in range(40)]
    batch = [_sent(key, 1, 5000 if key == keys[7] else 1) for key in keys]
    await applier.apply(batch)
    assert (len(await deliveries(database)), await _parked(database)) == (39, [(1, "failed")])
    assert len(tried) == 2


@pytest.mark.promise("R9")
async def test_a_slow_database_is_waited_out_and_parks_no_good_event(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(handling, "_HANDLER_SECONDS", 0.1)
    monkeypatch.setattr(batch_, "_SLOW_DATABASE_SECONDS", 0.0)
    with pytest.raises(Trouble):
        await _applier(database, _slow_when_heavy).apply([_sent(new_id(), 1, 5000)])
    assert await _parked(database) == []


@pytest.mark.promise("A17")
async def test_a_long_batch_is_settled_in_pieces(database: Database, applier: Applier, monkeypatch: pytest.MonkeyPatch):
    """So that its offsets are committed on the way, and nobody takes the member for dead."""
    monkeypatch.setattr(batch_, "_LONG_SECONDS", 0.0)
    batch = [_sent(new_id(), 1) for _ in range(60)]
    assert (await applier.apply(batch)).done == batch_._DECISIONS_AT_ONCE
    assert len(await deliveries(database)) == batch_._DECISIONS_AT_ONCE


async def test_what_the_database_says_of_a_failure_is_kept_without_the_row(database: Database):
    async def fails(tx: Transaction, _event: ParcelSent, _received: Received) -> None:
        await tx.execute(text("INSERT INTO idempotency_key VALUES ('Hong Gildong', NULL, '', '', '', '', 1)"))

    await _applier(database, fails).apply([_sent(new_id(), 1)])
    async with database.transaction() as tx:
        event = (await parked.list_waiting(tx))[0]
    assert "SQLSTATE 23502" in event.detail
    assert "Hong" not in event.detail


async def test_one_key_keeps_its_order_when_its_events_have_different_statements(database: Database, applier: Applier):
    keys = [new_id() for _ in range(5)]
    batch = [
        wire(ParcelWeighed(parcel_id=key, grams=n), n) if n % 2 else _sent(key, n) for n in range(1, 9) for key in keys
    ]
    await applier.apply(batch)
    assert await rows(database, "SELECT DISTINCT events, grams, last_grams FROM tally") == [(4, 16, 7)]
    for key in keys:
        assert await sequences_of(database, key) == [2, 4, 6, 8]


async def test_a_discard_takes_two_people_and_lets_the_key_go_on(database: Database, applier: Applier):
    key = new_id()
    await applier.apply([_sent(key, 1, 2000), _sent(key, 2)])
    async with database.transaction() as tx:
        first, second = await parked.list_waiting(tx)
    with pytest.raises(DiscardNotAsked):
        async with database.transaction() as tx:
            await parked.confirm_discard(tx, first.id, by=SECOND, at=AT)
    for event in (first, second):
        async with database.transaction() as tx:
            await parked.ask_discard(tx, event.id, by=FIRST, reason="sent by mistake", at=AT)
    with pytest.raises(DiscardNeedsSecondPerson):
        async with database.transaction() as tx:
            await parked.confirm_discard(tx, first.id, by=FIRST, at=AT)
    with pytest.raises(NotFirstOfItsKey):
        async with database.transaction() as tx:
            await parked.confirm_discard(tx, second.id, by=SECOND, at=AT)
    async with database.transaction() as tx:
        freed = await parked.confirm_discard(tx, first.id, by=SECOND, at=AT)
    assert await free(database, applier, {freed}, service="parcels") == 1
    assert await sequences_of(database, key) == [2]
    assert await rows(database, "SELECT sequence, outcome FROM inbox ORDER BY position") == [
        (1, "discarded"),
        (2, "applied"),
    ]
    with pytest.raises(ParkedEventResolved):
        async with database.transaction() as tx:
            await parked.ask_discard(tx, first.id, by=FIRST, reason="again", at=AT)
    assert await rows(database, "SELECT decision, actor FROM journal_entry ORDER BY id") == [
        ("parked-event.discard-asked", FIRST.actor),
        ("parked-event.discard-asked", FIRST.actor),
        ("parked-event.discarded", SECOND.actor),
    ]


@pytest.mark.parametrize("fault", ["undecodable", "refused"])
async def test_too_many_parked_in_a_row_halt_the_consumer_where_it_is(database: Database, applier: Applier, fault: str):
    good = [_sent(new_id(), 1) for _ in range(3)]
    bad = [_sent(new_id(), 1, 2000) for _ in range(30)]
    if fault == "undecodable":
        bad = [_broken(record) for record in bad]
    applied = await applier.apply(good + bad)
    assert (applied.halted, applied.done) == (True, len(good) + PARKED_IN_A_ROW_MAX)
    assert len(await _parked(database)) == PARKED_IN_A_ROW_MAX
    assert len(await deliveries(database)) == len(good)


async def test_good_events_between_bad_ones_keep_the_consumer_running(database: Database, applier: Applier):
    batch = [record for _ in range(30) for record in (_sent(new_id(), 1, 2000), _sent(new_id(), 1))]
    applied = await applier.apply(batch)
    assert (applied.halted, applied.done) == (False, 60)


async def test_what_was_parked_before_and_comes_again_halts_nobody(database: Database, applier: Applier):
    batch = [record for _ in range(30) for record in (_sent(new_id(), 1, 2000), _sent(new_id(), 1))]
    await applier.apply(batch)
    # Its offsets were never committed: all of it is delivered again, to another process.
    again = await Applier(database, FixedClock(AT), HANDLERS, service="parcels").apply(batch)
    assert (again.halted, again.done) == (False, 60)
    assert len(await _parked(database)) == 30


async def test_a_fault_of_the_database_parks_nothing_and_leaves_the_batch_for_later(
    database: Database, applier: Applier
):
    key = new_id()
    failpoints.arm("consumer.before_commit=raise")
    with pytest.raises(Trouble) as trouble:
        await applier.apply([_sent(key, 1), _sent(key, 2)])
    assert (trouble.value.done, await deliveries(database), await _parked(database)) == (0, [], [])
    await applier.apply([_sent(key, 1), _sent(key, 2)])
    assert await sequences_of(database, key) == [1, 2]


@pytest.mark.promise("R4")
async def test_two_batches_in_each_others_way_lose_nothing_and_park_nothing(
    urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
):
    """Batches that touch the same rows in another order: PostgreSQL ends one of them, and it is tried again."""
    # The deadlock is to be found by PostgreSQL, and not to end by the shorter of two waits.
    monkeypatch.setitem(db._SESSION, "lock_timeout", "20000")
    monkeypatch.setitem(db._SESSION, "statement_timeout", "30000")
    database = Database(urls.application, application_name="tests", acting=THE_SERVICE)
    shared = [new_id(), new_id()]
    for row in shared:
        await send(database, row, 0)
    batches = [[_sent(new_id(), 1, first), _sent(new_id(), 1, 1 - first)] for first in (0, 1)]
    both_hold_one, waiting_for = asyncio.Barrier(2), {batch[0].key for batch in batches}

    async def takes_a_row(tx: Transaction, event: ParcelSent, received: Received) -> None:
        await tell(tx, DeliveryMade(parcel_id=shared[event.grams], grams=1))
        if str(received.key).encode() in waiting_for:
            waiting_for.remove(str(received.key).encode())
            await both_hold_one.wait()
        await on_parcel_sent(tx, event, received)

    appliers = [_applier(database, takes_a_row) for _ in range(2)]

    async def until_done(applier: Applier, batch: list[WireRecord]) -> list[str | None]:
        states: list[str | None] = []
        while True:
            try:
                await applier.apply(batch)
            except Trouble as trouble:
                states.append(db.sqlstate(trouble.__cause__ or trouble))
            else:
                return states

    states = await asyncio.gather(*map(until_done, appliers, batches))
    assert sorted(states) == [[], ["40P01"]]
    assert (len(await deliveries(database)), await _parked(database)) == (4, [])
    await database.dispose()
