"""The service as a process: killed around its commit, stopped politely, started with the wrong schema or settings."""

import json
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.integration.web.notebook.process import Running
from tests.repo.tree import ROOT
from tests.support.servers import Servers
from tests.support.waiting import eventually_now


@pytest.mark.parametrize("place", ["command.before_commit", "command.after_commit"])
@pytest.mark.promise("R18", "I3")
def test_killed_around_its_commit_a_command_happens_exactly_once(running: Running, place: str):
    key = str(uuid.uuid4())
    running.start(FAILPOINTS=f"{place}=kill9")
    with pytest.raises(httpx2.HTTPError):
        running.write(key)
    assert running.process.wait_for_end() == -9
    assert running.process.hit(place)

    running.start(FAILPOINTS="")
    committed = len(running.notes())
    again = running.write(key)
    assert again.status_code == 201
    assert [note["id"] for note in running.notes()] == [again.json()["id"]]
    if place == "command.before_commit":
        assert committed == 0
        assert "idempotency-replayed" not in again.headers
    else:
        assert committed == 1, "the answer was lost, the effect was not"
        assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.promise("R18")
def test_no_answer_leaves_before_the_commit(running: Running, tmp_path):
    gate = tmp_path / "go"
    running.start(FAILPOINTS=f"command.before_commit=pause:{gate}")
    answered: list[httpx2.Response] = []
    caller = threading.Thread(target=lambda: answered.append(running.write(str(uuid.uuid4()))))
    caller.start()
    eventually_now(lambda: running.process.hit("command.before_commit"))
    assert running.notes() == []
    assert answered == []
    gate.touch()
    caller.join(60)
    assert [answer.status_code for answer in answered] == [201]
    assert len(running.notes()) == 1


def test_sigterm_finishes_what_is_under_way(running: Running, tmp_path):
    gate = tmp_path / "go"
    running.start(FAILPOINTS=f"command.before_commit=pause:{gate}", SHUTDOWN_DELAY_SECONDS="30")
    answered: list[httpx2.Response] = []
    caller = threading.Thread(target=lambda: answered.append(running.write(str(uuid.uuid4()))))
    caller.start()
    eventually_now(lambda: running.process.hit("command.before_commit"))
    assert running.process.child is not None
    running.process.child.send(signal.SIGTERM)
    eventually_now(lambda: running.client.get("/readyz").json()["state"] == "draining", what="readiness is taken back")
    gate.touch()
    caller.join(60)
    assert [answer.status_code for answer in answered] == [201]


