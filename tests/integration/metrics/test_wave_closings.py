"""An outcome wave is closed behind its last day, once, as that day left it: whoever closes, is killed or reports late."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from common import failpoints
from common.acting import THE_SERVICE
from common.auth import Principal
from common.clock import FixedClock
from common.consumer import Received
from common.consumer.rebuild import rebuild
from common.consumer.rows import Together
from common.db import Database, Transaction, is_lock_timeout
from common.event import Envelope, WireRecord, encode_data, new_id
from common.kafka_history import History
from common.restored import Lost, Tellings, take_back
from common.restored import Standing as Missing
from contracts.applicant import ProjectCompleted, ProjectSelected, ProjectTerminated
from contracts.partner import PartnerWaveClosed
from contracts.roles import Role
from metrics.main import SERVICE
from metrics.partners import commands as partners
from metrics.wave_closings.commands import close_waves
from metrics.wave_closings.domain import event_id_of
from metrics.wave_closings.jobs import CloseWaves
from smartfactory.check.hashes import table_hashes
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener
from tests.support.outcomes import COMPLETED, REPORTING, built, decide, facts, one_built, report, said
from tests.support.partners import Partners, partners_over
from tests.support.receiving import hooks_over, receiving
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio
Databases = Callable[..., dict[str, DatabaseUrls]]

ENDED = datetime(2023, 12, 1, 15, tzinfo=UTC)
"""Due on 1 December: what comes from here on is late."""
CLOSING = ENDED + timedelta(minutes=1)
LONG_AFTER = datetime(2024, 2, 5, 1, tzinfo=UTC)
FIGURES = {"P1": (1_000, 100)}
_CLOSINGS = "SELECT project_id, wave, event_id, response FROM outcome_wave_closing ORDER BY project_id, wave"
_TOLD = """
    SELECT event_id, key, sequence, occurred_at, convert_from(payload, 'UTF8')::jsonb AS said, causation_id, actor
    FROM outbox WHERE type LIKE '%.outcome-wave-closed.v1' ORDER BY id
"""

_WAITING = """
    SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def running(fresh_databases: Databases) -> AsyncIterator[Partners]:
    async with partners_over(fresh_databases("metrics", migrated=True)) as here:
        here.metrics.clock.move_to(REPORTING)
        yield here


async def close(metrics: Listener, at: datetime, job: CloseWaves | None = None) -> None:
    """Let a worker look until it has seen every project; without a job of its own it has just been started.

    As the worker does, it tries again when it has waited too long for another.
    """
    job = job or CloseWaves()
    is_over = False
    while not is_over:
        try:
            is_over = not await job(metrics.database, FixedClock(at))
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise


async def closed_at(here: Partners, firm: ProjectSelected, at: datetime) -> str:
    """What is told of the first wave of this firm."""
    await close(here.metrics, at)
    (told,) = [row for row in await here.rows(_TOLD) if row["key"] == firm.project_id]
    return str(told["said"]["response"])


async def test_a_wave_is_told_once_its_last_day_is_over_without_a_figure(running: Partners):
    firm = await one_built(running.metrics)
    assert (await report(running.metrics, firm, said("COMPLETION", FIGURES))).status_code == 201
    job = CloseWaves()
    await close(running.metrics, CLOSING - timedelta(seconds=1), job)
    assert await running.rows(_TOLD) == []
    await close(running.metrics, CLOSING, job)
    (told,) = await running.rows(_TOLD)
    assert told["said"] == {
        "project_id": str(firm.project_id), "type_code": "JS2", "municipality_code": "52110", "wave": "COMPLETION",
        "due_on": "2023-12-01", "response": "RESPONDED",
    }  # fmt: skip
    assert told["event_id"] == event_id_of(firm.project_id, "COMPLETION")
    assert told["occurred_at"] == ENDED, "whenever the worker came to it"
    assert told["actor"] == "service:-:metrics"
    assert told["causation_id"] == str(told["event_id"]), "time brought it about"
    await running.place()
    item = (await running.read()).json()["items"][-1]
    assert (item["id"], item["data"], item["causationid"]) == (str(told["event_id"]), told["said"], item["id"])
    (entry,) = await running.rows(
        "SELECT chain, actor, rule_version, facts::jsonb AS facts FROM journal_entry WHERE decision = 'outcome-wave-closed'"
    )
    assert entry["chain"] == f"project/{firm.project_id}"
    assert (entry["rule_version"], entry["facts"]["response"]) == ("2024-1", "RESPONDED")


