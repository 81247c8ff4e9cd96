"""The process that holds a restored database against Kafka, while the service's own processes are stopped."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from sqlalchemy import text

from common import restored
from common.acting import THE_SERVICE
from common.auth import Principal
from common.consumer import topics_of
from common.consumer.batch import Applier, Trouble
from common.db import Database
from common.event import Envelope, registered_events, source_of
from common.kafka import KafkaFault, KafkaOptions
from common.kafka_history import History, group_places
from common.restored import Standing, Tellings, TooManyParked
from common.service import Service, clock_of
from common.settings import ServiceSettings
from common.worker import kafka_options

DIVERGES = 1
# What they tell meanwhile would have sequences that others take for old.
_RUNNING = text(
    """
    SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = ANY (:names)
    """
)


@dataclass(frozen=True, slots=True)
class _Asked:
    confirmed: int | None
    by: str
    reason: str


class _Refused(Exception):
    """Nothing was changed; the message is in both languages."""


def hold_against_kafka(service: Service, config: ServiceSettings, confirmed: int | None, by: str, reason: str) -> int:
    """Name what Kafka has and the database has not; with the confirmed count of it, hear and take back what can be.

    0 when nothing differs, or all that can be is mended; 1 when something differs or was refused.
    """
    try:
        return uvloop.run(_work(service, config, _Asked(confirmed, by, reason)))
    except (_Refused, KafkaFault, Trouble, TooManyParked) as fault:
        sys.stderr.write(f"{service.name}: {fault}\n")
        return DIVERGES


def topics_told_by(service: Service) -> frozenset[str]:
    """The topics that bear its name, and those that it tells under another."""
    own = {each.TOPIC for type_, each in registered_events().items() if source_of(type_) == f"/{service.name}"}
    return service.tells_outside | own


async def _work(service: Service, config: ServiceSettings, asked: _Asked) -> int:
    url, options = config.database_url.get_secret_value(), kafka_options(service.name, config)
    database = Database(url, application_name=f"{service.name}-restored", acting=THE_SERVICE, pool_size=2)
    try:
        heard, told = await _differences(service, database, options)
        count = len(heard) + len(told.to_take_back)
        if asked.confirmed is None:
            _tell(service, heard, told)
            return DIVERGES if count else 0
        await _check(service, database, asked, count)
        applier = Applier(database, clock_of(config), service.handlers, service=service.name)
        async with History(options, topics_of(service.handlers)) as history:
            await restored.hear_again(history, applier)
        # Looked at once more: what handlers have told again stands in the place of what they told before.
        left, told = await _differences(service, database, options)
        by = Principal(issuer="urn:smartfactory", subject=asked.by, role="operator", tenant=None, token_id="")
        async with database.transaction() as tx:
            await restored.take_back(tx, told, by=by, reason=asked.reason, at=clock_of(config).now())
        _tell(service, left, told)
        return DIVERGES if left else 0
    finally:
        await database.dispose()


async def _differences(service: Service, database: Database, options: KafkaOptions) -> tuple[list[Envelope], Tellings]:
    heard: list[Envelope] = []
    if service.handlers:
        places = await group_places(options, service.name)
        async with History(options, topics_of(service.handlers)) as history:
            heard = await restored.unheard(database, history, places)
    told = topics_told_by(service)
    if not told:
        return heard, Tellings()
    # What partners are told is not kept for ever; what has gone from there is in nobody's way.
    async with History(options, sorted(told), keeps=True) as history:
        return heard, await restored.tellings(database, history)


async def _check(service: Service, database: Database, asked: _Asked, count: int) -> None:
    names = [f"{service.name}-{process}" for process in ("api", "worker")]
    async with database.transaction(read_only=True) as tx:
        running = sorted((await tx.execute(_RUNNING, {"names": names})).scalars())
    if running:
        raise _Refused(
            f"{', '.join(running)}이(가) 실행 중입니다. 먼저 멈춰 주세요. 바뀐 것은 없습니다.\n"
            f"  {', '.join(running)} is running: stop it first. Nothing changed."
        )
    if not asked.by.strip() or not asked.reason.strip():
        raise _Refused(
            "누가 왜 요청하는지 --by와 --reason으로 적어 주세요. 바뀐 것은 없습니다.\n"
            "  Say who asks, and why, with --by and --reason. Nothing changed."
        )
    if asked.confirmed != count:
        raise _Refused(
            f"지금은 {count}건입니다. 다시 확인해 주세요. 바뀐 것은 없습니다.\n"
            f"  It is {count} now. Look again, and confirm that. Nothing changed."
        )


def _tell(service: Service, heard: Sequence[Envelope], told: Tellings) -> None:
    """One line for each event, and one of all: for a program, and for whoever decides about the cases."""
    for envelope in heard:
        _line({"side": "heard"} | _said(envelope))
    for one in told.lost:
        if one.standing is not Standing.AGAIN:
            _line({"side": one.standing.value} | _said(one.envelope))
    counted = {each.value: sum(one.standing is each for one in told.lost) for each in Standing}
    _line({"service": service.name, "heard": len(heard), **counted})


def _said(envelope: Envelope) -> dict[str, object]:
    return {
        "topic": envelope.topic,
        "key": str(envelope.key),
        "sequence": envelope.sequence,
        "type": envelope.type,
        "event_id": str(envelope.event_id),
        "occurred_at": envelope.occurred_at.isoformat(),
    }


def _line(said: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
