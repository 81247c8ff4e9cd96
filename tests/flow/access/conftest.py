"""A broker that asks who one is, with all topics of the contracts and the access lists that follow from them."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.kafka import KafkaOptions as KafkaClient
from common.kafka_access import keep_access
from common.kafka_rights import Access, KafkaLogin
from smartfactory.stack import migrations
from smartfactory.stack.kafka import Kafka, KafkaOptions, start_kafka
from smartfactory.stack.ports import free_port
from smartfactory.stack.topics import have_topics
from tests.support.asking_kafka import asking

PARTNER_TOPICS = {"partner.project.v1", "partner.mentoring.v1"}


@dataclass(frozen=True)
class AskingKafka:
    """The broker, its principals with what each may do, and their passwords."""

    kafka: Kafka
    accesses: list[Access]
    passwords: Mapping[str, str]

    def login(self, principal: str, password: str | None = None) -> KafkaLogin:
        return KafkaLogin(principal=principal, password=password or self.passwords[principal])

    def client(self, login: KafkaLogin | None) -> KafkaClient:
        return KafkaClient(bootstrap_servers=self.kafka.options.bootstrap_servers, client_id="access-test", login=login)

    @property
    def owner(self) -> KafkaClient:
        return self.client(self.kafka.options.owner)

    async def keep(self, *more: Access, passwords: Mapping[str, str] | None = None) -> None:
        """Have Kafka know the contracts' rights, and `more`, which come in the place of the same principal's."""
        wanted = {access.principal: access for access in (*self.accesses, *more)}
        await keep_access(self.owner, wanted.values(), {**self.passwords, **(passwords or {})})

    def access(self, principal: str) -> Access:
        return next(access for access in self.accesses if access.principal == principal)


@pytest.fixture(scope="module")
def asking_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskingKafka]:
    """It ran without access lists before: switching them on needs no new data."""
    folder = tmp_path_factory.mktemp("asking-kafka")
    plain = _options(folder, owner=None)
    before = start_kafka(plain)
    before.await_ready()
    before.stop()
    owner = KafkaLogin(principal="smartfactory", password=secrets.token_urlsafe(24), mechanism="PLAIN")
    kafka = start_kafka(_options(folder, owner=owner))
    try:
        kafka.await_ready()
        accesses = migrations.principals()
        passwords = {access.principal: secrets.token_urlsafe(24) for access in accesses}
        made = AskingKafka(kafka, accesses, passwords)
        asyncio.run(_prepare(made))
        yield made
    finally:
        kafka.stop()


def _options(folder: Path, *, owner: KafkaLogin | None) -> KafkaOptions:
    return KafkaOptions(
        directory=folder / "kafka",
        log=folder / "kafka.log",
        port=free_port(),
        controller_port=free_port(),
        owner=owner,
    )


async def _prepare(made: AskingKafka) -> None:
    await have_topics(made.owner, {*migrations.topics(), *PARTNER_TOPICS})
    await made.keep()
    async with asking(made.owner) as owner:
        await owner.have_groups()