async def test_samsungs_webhook_has_it_under_the_same_id_and_a_municipality_is_not_told(fresh_databases: Databases):
    async with hooks_over(fresh_databases("metrics", migrated=True)) as hooks:
        with receiving() as samsung, receiving() as jeonju:
            firm = await one_built(hooks.metrics)
            _, secret = await hooks.register(samsung.url, role=Role.SAMSUNG_CLIENT, tenant="samsung")
            await hooks.register(jeonju.url)
            await close(hooks.metrics, CLOSING)
            await hooks.deliver()
            (got,) = samsung.got
            assert got.id == str(event_id_of(firm.project_id, "COMPLETION"))
            message = got.verified_by(secret)
            assert (message["type"], message["data"]["response"]) == ("outcome.wave_closed", "NO_RESPONSE")
            assert jeonju.got == []


async def test_each_wave_of_a_project_is_closed_in_its_turn_by_one_worker(running: Partners):
    firm = await one_built(running.metrics)
    job = CloseWaves()
    for day in ("2023-12-02", "2025-04-01", "2026-04-01", "2027-04-01", "2030-01-01"):
        await close(running.metrics, datetime.fromisoformat(f"{day}T09:00:00+09:00"), job)
    told = await running.rows(_TOLD)
    assert [(row["said"]["wave"], row["said"]["due_on"]) for row in told] == [
        ("COMPLETION", "2023-12-01"), ("YEAR_1", "2025-03-31"), ("YEAR_2", "2026-03-31"), ("YEAR_3", "2027-03-31"),
    ]  # fmt: skip
    sequences = [row["sequence"] for row in told]
    assert sequences == list(range(sequences[0], sequences[0] + 4))
    # A worker that comes to an installation of before tells the same.
    await close(running.metrics, datetime(2031, 1, 1, tzinfo=UTC))
    assert await running.rows(_TOLD) == told
    assert {row["event_id"] for row in told} == {
        event_id_of(firm.project_id, wave) for wave in ("COMPLETION", "YEAR_1", "YEAR_2", "YEAR_3")
    }


@pytest.mark.promise("R3")
async def test_two_workers_at_once_tell_once_and_one_that_is_killed_told_what_it_committed(running: Partners):
    firms = [project_selected() for _ in range(3)]
    await built(running.metrics, *firms)
    failpoints.arm("job.before_commit=raise@2")
    killed = CloseWaves()
    try:
        with pytest.raises(failpoints.Injected):
            await killed(running.metrics.database, FixedClock(CLOSING))
    finally:
        failpoints.arm("")
    assert len(await running.rows(_TOLD)) == len(await running.rows(_CLOSINGS)) == 1
    # One goes on after its fault, one was started anew, two have just come.
    await asyncio.gather(close(running.metrics, CLOSING, killed), *(close(running.metrics, CLOSING) for _ in range(3)))
    told = await running.rows(_TOLD)
    assert sorted(row["key"] for row in told) == sorted(firm.project_id for firm in firms)
    assert {row["event_id"] for row in told} == {row["event_id"] for row in await running.rows(_CLOSINGS)}
    entries = await running.rows("SELECT count(*) AS n FROM journal_entry WHERE decision = 'outcome-wave-closed'")
    assert entries[0]["n"] == 3


async def test_who_waits_for_another_workers_closing_tells_nothing_of_it(running: Partners):
    """The second comes while the first has stored the closing and not committed."""
    firm = await one_built(running.metrics)
    async with running.metrics.database.transaction() as first:
        await _close_in(first, firm.project_id)
        second = asyncio.create_task(close(running.metrics, CLOSING))
        await eventually(lambda: _waiting(running), what="a worker that waits for another's closing")
    await second
    assert len(await running.rows(_TOLD)) == 1


async def test_a_report_after_the_close_counts_and_changes_nothing_of_what_was_told(running: Partners):
    firm = await one_built(running.metrics)
    await close(running.metrics, CLOSING)
    before = await running.rows(_TOLD)
    assert before[0]["said"]["response"] == "NO_RESPONSE"
    running.metrics.clock.move_to(LONG_AFTER)
    late = await report(running.metrics, firm, said("COMPLETION", FIGURES))
    assert late.status_code == 201
    assert (await decide(running.metrics, late.json())).status_code == 201
    await close(running.metrics, LONG_AFTER)
    assert await running.rows(_TOLD) == before
    shown = (await running.metrics.get("/v1/outcomes", role=Role.AUDITOR)).json()["aggregates"]
    total = next(each for each in shown if each["kpi"] == "P1" and each["dimension"] == "TOTAL")
    assert (total["n_due"], total["n_responded"]) == (1, 1)


