"""The applicant's worker on one database, killed anywhere, and its end beside that of one that nobody disturbed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from smartfactory.clock import ClockFile
from smartfactory.stack.provision import DatabaseUrls
from tests.support.drills.figures import Drill
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

_SECONDS = 60.0


class WorkerRun:
    """One database with a worker of its own; `waits` counts what it has still to do."""

    def __init__(
        self,
        servers: Servers,
        urls: DatabaseUrls,
        folder: Path,
        *,
        now: datetime,
        waits: str,
        arguments: Sequence[object] = (),
        env: Mapping[str, str],
    ) -> None:
        folder.mkdir(exist_ok=True)
        clock = folder / "programme-time"
        ClockFile(clock)(now)
        self._address, self._waits, self._arguments = urls.owner.replace("+asyncpg", ""), waits, arguments
        settings = {"PROGRAMME_CLOCK_FILE": str(clock), **env}
        prefix = servers.topic_prefix()
        self._worker: ServiceProcess = servers.service("applicant", "worker", urls, topic_prefix=prefix, env=settings)

    async def until_it_dies(self, place: str, *, hit: int) -> int:
        """Let the worker run until it is killed there, or has nothing left to do; how often it was killed."""
        if await self.waiting() == 0:
            return 0
        self._worker.start(FAILPOINTS=f"{place}=kill9@{hit}")
        await eventually(self._died_or_done, _SECONDS, what="the worker dies or is done")
        died = self._worker.exit_code() == -9
        if not died:
            self._worker.kill()
        return int(died)

    async def to_the_end(self) -> None:
        self._worker.start(FAILPOINTS="")
        await eventually(self._done, _SECONDS, what="nothing waits any more")
        self._worker.kill()

    async def waiting(self) -> int:
        return int(next(iter((await self._fetch(self._waits, *self._arguments))[0].values())))

    async def end(self, queries: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        return [[tuple(row.values()) for row in await self._fetch(sql)] for sql in queries]

    async def _died_or_done(self) -> bool:
        return self._worker.exit_code() is not None or await self.waiting() == 0

    async def _done(self) -> bool:
        assert self._worker.exit_code() is None, self._worker.log[-3000:]
        return await self.waiting() == 0

    async def _fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self._address)
        try:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()


async def ends_alike(drill: Drill, quiet: WorkerRun, killed: WorkerRun, queries: Sequence[str], *, rows: int) -> None:
    """Claim that both ends hold the same, and more than so many rows of it; and that nothing waits for ever."""
    expected, found = await quiet.end(queries), await killed.end(queries)
    drill.figure("rows of the undisturbed end", sum(len(each) for each in expected), limit=f"> {rows}")
    differing = [row for one, other in zip(expected, found, strict=True) for row in set(one) ^ set(other)]
    assert not differing, differing[:5]
    drill.figure("rows that differ from it", len(differing), limit="== 0")
    drill.figure("things that wait for ever", await killed.waiting(), limit="== 0")
