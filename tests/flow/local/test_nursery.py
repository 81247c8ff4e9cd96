"""The nursery: each forked service is a process of its own, and its end is known exactly."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from smartfactory.stack.nursery import Nursery, _Forked
from smartfactory.stack.ports import answers, free_port
from smartfactory.stack.process import Command, ProgramFailed, identity_of
from tests.support.pausing import pause_process
from tests.support.waiting import eventually_now


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    nursery = Nursery(["smartfactory.outside"], tmp_path / "nursery.log")
    nursery.await_ready()
    yield nursery
    nursery.child.kill()


def outside(folder: Path, port: int, app_env: str) -> Command:
    env = {
        "APP_ENV": app_env,
        "ISSUER": "http://127.0.0.1/issuer",
        "OUTSIDE_DIRECTORY": str(folder / app_env),
        "OUTSIDE_SECRET": "x",
        "HTTP_PORT": str(port),
    }
    return Command(
        name=f"outside-{app_env}",
        argv=(sys.executable, "-m", "smartfactory.outside"),
        log=folder / f"{app_env}.log",
        env=env,
    )


def test_a_forked_service_serves_under_its_own_name_group_and_log(nursery: Nursery, tmp_path: Path) -> None:
    port = free_port()
    child = nursery.start(outside(tmp_path, port, "test"))
    eventually_now(lambda: answers(port, "/readyz"))
    process = psutil.Process(child.pid)
    assert process.name() == "outside-test"
    assert process.ppid() == nursery.child.pid
    assert child.exit_code() is None
    assert child.stop() in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent
    assert not answers(port, "/readyz")


def test_the_exit_code_and_the_signal_of_a_forked_service_are_known(nursery: Nursery, tmp_path: Path) -> None:
    refused = nursery.start(outside(tmp_path, free_port(), "production"))
    assert refused.wait(60) == 78
    assert "APP_ENV=local" in refused.log_tail()
    killed = nursery.start(outside(tmp_path, free_port(), "local"))
    killed.send(signal.SIGKILL)
    assert killed.wait(60) == -9


def test_services_do_not_outlive_the_nursery(nursery: Nursery, tmp_path: Path) -> None:
    port = free_port()
    child = nursery.start(outside(tmp_path, port, "test"))
    eventually_now(lambda: answers(port, "/readyz"))
    nursery.child.kill()
    eventually_now(lambda: not psutil.pid_exists(child.pid))
    eventually_now(lambda: child.exit_code() is not None, what="the end of the nursery is heard of")


def test_a_service_that_stands_still_when_the_nursery_dies_is_ended_all_the_same(
    nursery: Nursery, tmp_path: Path
) -> None:
    port = free_port()
    child = nursery.start(outside(tmp_path, port, "test"))
    # Until it has a group of its own it would be ended with the nursery's.
    eventually_now(lambda: answers(port, "/readyz"))
    pause_process(child)
    nursery.child.kill()
    assert child.wait(0.2) is None, "the signal to stop waits for it"
    assert child.kill() == -9
    eventually_now(lambda: not psutil.pid_exists(child.pid))


def test_a_service_that_takes_its_time_after_the_nursery_has_died_has_not_ended(nursery: Nursery) -> None:
    nursery.child.kill()
    itself = _Forked(nursery, -1, identity_of(os.getpid()))
    eventually_now(lambda: nursery._is_over)
    assert itself.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        itself.wait(0.1)


def test_what_cannot_be_imported_is_said_with_its_traceback(tmp_path: Path) -> None:
    nursery = Nursery(["smartfactory.nowhere"], tmp_path / "nursery.log")
    with pytest.raises(ProgramFailed, match=r"No module named 'smartfactory\.nowhere'"):
        nursery.await_ready()


def test_a_process_that_gets_the_pid_of_an_ended_one_has_not_ended(nursery: Nursery, tmp_path: Path) -> None:
    ended = nursery.start(outside(tmp_path, free_port(), "local"))
    ended.send(signal.SIGKILL)
    assert ended.wait(60) == -9
    again = nursery.start(outside(tmp_path, free_port(), "test"))
    # The kernel gives a pid again when it likes: what the nursery tells of such a process is said here in its place.
    with nursery._news:
        nursery._note({"started": "outside-local", "pid": ended.pid})
        life, pid = nursery._started["outside-local"]
    second = _Forked(nursery, life, again.identity)
    assert pid == ended.pid
    assert (second.poll(), ended.exit_code()) == (None, -9)
    with nursery._news:
        nursery._note({"ended": ended.pid, "code": 3})
    assert (second.poll(), ended.exit_code()) == (3, -9)
    ended.send(signal.SIGKILL)
    assert ended.kill() == -9
    eventually_now(lambda: answers(int(again.command.env["HTTP_PORT"]), "/readyz"))
