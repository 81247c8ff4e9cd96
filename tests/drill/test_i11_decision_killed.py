"""I11: the worker that makes a decision and tells of it is killed anywhere; the end is that of an undisturbed one."""

import asyncio
from pathlib import Path

import pytest

from smartfactory.stack.provision import DatabaseUrls
from tests.support.drills.figures import Drill
from tests.support.drills.killing import WorkerRun, ends_alike
from tests.support.judging import APPROVER, JEONJU, NOW, OPERATOR, WANJU, Judging, running_judging
from tests.support.servers import Servers

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
    # Whose money is asked for when: the turns.
    """
    SELECT sequence, convert_from(payload, 'UTF8')::jsonb ->> 'application_id' FROM outbox
     WHERE topic = 'applicant.selection.v1' ORDER BY sequence
    """,
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

    quiet = _run(crashable_servers, original["applicant"], tmp_path / "quiet")
    await quiet.to_the_end()
    killed = _run(crashable_servers, copy, tmp_path / "killed")
    stages = 1 + -(-cases // _PORTION)
    # The n-th commit of a life: some die in their first stage, some after one or two that stand.
    kills = sum([await killed.until_it_dies("job.before_commit", hit=1 + life % 3) for life in range(1 + stages)])
    await killed.to_the_end()

    drill.figure("cases", cases)
    drill.figure("kills exactly there", kills, limit=f">= {stages // 2}")
    await ends_alike(drill, quiet, killed, _END, rows=4 * cases)


def _run(servers: Servers, urls: DatabaseUrls, folder: Path) -> WorkerRun:
    # Its mail port is not there, and nothing of this waits for it.
    return WorkerRun(servers, urls, folder, now=NOW, waits=_WAITS, env={"MAIL_URL": "http://127.0.0.1:9"})


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