@pytest.fixture
def empty_database(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> DatabaseUrls:
    return fresh_databases("notebook")["notebook"]


@pytest.fixture
def unmigrated(servers: Servers, empty_database: DatabaseUrls, jwks_url: str, forking: None) -> Iterator[Running]:
    with Running(servers, empty_database, jwks_url) as made:
        yield made


def test_not_ready_until_migrated_and_it_says_what_to_do(
    servers: Servers, empty_database: DatabaseUrls, unmigrated: Running
):
    running = unmigrated
    running.start()
    before = running.client.get("/readyz")
    assert before.status_code == 503
    assert "run `notebook migrate`" in before.json()["checks"]["schema"]["detail"]
    env = {
        "APP_ENV": "test",
        "DATABASE_URL": empty_database.application,
        "MIGRATIONS_DATABASE_URL": empty_database.owner,
    }
    migrate = servers.process(
        "notebook-migrate",
        (sys.executable, "-m", "tests.integration.web.notebook.main", "migrate"),
        {**env, "PYTHONPATH": str(ROOT)},
    )
    assert migrate.start().wait_for_end() == 0, migrate.log
    # The copy of denied tokens is made within a second of the table being there.
    eventually_now(lambda: running.client.get("/readyz").status_code == 200)
    assert running.client.get("/readyz").json()["checks"]["schema"]["detail"] == "schema 0001"
    assert running.client.get("/version").json()["service"] == "notebook"


def _cut(servers: Servers, name: str) -> None:
    """End all connections to the database, and wait until they have ended: told to, a session may answer once more."""
    servers.postgres.run(f"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'")


@pytest.mark.promise("R8")
def test_database_away_is_503_and_back_is_200(running: Running, servers: Servers, own_database: DatabaseUrls):
    running.start()
    assert running.write(str(uuid.uuid4())).status_code == 201
    name = own_database.owner.rsplit("/", 1)[1]
    servers.postgres.run(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    _cut(servers, name)
    key = str(uuid.uuid4())
    away = running.write(key)
    assert (away.status_code, away.json()["code"]) == (503, "service-busy")
    assert 1 <= int(away.headers["retry-after"]) <= 4
    assert running.client.get("/readyz").status_code == 503
    assert running.client.get("/livez").status_code == 200, "a database away is no reason to be killed"
    servers.postgres.run(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    assert running.write(key).status_code == 201


@pytest.mark.promise("R8")
def test_a_restarted_database_costs_one_try_at_most(running: Running, servers: Servers, own_database: DatabaseUrls):
    running.start()
    with ThreadPoolExecutor(5) as callers:
        list(callers.map(running.write, [str(uuid.uuid4()) for _ in range(10)]))
    name = own_database.owner.rsplit("/", 1)[1]
    _cut(servers, name)
    key = str(uuid.uuid4())
    tries = [running.write(key).status_code for _ in range(2)]
    assert tries[0] in {201, 503}
    assert tries[1] == 201, "the whole pool is renewed at once, not connection by connection"


@pytest.mark.promise("R8")
def test_connections_ended_under_calls_are_trouble_and_no_bug(
    running: Running, servers: Servers, own_database: DatabaseUrls
):
    running.start()
    name = own_database.owner.rsplit("/", 1)[1]
    with ThreadPoolExecutor(6) as callers:
        for _ in range(15):
            calls = [callers.submit(running.write, str(uuid.uuid4())) for _ in range(20)]
            servers.postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            assert {call.result().status_code for call in calls} <= {201, 503}


@pytest.mark.promise("R9")
def test_a_request_past_its_deadline_is_told_so_and_leaves_nothing(running: Running):
    running.start(REQUEST_TIMEOUT_SECONDS="3")
    key = str(uuid.uuid4())
    late = running.write(key, text="slow")
    assert (late.status_code, late.json()["code"]) == (503, "deadline-exceeded")
    assert late.headers["retry-after"]
    assert running.notes() == []


@pytest.mark.promise("R9")
def test_a_slow_query_is_stopped_by_the_database(running: Running):
    running.start()
    slow = running.write(str(uuid.uuid4()), text="slow query")
    assert (slow.status_code, slow.json()["code"]) == (503, "service-busy")


@pytest.mark.promise("R34")
def test_logs_carry_the_trace_and_no_text_of_the_caller(running: Running, tmp_path):
    spans = tmp_path / "spans.jsonl"
    running.start(SPAN_FILE=str(spans))
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    running.client.headers["traceparent"] = f"00-{trace_id}-00f067aa0ba902b7-01"
    failed = running.write(str(uuid.uuid4()), text="a bug")
    assert failed.json()["trace_id"] == trace_id
    lines: list[dict[str, object]] = []

    def served() -> list[object]:
        lines[:] = [json.loads(line) for line in running.process.log.splitlines() if line.startswith("{")]
        return [line["status"] for line in lines if line["event"] == "request" and line["route"] == "/v1/notes"]

    assert eventually_now(served, what="the request's log line, which follows the answer") == [500]
    assert any(str(line["event"]).startswith("a request failed") and line["trace_id"] == trace_id for line in lines)
    assert "slow query" not in running.process.log
    assert "Bearer" not in running.process.log
    assert running.process.stop() == 0
    kept = [json.loads(line) for line in spans.read_text().splitlines()]
    assert any(span["trace_id"] == trace_id and span["name"] == "POST /v1/notes" for span in kept)


def test_metrics_are_openmetrics_text(running: Running):
    running.start()
    running.write(str(uuid.uuid4()))
    page = running.client.get("/openmetrics")
    assert page.headers["content-type"].startswith("application/openmetrics-text")
    assert "http_server_request_duration_seconds_bucket" in page.text
    assert page.text.endswith("# EOF\n")


def test_without_settings_it_says_which_are_missing():
    argv = (sys.executable, "-m", "tests.integration.web.notebook.main", "api")
    ended = subprocess.run(argv, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "APP_ENV is not set: set it to local, test or production" in ended.stderr
    assert "DATABASE_URL is not set" in ended.stderr
    assert "Traceback" not in ended.stderr
