"""A season in which services and the broker die anywhere ends with the tables of an undisturbed one."""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from smartfactory.stack import ports
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.process import Identity
from tests.support.drills.figures import Drill
from tests.support.servers import Servers, ServiceProcess

_SCENARIO = "test-undisputed"
_START_SECONDS, _SEASON_SECONDS = 300.0, 900.0
_BETWEEN_KILLS_SECONDS = (0.5, 3.0)
"""No shorter: a child that dies more than six times in a minute is given up, rightly."""
_PLAYING = " KST  "
_FIRST_TABLE, _AFTER_TABLES = "test-track-a, seed", " requests, "
_BROKER = "kafka"


@pytest.mark.promise("R1", "R3", "I10")
def test_a_season_killed_anywhere(session_servers: Servers, drill: Drill, tmp_path: Path):
    """Services die at random and are started again; when the broker dies, the command is given again and goes on."""
    rounds, kills, brokers = drill.scale(ci=(1, 3, 0), full=(3, 8, 2))
    died, commands, logs = 0, 0, []
    for number in range(rounds):
        season = _Season(session_servers, tmp_path / str(number), random.Random(number))
        died += season.play_killing(kills, brokers)
        commands += season.commands
        logs.append(season.log)
    drill.figure("services killed", died, limit=drill.scale(ci=">= 1", full=">= 12"))
    drill.figure("brokers killed", commands - rounds, limit=f"== {rounds * brokers}")
    if drill.scale(ci=False, full=True):
        undisturbed = _Season(session_servers, tmp_path / "undisturbed", random.Random())
        undisturbed.play_killing(0, 0)
        expected = _tables(undisturbed.log)
        drill.figure("rows of tables", len(expected), limit="> 40")
        differing = [sorted(set(expected) ^ set(found)) for found in map(_tables, logs) if found != expected]
        assert not differing, differing
        drill.figure("seasons that ended otherwise", len(differing), limit="== 0")


class _Season:
    """The small season by the command that a person gives, on a data directory of its own."""

    def __init__(self, servers: Servers, folder: Path, chance: random.Random) -> None:
        self._servers, self._folder, self._chance = servers, folder, chance
        self._data = folder / "data"
        self._turns = self._services_in_turns()
        self.commands, self.log = 0, ""
        folder.mkdir()

    def play_killing(self, kills: int, brokers: int) -> int:
        """Play it to its end and see its check hold; returns how many services died on the way."""
        died = sum(self._play(kills, ends_with_broker=True) for _ in range(brokers))
        return died + self._play(kills, ends_with_broker=False)

    def _play(self, kills: int, *, ends_with_broker: bool) -> int:
        command = self._command()
        command.wait_for_log(_PLAYING, _START_SECONDS)
        died = 0
        while died < kills and self._goes_on(command):
            died += self._kill(next(self._turns))
        if ends_with_broker:
            assert self._goes_on(command), f"the season was over before the broker could die\n{command.log}"
            assert self._kill(_BROKER)
            assert command.wait_for_end(_SEASON_SECONDS) == 1, command.log
        else:
            assert command.wait_for_end(_SEASON_SECONDS) == 0, command.log
        self.log = command.log
        return died

    def _command(self) -> ServiceProcess:
        self.commands += 1
        arguments = ("run", "--once", "--scenario", _SCENARIO, "--data-dir", self._data, "--port", ports.free_port())
        argv = (sys.executable, "-m", "smartfactory", *map(str, arguments))
        return self._servers.process(f"season-{self._folder.name}-{self.commands}", argv).start()

    def _goes_on(self, command: ServiceProcess) -> bool:
        """Whether it still runs a random while later."""
        assert command.child is not None
        return command.child.wait(self._chance.uniform(*_BETWEEN_KILLS_SECONDS)) is None

    def _services_in_turns(self) -> Iterator[str]:
        """Each service's API and worker once, in a random order, and again in another."""
        while True:
            names = [name for name in self._children() if name.endswith(("-api", "-worker"))]
            self._chance.shuffle(names)
            yield from names

    def _kill(self, name: str) -> bool:
        pid, started_at = self._children()[name]
        process = Identity(int(pid), started_at).find()
        if process is None:
            return False
        try:
            process.kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def _children(self) -> dict[str, tuple[float, float]]:
        known: dict[str, tuple[float, float]] = json.loads(DataDirectory(self._data).children.read_text())
        return known


def _tables(log: str) -> list[str]:
    """The printed tables, without addresses, whose ids are new in every installation."""
    shown = log[log.rindex(_FIRST_TABLE) : log.rindex(_AFTER_TABLES)].splitlines()[:-1]
    return [line.rstrip() for line in shown if "http://" not in line]
