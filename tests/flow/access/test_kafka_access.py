"""On a broker that asks, each principal does what its contracts say and nothing else, whatever it tries."""

import dataclasses
import json
import socket
import struct
from collections import defaultdict
from collections.abc import Sequence
from uuid import uuid4

import pytest

from common.event import WireRecord
from common.kafka import KafkaFault, KafkaOptions, Publisher
from common.kafka_history import History, look_up
from common.kafka_rights import Access, KafkaLogin
from common.kafka_subscription import NewGroup, Subscription
from smartfactory.stack import kafka as stack_kafka
from smartfactory.stack.kafka import broker_answers
from tests.flow.access.conftest import PARTNER_TOPICS, AskingKafka
from tests.repo.tree import ROOT
from tests.support.asking_kafka import ALLOWED, REFUSALS, Asked, asking
from tests.support.waiting import eventually

SERVICES = ("applicant", "funding", "mentoring", "metrics")
PRINCIPALS = (*SERVICES, "samsung-mentor")
_KEY_OF_PARTITION_0 = b"key-1"


class Contracts:
    """Who sends and receives what as the published document says it, which no access list is made of."""

    def __init__(self) -> None:
        document = json.loads((ROOT / "docs/events/asyncapi.json").read_text("utf-8"))
        addresses = {f"#/channels/{name}": channel["address"] for name, channel in document["channels"].items()}
        self.topics = {*addresses.values(), *PARTNER_TOPICS}
        self.sends: dict[str, set[str]] = defaultdict(set)
        self.receives: dict[str, set[str]] = defaultdict(set)
        for operation in document["operations"].values():
            told = self.sends if operation["action"] == "send" else self.receives
            told[operation["tags"][0]["name"]].add(addresses[operation["channel"]["$ref"]])
        self.receives["samsung-mentor"] = set(PARTNER_TOPICS)

    def allow(self, asked: Asked) -> bool:
        who, topic = asked.principal, asked.topic
        reads = topic in self.receives[who] | self.sends[who]  # the relay looks at what it wrote before
        match asked.operation:
            case "write":
                return topic in self.sends[who]
            case "read" | "see":
                return reads
            case "join" | "see its offsets" | "see its members":
                return asked.group == who
            case "commit":
                return asked.group == who and reads
            case "be an idempotent producer":
                return bool(self.sends[who])
        return False


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return Contracts()


async def ask_for_everything(kafka: AskingKafka, contracts: Contracts, principals: Sequence[str]) -> list[Asked]:
    asked = []
    for principal in principals:
        async with asking(kafka.client(kafka.login(principal))) as connection:
            asked += await connection.everything(sorted(contracts.topics), PRINCIPALS)
    return asked


def differences(asked: Sequence[Asked], contracts: Contracts) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """What was let through and should not have been, and what should have been done and was not."""
    leaks = {one.what for one in asked if not contracts.allow(one) and one.code not in REFUSALS}
    failed = {(*one.what, str(one.code)) for one in asked if contracts.allow(one) and one.code not in ALLOWED}
    return leaks, failed


@pytest.mark.promise("R17")
async def test_whatever_is_not_granted_is_refused_and_whatever_is_granted_works(
    asking_kafka: AskingKafka, contracts: Contracts
) -> None:
    asked = await ask_for_everything(asking_kafka, contracts, PRINCIPALS)

    assert differences(asked, contracts) == (set(), set())
    refused = [one for one in asked if one.code in REFUSALS]
    assert len(refused) >= 200
    assert {one.principal for one in refused} == set(PRINCIPALS)
    assert len(asked) - len(refused) > 5 * len(PRINCIPALS), "hardly anything works, so that nothing is proved"


@pytest.mark.promise("R17")
async def test_a_right_too_many_is_found_and_taken_away_with_the_next_start(
    asking_kafka: AskingKafka, contracts: Contracts
) -> None:
    planted = "applicant.project.v1"
    samsung = asking_kafka.access("samsung-mentor")
    await asking_kafka.keep(dataclasses.replace(samsung, reads=samsung.reads | {planted}))
    leaks, failed = differences(await ask_for_everything(asking_kafka, contracts, ["samsung-mentor"]), contracts)
    assert failed == set()
    assert leaks == {
        ("samsung-mentor", "read", "", planted),
        ("samsung-mentor", "see", "", planted),
        ("samsung-mentor", "commit", "samsung-mentor", planted),
    }

    await asking_kafka.keep()
    asked = await ask_for_everything(asking_kafka, contracts, ["samsung-mentor"])
    assert differences(asked, contracts) == (set(), set())


async def test_who_is_no_principal_any_more_does_not_come_in_again(asking_kafka: AskingKafka) -> None:
    former = Access(principal="former-partner", reads=frozenset({"partner.project.v1"}), group="former-partner")
    options = asking_kafka.client(asking_kafka.login("former-partner", "a password of some length"))
    await asking_kafka.keep(former, passwords={"former-partner": "a password of some length"})
    async with asking(options) as connection:
        assert await connection.topics() == former.reads
        await asking_kafka.keep()
        assert await connection.topics() == set(), "who is still signed in may do nothing more"
    with pytest.raises(KafkaFault, match="no connection to Kafka"):
        await Publisher(options).start()


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_a_principal_is_not_even_shown_what_is_not_its_business(
    asking_kafka: AskingKafka, contracts: Contracts, principal: str
) -> None:
    async with asking(asking_kafka.client(asking_kafka.login(principal))) as connection:
        assert await connection.topics() == contracts.sends[principal] | contracts.receives[principal]


