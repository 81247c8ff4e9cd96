"""What an installation decides before it starts anything: ports, addresses, settings, and what the logs show."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from common.settings import ServiceSettings
from smartfactory.stack import jars, kafka, kafka_users
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.logs import Loudness, render
from smartfactory.stack.plan import ExistingServers, Plan, choose_ports
from smartfactory.stack.ports import free_port, is_taken
from smartfactory.stack.process import Identity
from smartfactory.stack.provision import SERVICES, DatabaseUrls, Passwords


def test_ports_stay_from_one_start_to_the_next_unless_somebody_took_them() -> None:
    first = choose_ports(None, lambda _port: False)
    assert len(set(first.values())) == len(first)
    assert choose_ports(first, lambda _port: False) == first
    second = choose_ports(first, lambda port: port == first["kafka"])
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"kafka"}
    assert len(set(second.values())) == len(second)


@pytest.mark.parametrize("remembered", [["broken"], {"kafka": "9092"}, {"kafka": 1, "postgres": 1}])
def test_nonsense_that_was_remembered_is_not_used(remembered: object) -> None:
    chosen = choose_ports(remembered, lambda _port: False)
    assert len(set(chosen.values())) == len(chosen)


def test_servers_that_exist_are_taken_from_the_environment() -> None:
    existing = ExistingServers.of({"KAFKA_BOOTSTRAP_SERVERS": "k:9092", "FUNDING_DATABASE_URL": "postgresql://f"})
    assert existing.kafka == "k:9092"
    assert existing.databases == {"funding": DatabaseUrls(application="postgresql://f", owner="postgresql://f")}
    assert ExistingServers.of({}) == ExistingServers(kafka=None, databases={})


def plan(tmp_path: Path) -> Plan:
    chosen = choose_ports(None, lambda _port: False)
    failpoints = {"funding-worker": "consumer.after_commit=kill9"}
    return Plan(data=DataDirectory(tmp_path), port=8080, ports=chosen, bootstrap_servers="k:1", failpoints=failpoints)


def test_every_setting_of_a_process_is_one_that_a_service_reads(tmp_path: Path) -> None:
    env = plan(tmp_path).service("metrics", "api", DatabaseUrls("postgresql://app", "postgresql://owner")).env
    unknown = {name for name in env if name.lower() not in ServiceSettings.model_fields}
    others = {"TAX_OFFICE_URL", "SME_STATUS_URL", "DEBARMENT_URL", "MAIL_URL", "BANK_URL", "DOCUMENTS_FOLDER"}
    neighbours = {"APPLICANT_URL", "FUNDING_URL", "MENTORING_URL"}
    webhooks = {"WEBHOOK_LOOPBACK", "WEBHOOK_LEASE_SECONDS"}
    sign_in = {"PAGES_ORIGIN", "SIGN_IN_DISCOVERY_URL", "SIGN_IN_CLIENT_ID", "SIGN_IN_CLIENT_SECRET"}
    assert unknown == others | webhooks | neighbours | sign_in  # applicant's, funding's and metrics' own
    assert "owner" not in str(env), "a service must not know its owner role"


def test_on_a_broker_that_asks_a_worker_is_its_own_principal_and_an_api_nobody(tmp_path: Path) -> None:
    urls, data = DatabaseUrls("postgresql://app", "postgresql://owner"), DataDirectory(tmp_path)
    assert kafka_users.running(data) == {}
    kafka_users.remember(data, asks=True)
    known = kafka_users.running(data)
    assert {"smartfactory", "samsung-mentor", *SERVICES} == known.keys()
    assert len(set(known.values())) == len(known)
    assert kafka_users.running(data) == known, "they stay"
    assert data.kafka_passwords.stat().st_mode & 0o077 == 0
    asking = replace(plan(tmp_path), kafka_passwords=known)
    for service in SERVICES:
        env = asking.service(service, "worker", urls).env
        assert (env["KAFKA_USERNAME"], env["KAFKA_PASSWORD"]) == (service, known[service])
        assert env["KAFKA_SECURITY_PROTOCOL"] == "SASL_PLAINTEXT"
        others = set(known.values()) - {known[service]}
        assert not others & set(env.values())
        assert not set(known.values()) & set(asking.service(service, "api", urls).env.values())
    assert "KAFKA_USERNAME" not in plan(tmp_path).service("funding", "worker", urls).env


def test_a_broker_asks_at_both_its_doors_and_keeps_its_settings_to_itself(tmp_path: Path) -> None:
    owner = kafka_users.owner({"smartfactory": "the-password"})
    options = kafka.KafkaOptions(directory=tmp_path, log=tmp_path / "log", port=1, controller_port=2, owner=owner)
    asking = dict(line.split("=", 1) for line in kafka._properties(options).splitlines())
    plain = dict(line.split("=", 1) for line in kafka._properties(replace(options, owner=None)).splitlines())
    assert asking["listener.security.protocol.map"] == "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
    assert asking["authorizer.class.name"].endswith("StandardAuthorizer")
    assert (asking["allow.everyone.if.no.acl.found"], asking["super.users"]) == ("false", "User:smartfactory")
    assert plain["listener.security.protocol.map"] == "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT"
    assert not {name for name in plain if "sasl" in name or "authorizer" in name}
    assert "the-password" not in repr(options)


def test_a_fault_is_injected_into_the_one_process_it_is_meant_for(tmp_path: Path) -> None:
    urls = DatabaseUrls("postgresql://app", "postgresql://owner")
    assert plan(tmp_path).service("funding", "worker", urls).env["FAILPOINTS"] == "consumer.after_commit=kill9"
    assert "FAILPOINTS" not in plan(tmp_path).service("funding", "api", urls).env


def test_passwords_are_random_kept_and_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    made = Passwords(path).of("funding_app")
    assert Passwords(path).of("funding_app") == made
    assert Passwords(path).of("funding_owner") != made
    assert path.stat().st_mode & 0o077 == 0


def test_a_pid_that_was_given_to_a_stranger_is_not_mistaken_for_ours() -> None:
    started_at = psutil.Process().create_time()
    assert Identity(os.getpid(), started_at).find() is not None
    assert Identity(os.getpid(), started_at - 60).find() is None


def test_a_jar_that_is_not_the_locked_one_counts_as_missing(tmp_path: Path) -> None:
    locked = jars.locked_jars()
    assert {"kafka_2.13", "kafka-clients", "slf4j-simple"} <= {jar.artifact for jar in locked}
    place = locked[0].path(tmp_path)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"something else")
    assert jars.missing_jars(tmp_path) == locked


def test_a_port_is_free_until_somebody_listens() -> None:
    port = free_port()
    assert not is_taken(port)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert is_taken(port)


def test_a_port_for_a_server_is_none_that_an_outgoing_connection_gets_meanwhile() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()) as outgoing:
            own = outgoing.getsockname()[1]
            if own < 32_000:
                pytest.skip("this machine gives outgoing connections ports from below those it usually does")
            assert max(ports) < own


def test_an_open_port_is_not_yet_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "_PROBE_SECONDS", 0.05)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert not kafka.broker_answers(listener.getsockname()[1])


WARNING = '{"level": "warning", "event": "broker down", "service": "funding", "attempt": 3}'
INFO = '{"level": "info", "event": "started"}'
FAILPOINT = '{"failpoint": "relay.after_send", "action": "kill9"}'


@pytest.mark.parametrize(
    ("line", "loudness", "shown"),
    [
        (WARNING, Loudness.WARNINGS, "warning broker down  attempt=3"),
        (INFO, Loudness.WARNINGS, None),
        (INFO, Loudness.ALL, "info    started"),
        (FAILPOINT, Loudness.WARNINGS, "info      failpoint=relay.after_send action=kill9"),
        (WARNING, Loudness.NONE, None),
        ("plain text", Loudness.WARNINGS, None),
        ("plain text", Loudness.ALL, "plain text"),
        ("2026 FATAL:  no", Loudness.WARNINGS, "2026 FATAL:  no"),
        ("[1, 2]", Loudness.ALL, "[1, 2]"),
        ("", Loudness.ALL, None),
    ],
)
def test_the_console_shows_what_it_was_asked_to(line: str, loudness: Loudness, shown: str | None) -> None:
    rendered = render(line, loudness)
    assert (rendered.plain if rendered else None) == shown
