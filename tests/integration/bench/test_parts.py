"""The parts of the benchmark that measure metrics, each at a size of seconds: they measure, and find nothing wrong."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest

from smartfactory.stack.postgres import Postgres
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.servers import Servers
from tools.bench.figures import Figure, Slice, judge
from tools.bench.ground import BENCH_TOPICS, Ground
from tools.bench.measured.aggregates import Aggregates
from tools.bench.measured.outside import Outside, fault_of
from tools.bench.measured.rebuilding import REBUILD, Rebuilding
from tools.bench.suites import Suite

pytestmark = pytest.mark.anyio


@dataclass
class _TestsGround(Ground):
    """The benchmark's ground on the servers of the tests, whose passwords and settings stay as they are."""

    servers: Servers | None = None
    fresh: Callable[..., dict[str, DatabaseUrls]] | None = None

    @property
    def bootstrap_servers(self) -> str:
        assert self.servers is not None
        return self.servers.bootstrap_servers

    def make_database(self, service: str, name: str) -> DatabaseUrls:
        assert self.fresh is not None
        self.urls[name] = self.fresh(service, migrated=True)[service]
        return self.urls[name]

    @asynccontextmanager
    async def administrator(self, database: str) -> AsyncIterator[Any]:
        assert self.servers is not None
        admin, name = self.servers.postgres, self.urls[database].owner.rsplit("/", 1)[1]
        connection = await asyncpg.connect(
            host=admin.host, port=admin.port, user=admin.user, password=admin.password, database=name
        )
        await connection.execute("SET session_replication_role = replica")
        yield connection
        await connection.close()


@pytest.fixture
async def ground(
    tmp_path: Path, servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> AsyncIterator[Ground]:
    made = _TestsGround(tmp_path, ("metrics",), servers=servers, fresh=fresh_databases)
    made.urls = {}
    # Whose processor time is read here is of no interest.
    made.postgres = cast("Postgres", SimpleNamespace(child=SimpleNamespace(pid=os.getpid())))
    await made.issuer.start()
    await have_topics(made.kafka_client(), BENCH_TOPICS)
    yield made
    made.close()
    for child in made.children.values():
        child.kill()


async def _one_round(suite: Suite) -> dict[str, Slice]:
    await suite.prepare()
    await suite.begin_round()
    return {name: await variant() for name, variant in suite.variants().items()}


def _all_measured(suite: Suite, found: dict[str, Slice]) -> None:
    faults = {name: one.fault for name, one in found.items() if one.fault}
    assert faults == {}
    verdicts = [judge(figure, [found]) for figure in suite.figures]
    assert all(verdict.ratios and verdict.median > 0 for verdict in verdicts)


async def test_a_rebuild_is_timed_and_ends_as_the_live_projection(ground: Ground) -> None:
    suite = Rebuilding(ground, applications=30)
    found = await _one_round(suite)
    _all_measured(suite, found)
    assert found[REBUILD].operations == 30 * 3 + 12 * 4
    async with ground.administrator("metrics_rebuild") as admin:
        await admin.execute("UPDATE site SET completed_at = NULL")
        await admin.execute("DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox ORDER BY position LIMIT 1)")
    again = await suite.variants()[REBUILD]()
    assert "of 138" in again.fault, "one that was made from less than everything is void"


async def test_the_feed_is_read_whole_and_what_is_told_arrives_once(ground: Ground) -> None:
    suite = Outside(ground, events=150, told=3)
    _all_measured(suite, await _one_round(suite))


async def test_aggregates_of_many_cases_add_up(ground: Ground) -> None:
    suite = Aggregates(ground, sizes=(300,), requests=3)
    _all_measured(suite, await _one_round(suite))
    async with ground.administrator("metrics_300") as admin:
        await admin.execute("DELETE FROM site WHERE completed_at IS NOT NULL AND terminated_at IS NULL")
    spoilt = await suite.variants()["gauge among 300"]()
    assert spoilt.fault == "the answer does not add up to what the tables hold"


def test_a_webhook_that_is_missing_or_comes_twice_is_a_fault() -> None:
    ids = {"a", "b"}
    assert fault_of("webhook", ids, {"a": [1.0], "b": [2.0]}) == ""
    assert fault_of("webhook", ids, {"a": [1.0]}) == "webhook: 1 of 2 missing"
    assert fault_of("webhook", ids, {"a": [1.0, 1.5], "b": [2.0]}) == "webhook: 1 came again"


def test_every_figure_of_a_goal_has_a_floor_and_a_target(tmp_path: Path) -> None:
    ground = Ground(tmp_path, ("metrics",))
    figures: list[Figure] = [one for suite in (Rebuilding, Outside, Aggregates) for one in suite(ground).figures]
    assert len({one.id for one in figures}) == len(figures)
    assert all((one.floor is None) == (one.target is None) == one.id.startswith("X") for one in figures)
