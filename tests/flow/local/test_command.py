"""The `smartfactory` command as a person has it: up, in use, stopped, killed, and started where something is wrong."""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import psutil
import pytest

from smartfactory.cli import app as operate
from smartfactory.stack.datadir import FORMAT_VERSION, DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.kafka import broker_answers
from smartfactory.stack.ports import free_port
from tests.support.processes import processes_of
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually_now

START_SECONDS = 300.0
STOP_SECONDS = 90.0
# Of every service an address that asks its database, and what it answers while there is nothing.
READS = {
    "applicant": ("v1/calls", 200),
    "funding": ("v1/split-rules", 200),
    "mentoring": ("v1/waiting-projects", 200),
    "metrics": (f"v1/public/calls/{uuid.UUID(int=1)}/progress", 404),
}


get = partial(httpx2.get, timeout=30)


class Command:
    """`smartfactory` on one data directory and one port."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self.data = folder / "data"
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, **env: str) -> ServiceProcess:
        at = ("--data-dir", str(self.data), "--port", str(self.port))
        argv = (sys.executable, "-m", "smartfactory", "run", "--no-season", *at, *arguments)
        return self._servers.process("smartfactory", argv, env).start()

    def other(self, *arguments: str) -> ServiceProcess:
        argv = (sys.executable, "-m", "smartfactory", *arguments, "--data-dir", str(self.data))
        return self._servers.process("smartfactory", argv).start()


@pytest.fixture(scope="module")
def command(session_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Command:
    return Command(session_servers, tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="class")
def running(command: Command) -> Iterator[ServiceProcess]:
    """One installation for the tests that only look at it, whose Kafka asks everybody who they are."""
    process = command.run("--secure")
    process.wait_for_log("ready at", START_SECONDS)
    yield process
    process.child.send(signal.SIGTERM)
    process.wait_for_end(STOP_SECONDS)


@pytest.mark.usefixtures("running")
class TestWhileItRuns:
    def test_the_doctor_finds_everything_ready(self, command: Command) -> None:
        def finds_nothing_amiss() -> ServiceProcess:
            doctor = command.other("doctor")
            assert doctor.wait_for_end(START_SECONDS) == 0, doctor.log
            return doctor

        # A worker of a busy machine may have to join its group once more, and says so meanwhile.
        doctor = eventually_now(finds_nothing_amiss, START_SECONDS, what="everything is ready")
        for part in ("Kafka", "outside", "applicant-api", "funding-worker", "mentoring-api", "metrics-worker"):
            assert f"{part} is ready" in doctor.log

    @pytest.mark.parametrize("service", ["applicant", "funding", "mentoring", "metrics"])
    def test_every_service_is_documented_at_the_one_origin(self, command: Command, service: str) -> None:
        document = get(f"{command.origin}/{service}/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        assert document["servers"] == [{"url": f"/{service}"}]
        explorer = get(f"{command.origin}/{service}/docs")
        assert explorer.status_code == 200
        for address in re.findall(r'(?:src|href)="([^"]+)"', explorer.text):
            assert get(f"{command.origin}{address}").status_code == 200, address

    def test_a_token_of_the_command_lets_its_person_in_and_no_other_role(self, command: Command) -> None:
        def status(role: str, tenant: str) -> int:
            token = command.other("token", "--role", role, "--tenant", tenant)
            assert token.wait_for_end(START_SECONDS) == 0, token.log
            headers = {"Authorization": f"Bearer {token.log.strip()}"}
            return get(f"{command.origin}/funding/v1/commitments", headers=headers).status_code

        assert status("province.officer", "52") == 200
        assert status("mentor", "samsung") == 403
        assert get(f"{command.origin}/funding/v1/commitments").status_code == 401

    def test_a_role_that_does_not_exist_is_answered_with_those_that_do(self, command: Command) -> None:
        token = command.other("token", "--role", "province.emperor")
        assert token.wait_for_end(START_SECONDS) == 1
        assert "province.treasurer" in token.log

    def test_what_nobody_publishes_is_a_problem_and_not_a_blank_page(self, command: Command) -> None:
        answer = get(f"{command.origin}/nowhere")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert (answer.json()["title"], answer.headers["content-language"]) == ("없는 주소", "ko")
        english = get(f"{command.origin}/nowhere", headers={"Accept-Language": "en-GB, ko;q=0.5"})
        assert (english.json()["title"], english.headers["content-language"]) == ("No such address", "en")
        assert get(f"{command.origin}/funding").headers["location"] == "/funding/docs"

    def test_a_second_run_on_the_same_data_is_told_who_has_it(self, command: Command, running: ServiceProcess) -> None:
        second = command.run()
        assert second.wait_for_end(START_SECONDS) == 1
        assert f"in use by another run (pid {running.child.pid})" in second.log
        assert "다른 실행" in second.log
        assert get(f"{command.origin}/funding/readyz").status_code == 200

    def test_all_that_an_installation_makes_is_known_to_whoever_clears_it(self, command: Command) -> None:
        DataDirectory(command.data).refuse_what_is_of_others()

    def test_nothing_is_parked(self, command: Command) -> None:
        listing = command.other("parked", "list")
        assert listing.wait_for_end(START_SECONDS) == 0
        assert "nothing is parked" in listing.log

    @pytest.mark.promise("R38")
    def test_a_log_is_filled_and_read_again_with_the_count_that_was_shown_a_name_and_a_reason(
        self, command: Command, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As docs/runbook/kafka-data-lost.md says it."""

        def said(*arguments: str) -> str:
            status = operate([*arguments, "--data-dir", str(command.data)], result_action="return_value")
            assert status == 0
            return capsys.readouterr().out

        def refused(*arguments: str) -> str:
            with pytest.raises(StackFault) as fault:
                said(*arguments)
            assert re.search("[가-힣]", fault.value.what.ko + fault.value.remedy.ko)
            return f"{fault.value.what.en} {fault.value.remedy.en}"

        mine, topic = ("--by", "kim", "--reason", "disk of broker 1 lost"), "applicant.account.v1"
        assert "no topic yet" in refused("republish", "--all")
        token = command.other("token", "--role", "platform.operator")
        assert token.wait_for_end(START_SECONDS) == 0, token.log
        told = httpx2.post(
            f"{command.origin}/applicant/v1/token-revocations",
            json={"subject": "somebody", "reason": "STOLEN"},
            headers={"Authorization": f"Bearer {token.log.strip()}", "Idempotency-Key": "a-revocation-of-somebody"},
            timeout=30,
        )
        assert told.status_code == 201, told.text
        eventually_now(lambda: "republish applicant.account.v1 --confirm 1" in said("republish", topic))
        for wrong, answer in (
            ((topic, "--confirm", "2", *mine), "It is 1 now"),
            ((topic, "--confirm", "1", "--by", "kim"), "who asks, and why"),
            ((topic, "--confirm", "1", "--reason", "x"), "who asks, and why"),
            (("applicant.acount.v1", "--confirm", "1", *mine), f"acount.v1 Choose among {topic}, or use --all"),
            (("--confirm", "0", *mine), "No topic is named"),
        ):
            assert answer in refused("republish", *wrong)
        assert "applicant: 이벤트 1건을 다시 보냅니다" in said("republish", topic, "--confirm", "1", *mine)
        eventually_now(lambda: "--confirm 1" in said("republish", "--all"), what="sent again")

        eventually_now(lambda: f"reread metrics {topic} --confirm 1" in said("reread", "metrics", topic))
        assert "It is 1 now" in refused("reread", "metrics", topic, "--confirm", "7", *mine)
        assert "There is no service metric" in refused("reread", "metric", "--all")
        assert "No such topic" in refused("reread", "applicant", topic)
        assert "reads from the start" in said("reread", "metrics", "--all", "--confirm", "1", *mine)
        eventually_now(lambda: "begins again" not in said("reread", "metrics", "--all"), what="it has begun again")

        # Why it was done is a note beside the journal, and can be taken back.
        noted = said("notes", "list", "metrics", "--chain", f"log/{topic}")
        assert "disk of broker 1" in noted
        [note] = re.findall("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", noted)
        erase = ("notes", "erase", "metrics", note, "--by", "lee", "--ground", "personal-data")
        assert "the note is erased" in said(*erase)
        assert "already erased" in refused(*erase)
        assert "disk of broker 1" not in said("notes", "list", "metrics", "--chain", f"log/{topic}")

    def test_a_projection_is_made_anew_by_who_may_read_what_it_is_made_of(self, command: Command) -> None:
        rebuilt = command.other("rebuild", "metrics")
        assert rebuilt.wait_for_end(START_SECONDS) == 0, rebuilt.log

    def test_kafka_let_every_worker_in_and_nobody_was_refused(self, command: Command) -> None:
        logs = [path.read_text() for path in (command.data / "logs").glob("*-worker.log")]
        assert len(logs) == 4
        assert not [line for log in logs for line in log.splitlines() if "Authoriz" in line or "not authorized" in line]

    def test_the_clock_that_is_moved_is_the_one_the_services_read(self, command: Command) -> None:
        moved = command.other("clock", "2024-04-03T17:00:00")
        assert moved.wait_for_end(START_SECONDS) == 0
        assert "2024-04-03T17:00:00+09:00" in moved.log
        assert (command.data / "programme-clock").read_text() == "2024-04-03T08:00:00+00:00"
        released = command.other("clock", "real")
        assert released.wait_for_end(START_SECONDS) == 0
        assert "(real time)" in released.log

    @pytest.mark.parametrize("away", READS)
    def test_one_service_is_down_while_the_other_three_keep_answering(self, command: Command, away: str) -> None:
        token = command.other("token", "--role", "technopark.operator")
        assert token.wait_for_end(START_SECONDS) == 0, token.log
        headers = {"Authorization": f"Bearer {token.log.strip()}"}
        seen = set()
        with httpx2.Client(base_url=command.origin, headers=headers, timeout=30) as client:

            def all_answer() -> bool:
                answers = {service: client.get(f"/{service}/{path}") for service, (path, _) in READS.items()}
                missing = answers[away]
                for service, (_, status) in READS.items():
                    assert service == away or answers[service].status_code == status, answers[service].text
                if missing.status_code == 502:
                    assert missing.headers["content-type"] == "application/problem+json"
                    assert (missing.json()["code"], missing.headers["retry-after"]) == ("service-away", "2")
                    assert "다른 서비스는 계속 쓸 수 있습니다" in missing.json()["detail"]
                seen.add(missing.status_code)
                return missing.status_code == READS[away][1]

            eventually_now(all_answer, what="all four answer")
            seen.clear()
            started = json.loads((command.data / "children.json").read_text())
            for role in ("api", "worker"):
                psutil.Process(started[f"{away}-{role}"][0]).kill()
            eventually_now(all_answer, START_SECONDS, what=f"{away} is back")
        assert 502 in seen, "it never was down"

    def test_a_worker_that_is_killed_comes_back(self, running: ServiceProcess) -> None:
        def workers() -> set[int]:
            found = set()
            for child in psutil.Process(running.child.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    found |= {child.pid} if child.name() == "metrics-worker" else set()
            return found

        (before,) = eventually_now(workers, START_SECONDS, what="the worker that the test before may have ended")
        told = running.log.count("metrics-worker ended with exit code -9; starting it again")
        psutil.Process(before).kill()
        eventually_now(lambda: workers() - {before}, what="another worker in its place")
        eventually_now(lambda: running.log.count("metrics-worker ended with exit code -9; starting it again") > told)


def test_a_terminated_run_leaves_no_child(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    process = command.run()
    # In the middle of the start: servers run, services may not yet.
    process.wait_for_log("PostgreSQL", START_SECONDS)
    assert len(processes_of(tmp_path)) > 1
    process.child.send(signal.SIGTERM)
    assert process.wait_for_end(STOP_SECONDS) == 130
    eventually_now(lambda: processes_of(tmp_path) == [], what="nobody is left")
    assert "Everything is stopped" in process.log


def test_a_run_that_was_killed_hard_leaves_nothing_that_stops_the_next(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    killed = command.run()
    killed.wait_for_log("ready at", START_SECONDS)
    killed.child.send(signal.SIGKILL)
    killed.wait_for_end()
    eventually_now(lambda: processes_of(tmp_path) == [], STOP_SECONDS, what="every child is gone")
    again = command.run("--once")
    assert again.wait_for_end(START_SECONDS) == 0, again.log
    eventually_now(lambda: processes_of(tmp_path) == [], what="nobody is left")


def test_a_start_that_fails_half_way_stops_what_it_started(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    data = command.data / "kafka" / "data"
    data.mkdir(parents=True)
    (command.data / "format-version").write_text(FORMAT_VERSION)
    (data / "meta.properties").write_text("version=1\ncluster.id=of-somebody-else\nnode.id=7\n")
    process = command.run()
    assert process.wait_for_end(START_SECONDS) == 1
    assert "kafka did not start" in process.log
    assert "kafka.log" in process.log
    assert (command.data / "logs" / "postgres.log").exists(), "the fault came too early to prove anything"
    assert processes_of(tmp_path) == []


def test_a_port_that_is_taken_is_said_with_its_holder_before_anything_starts(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", command.port))
        listener.listen()
        process = command.run()
        assert process.wait_for_end(START_SECONDS) == 1
    assert f"Port {command.port} is already taken" in process.log
    assert f"(pid {os.getpid()})" in process.log
    assert "--port" in process.log
    assert not (command.data / "postgres").exists()


def test_data_of_another_version_is_refused_with_the_remedy(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    command.data.mkdir()
    (command.data / "format-version").write_text("0")
    process = command.run()
    assert process.wait_for_end(START_SECONDS) == 1
    assert "make clean-data" in process.log
    assert re.search(r"of format 0; this program uses\s+format 1", process.log)


def test_a_folder_that_is_not_ours_is_not_cleaned_away(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    command.data.mkdir()
    (command.data / "thesis.txt").write_text("irreplaceable")
    cleaning = command.other("clean-data")
    assert cleaning.wait_for_end(START_SECONDS) == 1
    assert (command.data / "thesis.txt").exists()


def test_the_issuer_s_process_refuses_production(servers: Servers, tmp_path: Path) -> None:
    env = {
        "APP_ENV": "production",
        "ISSUER": "http://127.0.0.1/issuer",
        "OUTSIDE_DIRECTORY": str(tmp_path),
        "OUTSIDE_SECRET": "x",
        "HTTP_PORT": str(free_port()),
    }
    process = servers.process("outside", (sys.executable, "-m", "smartfactory.outside"), env).start()
    assert process.wait_for_end(START_SECONDS) == 78
    assert "APP_ENV=local" in process.log


def test_access_lists_are_not_switched_on_for_a_kafka_that_is_not_ours(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    process = command.run("--secure", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert process.wait_for_end(START_SECONDS) == 1
    assert "not started here" in process.log
    assert "without --secure" in process.log
    assert not command.data.exists()


def test_a_server_that_exists_is_used_and_not_started(servers: Servers, tmp_path: Path) -> None:
    command = Command(servers, tmp_path)
    process = command.run("--once", KAFKA_BOOTSTRAP_SERVERS=servers.bootstrap_servers)
    assert process.wait_for_end(START_SECONDS) == 0, process.log
    assert not (command.data / "kafka").exists()
    assert broker_answers(int(servers.bootstrap_servers.rsplit(":", 1)[1])), "what is not ours must not be stopped"
