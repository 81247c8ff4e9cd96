"""The supervisor on small processes: what dies is noticed, what may be is started again, and nothing is left behind."""

import asyncio
import signal
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smartfactory.stack.children import ChildRecord
from smartfactory.stack.faults import StackFault
from smartfactory.stack.process import Command
from smartfactory.stack.supervisor import Supervisor
from tests.support.processes import processes_of
from tests.support.servers import Servers
from tests.support.waiting import eventually, eventually_now

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); " + SLEEPER
FAULTY = textwrap.dedent("""
    import os, time
    print('up', os.environ.get('FAILPOINTS'), flush=True)
    if os.environ.get('FAILPOINTS'):
        os.kill(os.getpid(), 9)
    time.sleep(600)
""")


def program(folder: Path, name: str, code: str, **env: str) -> Command:
    argv = (sys.executable, "-c", code, str(folder))
    return Command(name=name, argv=argv, log=folder / f"{name}.log", env=env)


def log(folder: Path, name: str) -> str:
    path = folder / f"{name}.log"
    return path.read_text() if path.exists() else ""


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(ChildRecord(tmp_path / "children.json"), lambda _name, _what: None)
    yield supervisor
    await supervisor.stop(grace_seconds=0.2)


async def test_a_stop_leaves_neither_the_stubborn_nor_grandchildren(supervisor: Supervisor, tmp_path: Path) -> None:
    for name, code in (("plain", SLEEPER), ("stubborn", STUBBORN), ("parent", PARENT)):
        supervisor.start(program(tmp_path, name, code), layer=0)
        await supervisor.until_ready(name, lambda name=name: "up" in log(tmp_path, name))
    assert len(processes_of(tmp_path)) >= 3
    await supervisor.stop(grace_seconds=0.3)
    # A grandchild is told to end with its group, and ends when the kernel comes to it; by itself it would sleep on.
    await eventually(lambda: processes_of(tmp_path) == [], what="nobody is left")


async def test_a_stop_ends_nobody_who_was_there_before(servers: Servers, tmp_path: Path) -> None:
    stranger = servers.process("stranger", (sys.executable, "-c", SLEEPER)).start()
    stranger.wait_for_log("up")
    supervisor = Supervisor(ChildRecord(tmp_path / "children.json"), lambda _name, _what: None)
    supervisor.start(program(tmp_path, "plain", SLEEPER), layer=0)
    await supervisor.stop(grace_seconds=0.2)
    assert processes_of(tmp_path) == []
    assert stranger.exit_code() is None


async def test_higher_layers_are_gone_before_lower_ones_are_asked(supervisor: Supervisor, tmp_path: Path) -> None:
    says_so = "import signal, sys, time\ndef bye(*_): print('bye', time.time(), flush=True); sys.exit()\n"
    for layer, name in enumerate(("server", "service")):
        code = says_so + "signal.signal(signal.SIGTERM, bye)\n" + SLEEPER.replace("import time; ", "")
        supervisor.start(program(tmp_path, name, code), layer=layer)
        await supervisor.until_ready(name, lambda name=name: "up" in log(tmp_path, name))
    await supervisor.stop()
    stopped_at = {name: float(log(tmp_path, name).rsplit("bye ", 1)[1]) for name in ("server", "service")}
    assert stopped_at["service"] < stopped_at["server"]


async def test_a_worker_killed_by_a_failpoint_comes_back_without_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(program(tmp_path, "worker", FAULTY, FAILPOINTS="x=kill9"), layer=0, restarts=True)
    supervisor.note_ready("worker")
    watch = asyncio.create_task(supervisor.watch())
    await eventually(lambda: "up None" in log(tmp_path, "worker"))
    assert "up x=kill9" in log(tmp_path, "worker")
    watch.cancel()


async def test_a_worker_that_dies_again_and_again_is_given_up(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smartfactory.stack.supervisor._LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("smartfactory.stack.supervisor._FIRST_PAUSE_SECONDS", 0.01)
    supervisor.start(program(tmp_path, "worker", "raise SystemExit(3)"), layer=0, restarts=True)
    supervisor.note_ready("worker")
    with pytest.raises(StackFault, match="worker"):
        await asyncio.wait_for(supervisor.watch(), 90)


async def test_a_server_that_dies_ends_the_watch_with_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(program(tmp_path, "server", SLEEPER), layer=0)
    await supervisor.until_ready("server", lambda: "up" in log(tmp_path, "server"))
    child.send(signal.SIGKILL)
    with pytest.raises(StackFault, match="server") as fault:
        await asyncio.wait_for(supervisor.watch(), 60)
    assert "server.log" in fault.value.remedy.en


async def test_a_child_that_ends_before_it_was_ready_fails_the_start(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(program(tmp_path, "server", "print('no such table'); raise SystemExit(1)"), layer=0, restarts=True)
    with pytest.raises(StackFault) as fault:
        await supervisor.until_ready("server", lambda: False)
    assert "no such table" in fault.value.detail


def _in_another_process(folder: Path, code: str) -> str:
    return textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from smartfactory.stack.children import ChildRecord
        from smartfactory.stack.process import Command, start
        folder = Path({str(folder)!r})
        record = ChildRecord(folder / "children.json")
        argv = (sys.executable, "-c", {code!r}, str(folder))
        record.add(start(Command(name="orphan", argv=argv, log=folder / "orphan.log")))
        print("started", flush=True)
        time.sleep(600)
    """)


def test_children_die_with_a_supervisor_that_is_killed_hard(servers: Servers, tmp_path: Path) -> None:
    killed = servers.process("supervisor", (sys.executable, "-c", _in_another_process(tmp_path, SLEEPER))).start()
    killed.wait_for_log("started")
    eventually_now(lambda: "up" in log(tmp_path, "orphan"))
    killed.child.send(signal.SIGKILL)
    eventually_now(lambda: processes_of(tmp_path) == [])


def test_an_orphan_that_would_not_die_is_ended_by_the_next_start(servers: Servers, tmp_path: Path) -> None:
    killed = servers.process("supervisor", (sys.executable, "-c", _in_another_process(tmp_path, STUBBORN))).start()
    killed.wait_for_log("started")
    eventually_now(lambda: "up" in log(tmp_path, "orphan"))
    killed.child.send(signal.SIGKILL)
    killed.wait_for_end()
    assert len(processes_of(tmp_path)) == 1
    next_start = ChildRecord(tmp_path / "children.json", grace_seconds=0.2)
    assert next_start.end_leftovers() == ["orphan"]
    assert processes_of(tmp_path) == []
