"""What the consumer's library does when Kafka fails or the group moves, and that nothing is skipped (docs/kafka-edges.md)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import msgspec
import psutil
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from confluent_kafka.admin import AdminClient

from common import kafka, kafka_subscription
from common.event import WireRecord, new_id
from common.kafka import KafkaFault, KafkaOptions
from common.kafka_subscription import NewGroup, Subscription
from tests.flow.messaging.conftest import Parcels
from tests.support.parcels.driver import wire
from tests.support.parcels.events import ParcelSent
from tests.support.waiting import eventually

Join = Callable[..., Awaitable[Subscription]]
_UNBOUNDED_SECONDS = 8.0
"""Below the ten after which the client itself gives an answer up, and many times the bounds that are tried here."""


@pytest.fixture
async def join(parcels: Parcels) -> AsyncIterator[Join]:
    """Makes members of one group; the first one to come finds no offsets and comes again."""
    made: list[Subscription] = []

    async def one_more(topic: str = ParcelSent.TOPIC, **options: int) -> Subscription:
        # A session that outlasts a stall of this process: were it to end, the group would hand records over once more.
        given = replace(parcels.options, **{"session_timeout_ms": 6_000, **options})
        while True:
            member = Subscription(given, group=parcels.prefix + "edges", topics=[topic])
            made.append(member)
            await member.start()
            try:
                member.left_over = await member.fetch(timeout_seconds=0.3, max_records=100)
            except NewGroup:
                await member.close()
            else:
                return member

    yield one_more
    for member in made:
        await member.close()


async def fetched(member: Subscription, count: int) -> list[WireRecord]:
    """Exactly so many records, the first of which may have come at the start."""
    found = member.left_over
    member.left_over = []

    async def enough() -> bool:
        found.extend(await member.fetch(timeout_seconds=0.2, max_records=100))
        return len(found) >= count

    await eventually(enough)
    assert len(found) == count
    return found


def parcels_of_one(count: int) -> list[WireRecord]:
    key = new_id()
    return [wire(ParcelSent(parcel_id=key, grams=1), sequence) for sequence in range(1, count + 1)]


@pytest.mark.promise("A9", "A22")
async def test_only_what_was_named_is_committed_and_a_group_begins_at_the_start(parcels: Parcels, join: Join):
    await parcels.publish(*parcels_of_one(10))
    first = await join()
    records = await fetched(first, 10)
    assert [record.offset for record in records] == list(range(10)), "a new group begins at the start, not at the end"
    await first.commit(records[:3])
    await first.close()
    assert [record.offset for record in await fetched(await join(), 7)] == list(range(3, 10))


@pytest.mark.promise("A22")
async def test_a_group_whose_offsets_expired_begins_at_the_start_again(parcels: Parcels, join: Join):
    await parcels.publish(*parcels_of_one(4))
    first = await join()
    await first.commit(await fetched(first, 4))
    await first.close()
    admin = AdminClient({"bootstrap.servers": parcels.servers.bootstrap_servers})
    for deleted in admin.delete_consumer_groups([f"{parcels.prefix}edges"]).values():
        deleted.result(10)
    assert [record.offset for record in await fetched(await join(), 4)] == [0, 1, 2, 3]


@pytest.mark.promise("A8", "A24")
async def test_a_commit_without_an_answer_costs_its_bound_and_nothing_hangs_after_it(
    parcels: Parcels, join: Join, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(kafka_subscription, "_COMMIT_SECONDS", 0.3)
    monkeypatch.setattr(kafka_subscription, "_STOP_SECONDS", 0.5)
    *sent, one_more = parcels_of_one(4)
    await parcels.publish(*sent)
    member = await join()
    records = await fetched(member, 3)
    with parcels.servers.kafka.frozen():
        for _ in range(2):
            began = time.monotonic()
            await member.commit(records)
            assert time.monotonic() - began < _UNBOUNDED_SECONDS
        # The commit under way is cancelled and stop() may raise that into whoever waits: nothing of it is felt.
        began = time.monotonic()
        await member.close()
        assert time.monotonic() - began < _UNBOUNDED_SECONDS
    # The request may have arrived all the same: then three are not delivered again, and no other is passed over.
    await parcels.publish(one_more)
    member = await join()
    found = member.left_over

    async def arrived() -> bool:
        found.extend(await member.fetch(timeout_seconds=0.2, max_records=100))
        return bool(found) and found[-1].offset == 3

    await eventually(arrived)
    assert [record.offset for record in found] in ([3], [0, 1, 2, 3])


@pytest.mark.promise("A10", "A19", "A20")
async def test_partitions_that_moved_are_neither_committed_nor_kept_and_leaving_is_quick(parcels: Parcels, join: Join):
    records = [wire(ParcelSent(parcel_id=new_id(), grams=1), 1) for _ in range(60)]
    await parcels.publish(*records)
    first = await join()
    found = await fetched(first, 60)
    began = time.monotonic()
    joining = asyncio.create_task(join())
    await eventually(lambda: any(not first.owns(record) for record in found), what="partitions leaving the first")
    second = await joining
    took = time.monotonic() - began
    assert took < 50, f"{took:.1f} s: a member that does not leave at once holds up its group for a minute"

    def shared_out() -> list[WireRecord] | None:
        kept = [record for record in found if first.owns(record)]
        return kept if 0 < len(kept) < 60 else None

    kept = await eventually(shared_out, what="a part of the partitions for each")
    await first.commit(found)
    others = await fetched(second, 60 - len(kept))
    assert not {(one.partition, one.offset) for one in others} & {(one.partition, one.offset) for one in kept}
    # It says that it goes; a static member would keep its partitions until the session ends.
    await first.close()
    await eventually(lambda: all(second.owns(record) for record in found), what="all partitions for the second")


@pytest.mark.promise("A11")
async def test_a_fetch_that_failed_in_any_way_spoils_the_member(
    parcels: Parcels, join: Join, monkeypatch: pytest.MonkeyPatch
):
    member = await join()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a codec is missing")

    with monkeypatch.context() as patch:
        patch.setattr(member._consumer._fetcher, "fetched_records", broken)
        with pytest.raises(KafkaFault, match="a codec is missing"):
            await member.fetch(timeout_seconds=0.1, max_records=10)
    assert member._consumer._subscription._fetch_count == 1, "aiokafka was mended: its poll clock goes on"


@pytest.mark.promise("A13")
async def test_a_record_above_every_limit_is_handed_over_and_passed_over_by_nobody(parcels: Parcels, join: Join):
    topic = ParcelSent.TOPIC + ".large"
    admin = AIOKafkaAdminClient(bootstrap_servers=parcels.servers.bootstrap_servers)
    await admin.start()
    settings = {"max.message.bytes": "8000000"}
    await admin.create_topics([NewTopic(parcels.prefix + topic, 1, 1, topic_configs=settings)])
    await admin.close()
    stranger = AIOKafkaProducer(bootstrap_servers=parcels.servers.bootstrap_servers, max_request_size=8_000_000)
    await stranger.start()
    large = b"x" * (4 * kafka.MAX_RECORD_BYTES)
    await stranger.send_and_wait(parcels.prefix + topic, b"first")
    await stranger.send_and_wait(parcels.prefix + topic, large)
    await stranger.send_and_wait(parcels.prefix + topic, b"last")
    await stranger.stop()
    member = await join(topic)
    assert [record.value for record in await fetched(member, 3)] == [b"first", large, b"last"]


@pytest.mark.promise("A16", "A18")
async def test_an_idle_member_that_keeps_fetching_takes_over_after_its_poll_interval(parcels: Parcels, join: Join):
    topic = ParcelSent.TOPIC + ".one"
    await kafka.create_topics(parcels.options, [topic], partitions=1)
    members, over = [await join(topic, poll_interval_ms=2_000)], asyncio.Event()

    async def keep_fetching() -> None:
        while not over.is_set():
            for member in members:
                member.left_over += await member.fetch(timeout_seconds=0.05, max_records=10)

    # From now on: one that is not asked while another joins would lose its place for that alone.
    fetching = asyncio.create_task(keep_fetching())
    members.append(await join(topic, poll_interval_ms=2_000))
    one, two = members
    await eventually(lambda: bool(one._consumer.assignment()) != bool(two._consumer.assignment()))
    owner, other = (one, two) if one._consumer.assignment() else (two, one)
    await parcels.publish(msgspec.structs.replace(parcels_of_one(1)[0], topic=topic))
    began = time.monotonic()
    await eventually(lambda: time.monotonic() - began > 2.0 * 1.2)
    assert not other._consumer.assignment()
    over.set()
    await fetching
    await owner.close()
    assert len(await fetched(other, 1)) == 1


@pytest.mark.promise("A18")
async def test_the_session_outlives_a_short_pause_and_is_asked_for_ten_times_in_it(parcels: Parcels):
    consumer = Subscription(KafkaOptions(bootstrap_servers="unused", client_id="tests"), group="g", topics=["t"])
    given = consumer._consumer
    assert given._session_timeout_ms == 30_000
    assert given._heartbeat_interval_ms == 3_000
    assert given._rebalance_timeout_ms == 60_000
    assert given._max_poll_interval_ms == 300_000
    await consumer.close()


@pytest.mark.promise("A23", "A26")
async def test_without_a_broker_a_worker_starts_waits_and_burns_nothing(parcels: Parcels):
    worker = parcels.worker()
    worker.start(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{parcels.servers.free_port()}")
    await eventually(lambda: worker.log.count("the consumer lost Kafka") >= 1)

    async def share() -> float:
        used, began = psutil.Process(worker.child.pid).cpu_times(), time.monotonic()
        await eventually(lambda: time.monotonic() - began > 2.5)
        spent = psutil.Process(worker.child.pid).cpu_times()
        return (spent.user + spent.system - used.user - used.system) / (time.monotonic() - began)

    # What is left of its start, and what the machine's other work makes dearer, pass; burning for waiting would not.
    shares = [await share()]
    while shares[-1] > 0.05 and len(shares) < 4:
        shares.append(await share())
    assert shares[-1] <= 0.05, f"{shares} of a processor for waiting"
    assert worker.exit_code() is None