async def test_what_is_told_is_of_the_last_day_also_when_the_worker_was_away(running: Partners):
    """Reported in time and returned later, and returned in time and reported anew too late."""
    first, second = project_selected(), project_selected()
    await built(running.metrics, first, second)
    in_time = (await report(running.metrics, first, said("COMPLETION", FIGURES))).json()
    wrong = (await report(running.metrics, second, said("COMPLETION", FIGURES))).json()
    returning = {"decision": "RETURN", "finding": "EVIDENCE_MISSING"}
    assert (await decide(running.metrics, wrong, **returning)).status_code == 201
    running.metrics.clock.move_to(ENDED)
    assert (await decide(running.metrics, in_time, **returning)).status_code == 201
    again = await report(running.metrics, second, said("COMPLETION", {"P1": (9, 1)}, reason="MISTAKE"))
    assert again.status_code == 201
    assert await closed_at(running, first, LONG_AFTER) == "RESPONDED"
    assert await closed_at(running, second, LONG_AFTER) == "NO_RESPONSE"


async def test_a_firm_that_is_closed_and_terminated_is_due_and_told_like_all_others(running: Partners):
    firm = await one_built(running.metrics)
    path = f"/v1/projects/{firm.project_id}/outcome-silences"
    found = await running.metrics.post(path, {"wave": "COMPLETION", "reason": "CLOSED"}, role=Role.TECHNOPARK_OPERATOR)
    assert found.status_code == 201
    ended = ProjectTerminated(**facts(firm), termination_id=new_id(), cause="FIRM_CLOSED", fault_party="COMPANY")
    await running.metrics.tell(ended, at=REPORTING)
    assert await closed_at(running, firm, CLOSING) == "NO_RESPONSE"
    (told,) = await running.rows(_TOLD)
    assert "CLOSED" not in str(told["said"]), "why it is silent is not told"


async def test_a_completion_that_is_heard_of_late_is_closed_in_the_next_round(running: Partners):
    job = CloseWaves()
    await one_built(running.metrics)
    await close(running.metrics, LONG_AFTER, job)
    assert not await job(running.metrics.database, FixedClock(LONG_AFTER)), "the day's look is over"
    late = await one_built(running.metrics)
    await close(running.metrics, LONG_AFTER, job)
    assert late.project_id in {row["project_id"] for row in await running.rows(_CLOSINGS)}


async def test_more_projects_than_one_look_takes_are_all_closed(running: Partners):
    await _planted(running, 205)
    await close(running.metrics, CLOSING)
    assert len(await running.rows(_CLOSINGS)) == len(await running.rows(_TOLD)) == 205


class _Kept(History):
    """The records that were applied, as Kafka would give them again."""

    def __init__(self, records: Sequence[WireRecord]) -> None:
        self._records = [list(records)]

    async def to_the_end(self) -> AsyncIterator[list[WireRecord]]:
        while self._records:
            yield self._records.pop()


@pytest.mark.promise("R16")
async def test_a_rebuild_closes_nothing_and_tells_nothing_again(fresh_databases: Databases):
    urls = fresh_databases("metrics", migrated=True)
    async with partners_over(urls) as running:
        firm = project_selected()
        done = ProjectCompleted(**facts(firm), completion_id=new_id())
        records = [running.metrics.record(firm, at=COMPLETED), running.metrics.record(done, at=COMPLETED)]
        await running.metrics.apply(records)
        await close(running.metrics, CLOSING)
        before, told = await running.rows(_CLOSINGS), await running.rows(_TOLD)
        addresses = {"metrics": urls["metrics"].owner.replace("+asyncpg", "")}
        hashes = await table_hashes(addresses)
        owner = Database(urls["metrics"].owner, application_name="rebuild", acting=THE_SERVICE, pool_size=1)
        try:
            await rebuild(
                owner,
                cast("History", _Kept(records)),
                SERVICE.handlers,
                SERVICE.projection,  # type: ignore[arg-type]  it has one
                service="metrics",
                clock=FixedClock(LONG_AFTER),
                tables=SERVICE.all_tables(),
            )
        finally:
            await owner.dispose()
        assert await table_hashes(addresses) == hashes
        await close(running.metrics, LONG_AFTER)
        assert await running.rows(_CLOSINGS) == before != []
        assert await running.rows(_TOLD) == told