async def test_our_own_clients_do_all_their_work_with_these_rights(
    asking_kafka: AskingKafka, contracts: Contracts
) -> None:
    key = uuid4().bytes
    written: set[str] = set()
    for service in SERVICES:
        if contracts.sends[service]:
            await _write_and_look(asking_kafka.client(asking_kafka.login(service)), contracts.sends[service], key)
            written |= contracts.sends[service]
    if unwritten := contracts.topics - written:
        await _write_and_look(asking_kafka.owner, unwritten, key)

    for principal in PRINCIPALS:
        topics = contracts.receives[principal]
        options = asking_kafka.client(asking_kafka.login(principal))
        assert await _topics_heard(options, principal, topics, key) == topics
    metrics = asking_kafka.client(asking_kafka.login("metrics"))
    async with History(metrics, sorted(contracts.receives["metrics"])) as history:
        read = {one.topic async for some in history.to_the_end() for one in some if one.key == key}
    assert read == contracts.receives["metrics"]


@pytest.mark.parametrize("stranger", ["wrong password", "unknown", "no owner", "PLAIN", "nobody"])
async def test_who_is_not_known_comes_no_further_than_the_door(asking_kafka: AskingKafka, stranger: str) -> None:
    funding = asking_kafka.login("funding")
    login = {
        "wrong password": dataclasses.replace(funding, password=asking_kafka.passwords["applicant"]),
        "unknown": KafkaLogin(principal="stranger", password="x" * 20),
        "no owner": KafkaLogin(principal="smartfactory", password="x" * 20, mechanism="PLAIN"),
        "PLAIN": dataclasses.replace(funding, mechanism="PLAIN"),
        "nobody": None,
    }[stranger]
    with pytest.raises(KafkaFault, match="no connection to Kafka"):
        await Publisher(asking_kafka.client(login)).start()


def test_neither_probe_nor_controller_serves_who_does_not_sign_in(asking_kafka: AskingKafka) -> None:
    options = asking_kafka.kafka.options
    assert broker_answers(options.port, options.owner)
    assert not broker_answers(options.port)
    assert not broker_answers(options.port, asking_kafka.login("smartfactory", "x" * 20))
    assert not broker_answers(options.port, dataclasses.replace(options.owner, password="x" * 20))
    create_no_grants = (30, 1), struct.pack(">i", 0)
    with (
        socket.create_connection(("127.0.0.1", options.controller_port), 5) as link,
        pytest.raises((struct.error, OSError)),
    ):
        stack_kafka._ask(link, *create_no_grants)


@pytest.mark.promise("R17")
async def test_a_partner_that_reads_too_fast_waits_and_nobody_else_does(asking_kafka: AskingKafka) -> None:
    value, fetched, waits = b"x" * 400_000, 1_000_000, []
    for topic in ("partner.project.v1", "applicant.project.v1"):
        publisher = Publisher(asking_kafka.owner)
        await publisher.start()
        record = WireRecord(topic=topic, key=_KEY_OF_PARTITION_0, value=value, headers=[])
        sent = await publisher.publish([record] * 4, deadline_seconds=60)
        await publisher.close()
        assert {partition for _, partition in sent.last} == {0}
    async with asking(asking_kafka.client(asking_kafka.login("samsung-mentor"))) as partner:
        read = 0
        while not waits and read < 60 * fetched:
            size, wait_ms = await partner.read("partner.project.v1", fetched)
            read += size
            waits += [wait_ms] if wait_ms else []
    assert waits, f"{read} bytes in one go"
    async with asking(asking_kafka.client(asking_kafka.login("applicant"))) as service:
        looks = [await service.read("applicant.project.v1", fetched) for _ in range(60)]
    assert sum(size for size, _ in looks) >= read
    assert {wait_ms for _, wait_ms in looks} == {0}


async def _write_and_look(options: KafkaOptions, topics: set[str], key: bytes) -> None:
    """As a relay does: send, then on a new connection look whether the log is the one that was written."""
    records = [
        WireRecord(topic=topic, partition=0, offset=0, key=key, value=b"{}", headers=[]) for topic in sorted(topics)
    ]
    publisher = Publisher(options)
    await publisher.start()
    try:
        sent = await publisher.publish(records, deadline_seconds=60)
    finally:
        await publisher.close()
    assert (sent.fault, sent.missing, set(sent.acknowledged)) == (None, frozenset(), {True})
    found = await look_up(options, {where: offset for where, (_, offset) in sent.last.items()})
    assert {topic for topic, _ in found} == topics
    assert {one.key for one in found.values()} == {key}


async def _topics_heard(options: KafkaOptions, group: str, topics: set[str], key: bytes) -> set[str]:
    """As a worker does: a new group has no offsets and joins again; then fetch and commit."""
    try:
        return await _heard_by_a_member(options, group, topics, key)
    except NewGroup:
        return await _heard_by_a_member(options, group, topics, key)


async def _heard_by_a_member(options: KafkaOptions, group: str, topics: set[str], key: bytes) -> set[str]:
    member = Subscription(options, group=group, topics=sorted(topics))
    heard: set[str] = set()

    async def all_of_them() -> bool:
        records = await member.fetch(timeout_seconds=0.5, max_records=500)
        await member.commit(records)
        heard.update(one.topic for one in records if one.key == key)
        return heard == topics

    await member.start()
    try:
        await eventually(all_of_them, what=f"{group} hears {topics}")
    finally:
        await member.close()
    return heard
