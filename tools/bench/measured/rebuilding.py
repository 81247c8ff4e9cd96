"""P14: how fast metrics' projections are made anew from the first event on, by the shipped command with its start."""

import asyncio
import contextlib
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from metrics.main import SERVICE
from smartfactory.check.hashes import table_hashes
from smartfactory.stack.process import Child, Command, start
from smartfactory.stack.provision import DatabaseUrls
from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import Ground
from tools.bench.ledger import Ledger, tree_pss_bytes
from tools.bench.suites import Variant

REBUILD, RAW = "rebuild", "raw getmany of the same records"
_WORKER, _DATABASE, _PREFIX = "rebuild-worker", "metrics_rebuild", "rebuild."
_APPLICATIONS = 5_000
_TAKE_IN_SECONDS = 180.0
_REBUILD_SECONDS = 240.0
_LOOK_SECONDS = 0.05
_CLAIMED = "SELECT count(*) FILTER (WHERE outcome = 'applied') FROM inbox"
_TOLD = "SELECT count(*) FROM outbox WHERE causation_id <> event_id::text"
"""What an event brought about, as a rebuild must not: the worker beside it goes on telling that a day is over."""


@dataclass
class Rebuilding:
    """A service beside the others', whose worker has applied a history; it stays at work while that is read again."""

    ground: Ground
    applications: int = _APPLICATIONS
    name: str = "rebuild"
    figures: Sequence[Figure] = (
        Figure(
            "P14",
            "metrics' projections made anew, events per second",
            lambda one: one[REBUILD].rate,
            (REBUILD,),
            1_700.0,
            3_400.0,
        ),
        Figure("P14r", "the same / raw getmany of the same records", ratio(REBUILD, RAW), (REBUILD, RAW), 0.04, 0.10),
    )
    _urls: DatabaseUrls = field(init=False)
    _topics: list[str] = field(default_factory=list)
    _records: int = 0
    _true: dict[str, str] = field(default_factory=dict)
    _rounds: int = 0

    async def prepare(self) -> None:
        self._urls = self.ground.make_database("metrics", _DATABASE)
        await self.ground.make_topics_apart(_PREFIX)
        settings = {"KAFKA_TOPIC_PREFIX": _PREFIX, "KAFKA_GROUP_PREFIX": _PREFIX}
        self.ground.start_apart(_WORKER, "metrics", "worker", self._urls, settings)
        await self.ground.until_ready(_WORKER)
        made = await self.ground.part("history").ask(
            "fill",
            bootstrap_servers=self.ground.bootstrap_servers,
            prefix=_PREFIX,
            applications=self.applications,
        )
        self._records, self._topics = made["records"], made["topics"]
        until = time.monotonic() + _TAKE_IN_SECONDS
        async with self.ground.administrator(_DATABASE) as admin:
            while (claimed := await admin.fetchval(_CLAIMED)) < self._records:
                if time.monotonic() > until:
                    raise TimeoutError(f"{claimed} of {self._records} events were applied in {_TAKE_IN_SECONDS:g} s")
                await asyncio.sleep(_LOOK_SECONDS)
        self._true = await self._hashes()

    async def begin_round(self) -> None:
        self.ground.quiet()
        self.ground.thaw(_WORKER)
        async with self.ground.administrator(_DATABASE) as admin:
            await admin.execute("CHECKPOINT")

    def variants(self) -> Mapping[str, Variant]:
        return {REBUILD: self._rebuild, RAW: self._raw}

    async def _rebuild(self) -> Slice:
        self._rounds += 1
        name = f"rebuild-{self._rounds}"
        env = self.ground.environment(name, "rebuild", self._urls) | {
            "KAFKA_TOPIC_PREFIX": _PREFIX,
            "MIGRATIONS_DATABASE_URL": self._urls.owner,
        }
        log = self.ground.folder / "logs" / f"{name}.log"
        async with self.ground.administrator(_DATABASE) as admin:
            told = await admin.fetchval(_TOLD)
            ledger = Ledger(self.ground.pids({"postgres": "postgres", "kafka": "kafka"}))
            spent, children, began = ledger.read(), _children_seconds(), time.monotonic()
            argv = (sys.executable, "-m", "metrics.main", "rebuild")
            child = self.ground.children[name] = start(Command(name=name, argv=argv, log=log, env=env))
            peak = await _until_ended(child, until=began + _REBUILD_SECONDS)
            seconds = time.monotonic() - began
            cpu = {"rebuild": _children_seconds() - children, **ledger.since(spent)}
            told = await admin.fetchval(_TOLD) - told
        del self.ground.children[name]
        fault = self._fault(child, await self._hashes(), told)
        return Slice(self._records, seconds, fault=fault, cpu_seconds=cpu, values={"PSS MB at most": peak})

    async def _raw(self) -> Slice:
        answer = await self.ground.part("history").ask(
            "get_many", bootstrap_servers=self.ground.bootstrap_servers, topics=self._topics, count=self._records
        )
        missing = self._records - answer["operations"]
        return Slice(answer["operations"], answer["seconds"], fault=f"{missing} records missing" if missing else "")

    def _fault(self, child: Child, found: Mapping[str, str], told: int) -> str:
        if child.exit_code() != 0:
            return f"the rebuild ended with {child.exit_code()}: {child.log_tail()[-200:]}"
        lines = child.command.log.read_text("utf-8").splitlines()
        events = next((json.loads(line)["events"] for line in lines if line.startswith('{"service"')), 0)
        wrong = [f"{events} events of {self._records}"] if events != self._records else []
        wrong += [f"{name} differs" for name, digest in self._true.items() if found[name] != digest]
        return ", ".join(wrong + ([f"{told} events told by it"] if told else []))

    async def _hashes(self) -> dict[str, str]:
        """Of the projection alone: its worker goes on telling partners and marking what it has sent."""
        assert SERVICE.projection is not None  # noqa: S101  it has one
        found = await table_hashes({"metrics": self._urls.owner.replace("+asyncpg", "")})
        return {name: found[name] for name in (f"metrics.{table}" for table in SERVICE.projection.tables)}


async def _until_ended(child: Child, *, until: float) -> float:
    """Wait for its end; how much memory it had at most, in MB."""
    peak = 0.0
    while child.exit_code() is None and time.monotonic() < until:
        # It may end between the two looks.
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            peak = max(peak, tree_pss_bytes(child.pid) / 1e6)
        await asyncio.sleep(_LOOK_SECONDS)
    return peak


def _children_seconds() -> float:
    """CPU time of the processes that have ended, as the kernel keeps it for who waited for them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