async def test_a_key_has_its_order_in_the_feed_whoever_tells_of_it(running: Partners):
    """The consumer has told of the project and not committed when the wave is closed: that one is then the first."""
    firm = await one_built(running.metrics)
    await running.place()
    ended = ProjectTerminated(**facts(firm), termination_id=new_id(), cause="FIRM_CLOSED", fault_party="COMPANY")
    async with running.metrics.database.transaction() as slow:
        await _tell_in(slow, ended)
        await close(running.metrics, CLOSING)
    await running.place()
    items = [each for each in (await running.read()).json()["items"] if each["subject"] == str(firm.project_id)]
    assert [int(each["sequence"]) for each in items] == list(range(1, len(items) + 1))
    assert [each["type"].rsplit(".", 2)[1] for each in items[-2:]] == ["outcome-wave-closed", "terminated"]


@pytest.mark.promise("R39")
async def test_a_database_that_lost_the_reports_closes_with_the_answer_that_kafka_had(running: Partners):
    """The wave was told as answered; restored to before the report, the database knows that from Kafka alone."""
    firm = await one_built(running.metrics)
    await _taken_back(running, firm, "RESPONDED")
    await close(running.metrics, CLOSING)
    (closed,) = await running.rows(_CLOSINGS)
    (told,) = await running.rows(_TOLD)
    assert closed["response"] == told["said"]["response"] == "RESPONDED"
    await running.place()
    item = (await running.read()).json()["items"][-1]
    assert (item["id"], item["data"]) == (str(told["event_id"]), told["said"])
    (entry,) = await running.rows("SELECT facts::jsonb AS f FROM journal_entry WHERE decision = 'outcome-wave-closed'")
    assert entry["f"]["response"] == "RESPONDED"


async def test_what_is_closed_stays(running: Partners):
    await one_built(running.metrics)
    await close(running.metrics, CLOSING)
    for attack in (
        "UPDATE outcome_wave_closing SET response = 'RESPONDED'",
        "DELETE FROM outcome_wave_closing",
        "TRUNCATE outcome_wave_closing",
    ):
        with pytest.raises(DBAPIError):
            await running.run(attack)


async def _close_in(tx: Transaction, project_id: UUID) -> None:
    await close_waves(tx, project_id, by=Principal.service("metrics"), now=CLOSING)


async def _taken_back(running: Partners, firm: ProjectSelected, response: str) -> None:
    """What `restored` does with the end of a wave that Kafka has and the outbox has not."""
    event = PartnerWaveClosed(
        project_id=firm.project_id, type_code="JS2", municipality_code="52110", wave="COMPLETION",
        due_on=ENDED.date(), response=response,
    )  # fmt: skip
    known = await running.rows("SELECT count(*) AS n FROM outbox WHERE key = :key", key=firm.project_id)
    envelope = Envelope(
        event_id=event_id_of(firm.project_id, "COMPLETION"), type=event.TYPE, topic=event.TOPIC, key=event.key,
        sequence=known[0]["n"] + 1, occurred_at=ENDED, recorded_at=CLOSING, correlation_id="test",
    )  # fmt: skip
    told = Tellings([Lost(envelope, encode_data(event), Missing.TOLD)])
    async with running.metrics.database.transaction() as tx:
        await take_back(tx, told, by=Principal.service("metrics"), reason="the disk was lost", at=CLOSING)


async def _waiting(running: Partners) -> bool:
    found = await running.rows(_WAITING)
    return bool(found[0]["n"])


async def _tell_in(tx: Transaction, event: ProjectTerminated) -> None:
    """What the consumer's transaction does for partners, in one that the test holds open."""
    received = Received(
        event_id=new_id(), type=event.TYPE, topic=event.TOPIC, key=event.key, sequence=9, at=CLOSING, now=CLOSING,
        correlation_id="test",
    )  # fmt: skip
    for statement, row in partners.tell(event, received):
        if isinstance(statement, Together):
            await statement.write(tx, [row])
        else:
            await tx.execute(statement, [dict(row)])


async def _planted(running: Partners, count: int) -> None:
    await running.run(
        """
        INSERT INTO outcome_project (project_id, municipality_code, type_code, completed_at)
        SELECT gen_random_uuid(), '52110', 'JS2', :completed_at FROM generate_series(1, :count)
        """,
        completed_at=COMPLETED, count=count,
    )  # fmt: skip
