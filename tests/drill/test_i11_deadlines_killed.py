"""I11: the worker of deadlines and notices is killed anywhere, again and again; the end is that of an undisturbed one."""

import asyncio
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from applicant.applications.domain.case import ApplicationStatus
from common.clock import KST
from smartfactory.stack.provision import DatabaseUrls
from tests.support.drills.figures import Drill
from tests.support.drills.killing import WorkerRun, ends_alike
from tests.support.drills.outside import Outside
from tests.support.judging import JEONJU, OPERATOR, Judging, running_judging
from tests.support.servers import Servers

_PLACES = ("job.before_commit", "job.after_claim", "job.after_send")
_DRAFTED = datetime(2024, 5, 16, 10, tzinfo=KST)
# After every deadline: signatures, issues, supplements and objections are all over.
_THEN = _DRAFTED + timedelta(days=75)
_WAITS = """
    SELECT (SELECT count(*) FROM legal_deadline WHERE settled_at IS NULL AND work_at <= $1)
         + (SELECT count(*) FROM notice WHERE state IN ('QUEUED', 'FAILED'))
"""
_END = (
    "SELECT id, status, outcome, version, withdrawal_reason FROM application ORDER BY id",
    "SELECT id, state, holds_place, state_reason, version FROM project ORDER BY id",
    "SELECT project_id, state, version FROM agreement ORDER BY project_id",
    """
    SELECT subject_id, kind, state, due_at, settled_at, alerted_days, escalations, work_at FROM legal_deadline
    ORDER BY subject_id, kind, opened_at
    """,
    # A deadline that the worker itself opens has an id of its own in each run, and so has what tells of it.
    """
    SELECT regexp_replace(reason, '^deadline/[0-9a-f-]+/', 'deadline/'), recipient, kind, application_id, state, body
    FROM notice ORDER BY 1, 2, 4
    """,
    "SELECT key, sequence, type FROM outbox ORDER BY key, sequence",
    "SELECT chain, position, decision FROM journal_entry ORDER BY chain, position",
)


@pytest.mark.promise("I11", "R3")
async def test_the_worker_of_deadlines_is_killed_anywhere(crashable_servers: Servers, drill: Drill, tmp_path: Path):
    """It dies with -9 before commits, after claims and after sending; deadlines and notices end as if it had not."""
    cases, deaths = drill.scale(ci=(2, 3), full=(40, 60))
    original = await asyncio.to_thread(crashable_servers.fresh_databases, ["applicant"], migrated=True)
    async with running_judging(original["applicant"]) as judging:
        await _prepared(judging, cases)
    copy = await asyncio.to_thread(crashable_servers.copy_of, "applicant", original["applicant"])

    with closing(Outside(tmp_path / "quiet")) as quiet_outside, closing(Outside(tmp_path / "killed")) as outside:
        quiet = _run(crashable_servers, original["applicant"], tmp_path / "quiet", quiet_outside)
        await quiet.to_the_end()
        killed = _run(crashable_servers, copy, tmp_path / "killed", outside)
        kills = 0
        for life in range(deaths):
            kills += await killed.until_it_dies(_PLACES[life % len(_PLACES)], hit=1 + life // len(_PLACES) % 3)
        await killed.to_the_end()

    drill.figure("cases", 4 * cases)
    drill.figure("kills exactly there", kills, limit=f">= {deaths // 2}")
    await ends_alike(drill, quiet, killed, _END, rows=8 * cases)
    mail = outside.mail.delivered
    drill.figure("notices handed over again", sum(each.handed_over > 1 for each in mail.values()), limit=">= 1")
    drill.figure("notices delivered", len(mail), limit=f"== {len(quiet_outside.mail.delivered)}")


def _run(servers: Servers, urls: DatabaseUrls, folder: Path, outside: Outside) -> WorkerRun:
    settings = {
        **outside.settings,
        "NOTICE_LEASE_SECONDS": "0.5",
        "NOTICE_FIRST_WAIT_SECONDS": "0.1",
        "NOTICE_BATCH_SIZE": "5",
    }
    return WorkerRun(servers, urls, folder, now=_THEN, waits=_WAITS, arguments=(_THEN,), env=settings)


async def _prepared(judging: Judging, number: int) -> None:
    """So many agreements to lapse, drafts to escalate, refusals whose window ends, and supplements to pass over."""
    await judging.open_call({("JS1", JEONJU): 2 * number}, size_min=1)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * (3 * number))
    await judging.panel(1)
    scores = [9000] * (2 * number) + [5000] * number
    await judging.lock_sheets([(case, 1, score) for case, score in zip(cases, scores, strict=True)])
    async with judging.owner.transaction() as tx:
        await tx.execute(text("UPDATE company SET contact_email = 'office-' || id || '@example.com'"))
    await judging.decided()
    judging.clock.move_to(_DRAFTED)
    for place, case in enumerate(cases[: 2 * number]):
        project = await judging.project(case)
        await judging.deliver(judging.committed(project))
        if place % 2:
            issued = await judging.post(f"/v1/agreements/{project['id']}/issues", by=OPERATOR, version=1)
            assert issued.status_code == 201, issued.text
    waiting = await judging.eligible_many(
        [("JS1", JEONJU, 40_000_000, True)] * number, status=ApplicationStatus.UNDER_SCREENING
    )
    for case in waiting:
        path = f"/v1/applications/{case.id}/supplement-requests"
        asked = await judging.post(path, {"items": [{"request": "자료"}]}, by=OPERATOR, version=1)
        assert asked.status_code == 201, asked.text
