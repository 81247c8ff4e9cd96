"""What of the gauge is in use: verified figures of the time after completion say so, and a firm that closed unsays it."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, Json, one_built, report, said, verified

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"
P1 = {"P1": (1000, 10)}
A_DAY = timedelta(days=1)


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


async def in_use(metrics: Listener, *, on: datetime | None = None, place: str | None = None) -> int | None:
    query = "" if on is None else f"?as_of={on.date().isoformat()}"
    role, tenant = (Role.MUNICIPALITY_OFFICER, place) if place else (Role.AUDITOR, "52")
    read: Json = (await metrics.get(f"/v1/gauge{query}", role=role, tenant=tenant)).json()
    rows = [row["in_use"] for row in read["rows"]]
    total: int | None = read["total"]["in_use"]
    assert rows == [None] * len(rows) if total is None else sum(rows) == total
    return total


async def test_a_completed_factory_is_in_use_once_its_figures_are_verified(metrics: Listener) -> None:
    firm, other = await one_built(metrics), await one_built(metrics, municipality_code=GUNSAN)
    assert await in_use(metrics) is None
    await verified(metrics, firm, said("BASELINE", P1))
    await report(metrics, firm, said("COMPLETION", P1))
    assert await in_use(metrics) is None, "a baseline is of the time before, and what waits proves nothing"
    metrics.clock.move_to(REPORTING + A_DAY)
    await verified(metrics, firm, said("COMPLETION", {"P1": (1100, 10)}, reason="BETTER_EVIDENCE"))
    assert await in_use(metrics) == 1
    assert await in_use(metrics, on=REPORTING) is None, "on that day nobody knew"
    assert await in_use(metrics, place=JEONJU) == 1
    assert await in_use(metrics, place=GUNSAN) is None, "of its own area a municipality knows of none"
    await verified(metrics, other, said("COMPLETION", P1))
    assert (await in_use(metrics), await in_use(metrics, place=GUNSAN)) == (2, 1)


async def test_a_firm_that_closed_uses_nothing_until_later_figures_say_otherwise(metrics: Listener) -> None:
    firm = await one_built(metrics)
    await verified(metrics, firm, said("COMPLETION", P1))
    path = f"/v1/projects/{firm.project_id}/outcome-silences"
    for days, reason, used in ((1, "RELOCATED", 1), (2, "CLOSED", 0)):
        metrics.clock.move_to(REPORTING + days * A_DAY)
        told = await metrics.post(path, {"wave": "COMPLETION", "reason": reason}, role=Role.TECHNOPARK_OPERATOR)
        assert told.status_code == 201, told.text
        assert await in_use(metrics) == used
    assert await in_use(metrics, on=REPORTING + A_DAY) == 1
    metrics.clock.move_to(REPORTING + 3 * A_DAY)
    await verified(metrics, firm, said("COMPLETION", {"P1": (1100, 10)}, reason="MISTAKE"))
    assert await in_use(metrics) == 1
