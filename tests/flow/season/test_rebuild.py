"""After a season the projections are made anew from Kafka alone, and every table of every service is as it was."""

import sys
from collections.abc import Iterator

import pytest

from smartfactory.check.hashes import table_hashes
from smartfactory.stack import ports
from smartfactory.stack.kafka import Kafka, KafkaOptions, start_kafka
from smartfactory.stack.process import Command, run_to_end
from smartfactory.stack.provision import Passwords, app_role, owner_role
from tests.flow.season.conftest import Databases, Played

pytestmark = pytest.mark.anyio


@pytest.fixture
def kafka(played: Played) -> Iterator[Kafka]:
    """The season's Kafka alone, with all that was told in it."""
    options = KafkaOptions(
        directory=played.directory / "kafka",
        log=played.directory / "kafka-examined.log",
        port=ports.free_port(),
        controller_port=ports.free_port(),
    )
    started = start_kafka(options)
    started.await_ready()
    yield started
    started.stop()


def rebuild(service: str, played: Played, databases: Databases, kafka: Kafka) -> str:
    """`<service> rebuild`, and what it says."""
    passwords = Passwords(played.directory / "passwords.json")
    roles = {"DATABASE_URL": app_role(service), "MIGRATIONS_DATABASE_URL": owner_role(service)}
    urls = {name: databases.admin.url(service, role, passwords.of(role)) for name, role in roles.items()}
    log = played.directory / f"{service}-rebuild.log"
    env = {"APP_ENV": "test", "KAFKA_BOOTSTRAP_SERVERS": kafka.options.bootstrap_servers, **urls}
    argv = (sys.executable, "-m", f"{service}.main", "rebuild")
    run_to_end(Command(name=f"{service}-rebuild", argv=argv, log=log, env=env), timeout_seconds=60)
    return log.read_text()


@pytest.mark.promise("R16", "I6")
async def test_rebuilt_projections_are_the_same_to_the_last_row(
    played: Played, databases: Databases, kafka: Kafka
) -> None:
    before = await table_hashes(databases.urls())
    databases.admin.run(
        "UPDATE commitment SET state = 'REFUSED'; DELETE FROM call_seat; DELETE FROM site; DELETE FROM disbursement;"
        "DELETE FROM carried_over; UPDATE repayment SET state = 'ORDERED'; UPDATE lapsed_share SET amount_won = 1;"
        "DELETE FROM settled_share; UPDATE outcome_project SET completed_at = NULL;",
        database="metrics",
    )
    databases.admin.run("DELETE FROM waiting_project;", database="mentoring")
    spoilt = await table_hashes(databases.urls())
    changed = {table for table, digest in spoilt.items() if before[table] != digest}
    money = {"carried_over", "commitment", "disbursement", "lapsed_share", "repayment", "settled_share"}
    assert changed == {f"metrics.{table}" for table in (*money, "call_seat", "site", "outcome_project")} | {
        "mentoring.waiting_project"
    }

    said = rebuild("metrics", played, databases, kafka) + rebuild("mentoring", played, databases, kafka)
    assert await table_hashes(databases.urls()) == before
    assert '"waiting_project": 9' in said
