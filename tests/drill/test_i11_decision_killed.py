"""I11: the worker that makes a decision and tells of it is killed anywhere; the end is that of an undisturbed one."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from smartfactory.clock import ClockFile
from smartfactory.stack.provision import DatabaseUrls
from tests.support.drills.figures import Drill
from tests.support.judging import APPROVER, JEONJU, NOW, OPERATOR, WANJU, Judging, running_judging
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

_PORTION = 250
_WAITS = "SELECT count(*) FROM selection_decision WHERE state IN ('REQUESTED', 'DECIDED')"
_END = (
    "SELECT state, cases, told, evidence FROM selection_decision",
    "SELECT id, status, outcome, version FROM application ORDER BY id",
    "SELECT application_id, state, holds_place, need_won::text FROM project ORDER BY application_id",
    "SELECT application_id, outcome, reserve_order, project_id IS NULL FROM case_outcome ORDER BY application_id",
    "SELECT municipality_code, seats, taken, vacated FROM place ORDER BY municipality_code",
    "SELECT application_id, kind, recipient FROM notice ORDER BY application_id, kind, recipient",
    "SELECT subject_id, kind, state FROM legal_deadline ORDER BY subject_id, kind",
    # A project's id is made when its case is told, so it is another one in each run.
    "SELECT type, sequence, count(*), count(DISTINCT key) FROM outbox GROUP BY type, sequence ORDER BY type, sequence",
    "SELECT chain, position, decision, actor FROM journal_entry WHERE chain LIKE 'application/%' ORDER BY 1, 2",
    "SELECT chain, position, decision, actor FROM journal_entry WHERE chain LIKE 'call/%' ORDER BY 1, 2",
)


@pytest.mark.promise("I11", "I3")
async def test_the_worker_of_a_decision_is_killed_anywhere(crashable_servers: Servers, drill: Drill, tmp_path: Path):
    """It dies with -9 before the commit of each stage; every case is told once, and all of it as if nothing had been."""
    cases = drill.scale(ci=600, full=4_000)
    original = await asyncio.to_thread(crashable_servers.fresh_databases, ["applicant"], migrated=True)
    async with running_judging(original["applicant"]) as judging:
        await _requested(judging, cases)
    copy = await asyncio.to_thread(crashable_servers.copy_of, "applicant", original["applicant"])

    quiet = Run(crashable_servers, original["applicant"], tmp_path / "quiet")
    await quiet.to_the_end()
    killed = Run(crashable_servers, copy, tmp_path / "killed")
    stages = 1 + -(-cases // _PORTION)
    # The n-th commit of a life: some die in their first stage, some after one or two that stand.
    kills = sum([await killed.until_it_dies(hit=1 + life % 3) for life in range(1 + stages)])
    await killed.to_the_end()

    expected, found = await quiet.end(), await killed.end()
    drill.figure("cases", cases)
    drill.figure("kills exactly there", kills, limit=f">= {stages // 2}")
    drill.figure("rows of the undisturbed end", sum(len(rows) for rows in expected), limit=f"> {4 * cases}")
    differing = [row for one, other in zip(expected, found, strict=True) for row in set(one) ^ set(other)]
    assert not differing, differing[:5]
    drill.figure("rows that differ from it", len(differing), limit="== 0")
    drill.figure("decisions that wait for ever", await killed.waiting(), limit="== 0")


class Run:
    """One database with a worker of its own."""

    def __init__(self, servers: Servers, urls: DatabaseUrls, folder: Path) -> None:
        folder.mkdir()
        clock = folder / "programme-time"
        ClockFile(clock)(NOW)
        self._address = urls.owner.replace("+asyncpg", "")
        # Its mail port is not there, and nothing of this waits for it.
        settings = {"PROGRAMME_CLOCK_FILE": str(clock), "MAIL_URL": "http://127.0.0.1:9"}
        prefix = servers.topic_prefix()
        self._worker: ServiceProcess = servers.service("applicant", "worker", urls, topic_prefix=prefix, env=settings)

    async def until_it_dies(self, *, hit: int) -> int:
        """Let the worker run until it is killed before that commit, or has nothing left to do."""
        if await self.waiting() == 0:
            return 0
        self._worker.start(FAILPOINTS=f"job.before_commit=kill9@{hit}")
        await eventually(self._died_or_done, 60, what="the worker dies or is done")
        died = self._worker.exit_code() == -9
        if not died:
            self._worker.kill()
        return int(died)

    async def to_the_end(self) -> None:
        self._worker.start(FAILPOINTS="")
        await eventually(self._done, 60, what="every case is told")
        self._worker.kill()

    async def waiting(self) -> int:
        return int(next(iter((await self._fetch(_WAITS))[0].values())))

    async def end(self) -> list[list[tuple[Any, ...]]]:
        return [[tuple(row.values()) for row in await self._fetch(sql)] for sql in _END]

    async def _died_or_done(self) -> bool:
        return self._worker.exit_code() is not None or await self.waiting() == 0

    async def _done(self) -> bool:
        assert self._worker.exit_code() is None, self._worker.log[-3000:]
        return await self.waiting() == 0

    async def _fetch(self, sql: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self._address)
        try:
            return [dict(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


async def _requested(judging: Judging, number: int) -> None:
    """A closed call of so many cases, ranked, and an approver who has asked for its decision."""
    await judging.open_call({("JS1", JEONJU): number // 4, ("JS1", WANJU): number // 4}, size_min=1)
    towns = (JEONJU, WANJU)
    cases = await judging.eligible_many([("JS1", towns[n % 2], 40_000_000, True) for n in range(number)])
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 5_000 + (n * 7_919) % 5_000) for n, case in enumerate(cases)])
    # So many cases are read by pages, never in the answer of the ranking.
    ranked = await judging.post(f"/v1/calls/{judging.call_id}/rankings?with_cases=false", by=OPERATOR)
    assert ranked.status_code == 201, ranked.text
    path = f"/v1/calls/{judging.call_id}/selection-decisions"
    begun = await judging.post(path, {"ranking": 1}, by=APPROVER, version=1)
    assert begun.status_code == 202, begun.text
