"""Whoever takes the raw rows as a file and has another program work them out finds every figure that was published."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support import recomputing_with_polars as polars
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING
from tests.support.surveying import surveyed

pytestmark = pytest.mark.anyio
EXACT = ("n_due", "n_responded", "n_valid")
NEAREST = (
    "median_bp", "lower_quartile_bp", "upper_quartile_bp", "interval_low_bp", "interval_high_bp", "median_bounded_bp",
)  # fmt: skip


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


async def test_another_engine_finds_every_published_figure_in_the_exported_rows(metrics: Listener) -> None:
    await surveyed(metrics)
    path = "/v1/exports/outcome-rows?headings=names&wave=COMPLETION&reason=recomputation"
    taken = await metrics.get(path, role=Role.AUDITOR)
    assert taken.status_code == 200, taken.text
    rows = polars.read(taken.content)

    shown = hidden = 0
    for where, role in (("/v1/outcomes", Role.AUDITOR), ("/v1/public/outcomes", None)):
        published = (await metrics.get(where, role=role)).json()["aggregates"]
        worked_out = {
            (kpi, kind, each["dimension"], each["value"]): each
            for kpi, kind in {(each["kpi"], each["change_kind"]) for each in published}
            for each in polars.aggregates_of(rows, kpi, kind)
        }
        for told in published:
            place = (told["kpi"], told["change_kind"], told["dimension"], told["value"])
            expected = worked_out.pop(place, None)
            if expected is None:
                assert not told["n_due"], place  # a county without a firm
                continue
            for name in (*EXACT, *NEAREST):
                if told[name] is None and role is None:
                    hidden += 1
                    continue
                shown += 1
                assert _is(told[name], expected[name], exact=name in EXACT), (where, *place, name, expected)
        assert worked_out == {}, "every cell of the rows is published, if only as hidden"
    assert shown > 500
    assert hidden > 100


async def test_a_figure_that_is_changed_by_one_is_found_out(metrics: Listener) -> None:
    await surveyed(metrics)
    taken = await metrics.get("/v1/exports/outcome-rows?headings=names&reason=recomputation", role=Role.AUDITOR)
    (total,) = [
        each for each in polars.aggregates_of(polars.read(taken.content), "P1", "PERCENT") if each["value"] is None
    ]
    told = (await metrics.get("/v1/outcomes", role=Role.AUDITOR)).json()["aggregates"][0]
    assert (told["kpi"], told["change_kind"], told["dimension"]) == ("P1", "PERCENT", "TOTAL")
    for name in NEAREST:
        assert _is(told[name], total[name], exact=False)
        assert not _is(told[name] + 1, total[name], exact=False)


def _is(told: int | None, worked_out: Any, *, exact: bool) -> bool:
    """The same, or the whole number that is nearest to it; a half may go either way in floating point."""
    if told is None or worked_out is None:
        return told is worked_out
    return bool(told == worked_out if exact else abs(told - worked_out) <= 0.5 + 1e-6)
