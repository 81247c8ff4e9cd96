"""The public gauge is counted once for each state of what it is made of, and never shown when that has changed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.acting import THE_SERVICE
from common.db import Database
from common.event import new_id
from contracts.applicant import ApplicationSubmitted, ProjectConfirmed, ProjectSelected
from contracts.roles import Role
from metrics.gauge import queries
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, SELECTED, built, facts, said, verified
from tests.support.patience import patiently
from tests.support.signing_in import HTML

pytestmark = pytest.mark.anyio
PUBLIC = "/v1/public/gauge"
FIRMS = 6
JEONJU, WANJU = "52110", "52710"


@pytest.fixture
def urls(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> dict[str, DatabaseUrls]:
    return fresh_databases("metrics", migrated=True)


@pytest.fixture
async def metrics(urls: dict[str, DatabaseUrls]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, urls) as running:
        running.clock.move_to(REPORTING)
        yield running


@pytest.fixture
async def owner(urls: dict[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Whoever has a hand on the database, past every event."""
    owner = Database(urls["metrics"].owner, application_name="by-hand", acting=THE_SERVICE, pool_size=1)
    yield owner
    await owner.dispose()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A day for each time that a process counts sites."""
    made: list[str] = []
    count = queries._published

    def published(*given: Any) -> Any:
        made.append(str(given[-1].day))
        return count(*given)

    monkeypatch.setattr(queries, "_published", published)
    return made


async def firms(metrics: Listener, number: int = FIRMS) -> list[ProjectSelected]:
    told = [project_selected() for _ in range(number)]
    await built(metrics, *told)
    return told


async def counted(metrics: Listener, query: str = "") -> int | None:
    answer = await metrics.get(f"{PUBLIC}{query}")
    assert answer.status_code == 200, answer.text
    number: int | None = answer.json()["counted"]
    return number


async def page(metrics: Listener, path: str) -> httpx2.Response:
    return await patiently(lambda: metrics.http.get(path, headers=HTML))


async def test_however_many_ask_at_once_for_answer_page_or_file_sites_are_counted_once(
    metrics: Listener, counts: list[str]
) -> None:
    await firms(metrics)
    asked = [patiently(lambda: metrics.get(PUBLIC)) for _ in range(8)]
    asked += [page(metrics, path) for path in ("/", "/gauge", "/?lang=en", "/gauge?lang=en")]
    asked += [patiently(lambda: metrics.get("/v1/public/exports/gauge"))]
    answers = await asyncio.gather(*asked)
    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers[:8]}) == 1
    assert counts == ["2023-11-15"]


async def test_each_day_is_an_answer_of_its_own_the_last_there_is_among_them(
    metrics: Listener, counts: list[str]
) -> None:
    await firms(metrics)
    days = ("2023-07-31", "2023-08-01", "2023-07-31", "9999-12-31")
    assert [await counted(metrics, f"?as_of={day}") for day in days] == [0, FIRMS, 0, FIRMS]
    assert counts == ["2023-07-31", "2023-08-01", "9999-12-31"]


async def test_what_is_heard_is_seen_by_the_next_request_of_every_replica(
    metrics: Listener, urls: dict[str, DatabaseUrls], counts: list[str]
) -> None:
    told = await firms(metrics)
    async with listener(SERVICE, urls) as replica:
        replica.clock.move_to(REPORTING)
        assert [await counted(each) for each in (metrics, replica)] == [FIRMS, FIRMS]
        told += await firms(metrics, 1)
        assert [await counted(each) for each in (metrics, replica, metrics)] == [FIRMS + 1] * 3
        # The last two turn out to be for one worksite.
        worksite = new_id()
        for each in told[-2:]:
            about = {name: value for name, value in facts(each).items() if name != "project_id"}
            await metrics.tell(
                ApplicationSubmitted(
                    **about, company_id=new_id(), total_cost_won=1, submitted_at=REPORTING, worksite_id=worksite
                )
            )
        assert [await counted(each) for each in (metrics, replica)] == [FIRMS] * 2
    assert len(counts) == 6


async def test_who_is_confirmed_in_a_call_is_part_of_its_state(metrics: Listener, counts: list[str]) -> None:
    async def of_jeonju() -> int | None:
        cells = (await metrics.get(PUBLIC)).json()["municipalities"]
        found: dict[str, int | None] = {cell["municipality_code"]: cell["counted"] for cell in cells}
        return found[JEONJU]

    await built(metrics, *(project_selected(municipality_code=WANJU) for _ in range(FIRMS)))
    told = await firms(metrics)
    late = project_selected()
    await metrics.tell(late, at=SELECTED)
    assert await of_jeonju() == FIRMS
    await metrics.tell(*(ProjectConfirmed(**facts(each)) for each in (*told, late)))
    assert await of_jeonju() is None, "seven were confirmed there: the one that is late would be told"
    assert len(counts) == 2


async def test_what_is_known_to_be_used_is_part_of_its_state(metrics: Listener, counts: list[str]) -> None:
    told = await firms(metrics, 5)
    assert (await metrics.get(PUBLIC)).json()["in_use"] is None
    for each in told:
        await verified(metrics, each, said("COMPLETION", {"P1": (1000, 10)}))
    assert (await metrics.get(PUBLIC)).json()["in_use"] == 5
    metrics.clock.move_to(REPORTING + timedelta(hours=1))
    path = f"/v1/projects/{told[0].project_id}/outcome-silences"
    closed = await metrics.post(path, {"wave": "COMPLETION", "reason": "CLOSED"}, role=Role.TECHNOPARK_OPERATOR)
    assert closed.status_code == 201, closed.text
    assert (await metrics.get(PUBLIC)).json()["in_use"] is None, "the one that is not would be the one that closed"
    assert len(counts) == 3


async def test_a_hand_on_the_database_is_seen_also_after_a_savepoint_that_was_taken_back(
    metrics: Listener, owner: Database, counts: list[str]
) -> None:
    await firms(metrics)
    assert await counted(metrics) == FIRMS
    async with owner.transaction() as tx:
        taken_back = await tx.begin_nested()
        await tx.execute(text("UPDATE site SET completed_at = NULL"))
        await taken_back.rollback()
        await tx.execute(text("UPDATE site SET terminated_at = completed_at"))
    assert await counted(metrics) == 0
    async with owner.transaction() as tx:
        await tx.execute(text("TRUNCATE site"))
    answer = (await metrics.get(PUBLIC)).json()
    assert (answer["terminated"], answer["counted"]) == (0, 0)
    assert len(counts) == 3


async def test_a_transaction_is_noted_once_however_much_it_writes(metrics: Listener, owner: Database) -> None:
    await firms(metrics)
    versions = text("SELECT version FROM gauge_change ORDER BY writer")
    async with owner.transaction() as tx:
        seen = []
        for _ in range(3):
            await tx.execute(text("UPDATE site SET inspected_at = completed_at"))
            seen.append((await tx.execute(versions)).scalars().all())
    assert seen[0] == seen[1] == seen[2]
    async with owner.transaction() as tx:
        await tx.execute(text("UPDATE site SET inspected_at = NULL"))
        assert (await tx.execute(versions)).scalars().all() != seen[0]
