"""Outcomes summed up: worked out again from the raw rows, hidden where small, beside what others published, rebuilt."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import text

from common import journal
from common.acting import THE_SERVICE
from common.clock import FixedClock
from common.consumer.rebuild import rebuild
from common.db import Database
from common.event import DomainEvent, WireRecord, new_id
from common.kafka_history import History
from contracts.applicant import AgreementEffective, ProjectCompleted
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.check.hashes import table_hashes
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener
from tests.support.outcomes import AGREED, COMPLETED, REPORTING, SELECTED, facts, said, verified
from tests.support.recomputing import aggregates_of, rows_of, verdict
from tests.support.surveying import PLACES, surveyed

pytestmark = pytest.mark.anyio
KINDS = {"P1": ["PERCENT"], "P2": ["PERCENT"], "Q1": ["PERCENT", "POINTS"], "C1": ["PERCENT"],
         "D1": ["POINTS", "PERCENT"], "D2": ["PERCENT"]}  # fmt: skip


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


async def _aggregates(metrics: Listener, path: str, role: str | None = Role.AUDITOR, tenant: str = "52") -> Any:
    answer = await metrics.get(path, role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _one(found: Any, kpi: str, kind: str, dimension: str, value: str | None = None) -> dict[str, Any]:
    wanted = (kpi, kind, dimension, value)
    return next(
        each
        for each in found["aggregates"]
        if (each["kpi"], each["change_kind"], each["dimension"], each["value"]) == wanted
    )


async def test_whoever_works_it_out_again_from_the_raw_rows_finds_every_published_figure(metrics: Listener) -> None:
    await surveyed(metrics)
    taken = await metrics.get("/v1/outcomes/rows", role=Role.AUDITOR)
    assert taken.headers["content-type"].startswith("text/csv")
    rows = rows_of(taken.content)
    assert len(rows) == len(PLACES) * len(KINDS)
    traps = {verdict(row, "PERCENT")[0] for row in rows}
    assert traps == {
        "VALID", "NOT_REPORTED", "UNVERIFIED", "NO_BASELINE", "PRODUCT_CHANGED", "ZERO_BASELINE", "OUTLIER",
    }  # fmt: skip

    whole, public = await _aggregates(metrics, "/v1/outcomes"), await _aggregates(metrics, "/v1/public/outcomes", None)
    checked = shown = 0
    for kpi, kinds in KINDS.items():
        for kind in kinds:
            for expected in aggregates_of(rows, kpi, kind):
                found = _one(whole, kpi, kind, expected["dimension"], expected["value"])
                assert {name: found[name] for name in expected} == expected
                told = _one(public, kpi, kind, expected["dimension"], expected["value"])
                assert all(value is None or value == found[name] for name, value in told.items())
                checked, shown = checked + 1, shown + (told["median_bp"] is not None)
    assert checked == 8 * (1 + 4 + 2 + 2)
    assert shown >= 20
    async with metrics.database.transaction() as tx:
        (entry,) = await journal.entries_of(tx, "outcomes")
        assert (entry.decision, entry.facts["rows"]) == ("outcome-rows-exported", len(rows))


async def test_the_public_sees_no_small_cell_and_can_subtract_none(metrics: Listener) -> None:
    await surveyed(metrics)
    public = await _aggregates(metrics, "/v1/public/outcomes", None)
    assert (public["as_of"], public["suppressed_below"]) == ("2023-12-31", 5)
    counts = ("n_due", "n_responded", "n_valid")
    for each in public["aggregates"]:
        assert all(each[name] is None or each[name] >= 5 for name in counts)
        if each["n_valid"] is None:
            assert all(each[name] is None for name in each if name.endswith("_bp"))
    for kpi, kinds in KINDS.items():
        total = _one(public, kpi, kinds[0], "TOTAL")
        for dimension in ("MUNICIPALITY", "TRACK", "TYPE"):
            table = [
                each
                for each in public["aggregates"]
                if (each["kpi"], each["change_kind"], each["dimension"]) == (kpi, kinds[0], dimension)
            ]
            for name in counts:
                if total[name] is not None:
                    left = total[name] - sum(each[name] or 0 for each in table)
                    assert left == 0 or left >= 5, (kpi, dimension, name)
    iksan, jeonju = (_one(public, "D1", "POINTS", "MUNICIPALITY", place) for place in ("52140", "52110"))
    assert (iksan["n_due"], iksan["n_valid"], iksan["median_bp"]) == (None, None, None), "four firms"
    assert jeonju["n_due"] == 12


async def test_the_public_figures_stand_until_the_next_day_of_publication(metrics: Listener) -> None:
    firms = await surveyed(metrics)
    before = await _aggregates(metrics, "/v1/public/outcomes", None)
    await verified(metrics, firms[0], said("COMPLETION", {"P1": (1, 10)}, reason="MISTAKE"))
    assert await _aggregates(metrics, "/v1/public/outcomes", None) == before
    metrics.clock.move_to(datetime(2024, 6, 30, 15, tzinfo=UTC))
    after = await _aggregates(metrics, "/v1/public/outcomes", None)
    assert after["as_of"] == "2024-06-30"
    assert after["aggregates"] != before["aggregates"]


async def test_who_is_not_due_yet_is_in_no_denominator_and_a_municipality_sees_its_own(metrics: Listener) -> None:
    await surveyed(metrics)
    late = project_selected(municipality_code="52110")
    await metrics.tell(late, at=SELECTED)
    await metrics.tell(ProjectCompleted(**facts(late), completion_id=new_id()), at=NOW)
    whole = await _aggregates(metrics, "/v1/outcomes")
    assert _one(whole, "P1", "PERCENT", "TOTAL")["n_due"] == len(PLACES)
    assert _one(whole, "P1", "PERCENT", "MUNICIPALITY", "52730")["n_due"] == 0, "a county without a firm is shown"
    own = await _aggregates(metrics, "/v1/outcomes", Role.MUNICIPALITY_OFFICER, "52130")
    assert _one(own, "P1", "PERCENT", "TOTAL")["n_due"] == PLACES.count("52130")
    assert {each["value"] for each in own["aggregates"] if each["dimension"] == "MUNICIPALITY"} == {"52130"}
    next_year = await _aggregates(metrics, "/v1/outcomes?wave=YEAR_1")
    assert _one(next_year, "P1", "PERCENT", "TOTAL")["n_due"] == 0


async def test_percent_stands_beside_percent_and_what_is_of_no_known_unit_beside_nothing(metrics: Listener) -> None:
    await surveyed(metrics)
    panel = await _aggregates(metrics, "/v1/public/outcome-benchmarks", None)
    measures = {each["measure"]: each for each in panel["measures"]}
    for each in measures.values():
        for kind in ("percent", "points"):
            assert {ours["change_kind"] for ours in each[kind]["ours"]} <= {kind.upper()}
    kbiz = [
        (name, unit, theirs["as_published"], theirs["improvement_bp"])
        for name, each in measures.items()
        for unit, listed in (("percent", each["percent"]["theirs"]), ("unknown", each["unit_unknown"]))
        for theirs in listed
        if theirs["comparator"] == "KBIZ-2018-2021"
    ]
    assert kbiz == [
        ("PRODUCTIVITY", "percent", "+44%", 4400),
        ("QUALITY", "percent", "-53%", 5300),
        ("ON_TIME_DELIVERY", "unknown", "+14%", 1400),
    ]
    assert measures["ON_TIME_DELIVERY"]["points"]["theirs"] == []
    assert all(each["caveats"] and each["source"] for each in panel["comparators"])
    (ours,) = [each for each in measures["PRODUCTIVITY"]["percent"]["ours"] if each["kpi"] == "P1"]
    assert (ours["dimension"], ours["n_due"]) == ("TOTAL", len(PLACES))


async def test_definitions_are_read_by_everybody(metrics: Listener) -> None:
    read = await _aggregates(metrics, "/v1/public/kpi-definitions", None)
    assert {each["code"]: each["change_kinds"] for each in read["kpis"]} == KINDS
    assert read["method"]["id"] == "median-binomial-1"
    panel = await _aggregates(metrics, "/v1/public/outcome-benchmarks", None)
    for each in (read, panel, *read["kpis"]):
        assert each["note"] == f"{each['note_ko']} {each['note_en']}".strip(), "Korean first, then English"
    noted = {each["code"]: each["note_ko"] for each in read["kpis"] if each["note"]}
    assert sorted(noted) == ["C1", "D1", "D2", "Q1"]
    assert all(noted.values())
    assert all(read["method"][f"{name}_ko"] for name in ("quartiles", "interval", "bounded"))


class _Kept:
    """The log of Kafka, as far as a rebuild reads it."""

    def __init__(self, records: list[WireRecord]) -> None:
        self._records = records

    async def to_the_end(self) -> AsyncIterator[list[WireRecord]]:
        told, self._records = self._records, []
        yield told


async def test_a_rebuild_makes_the_projects_anew_and_loses_no_report(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]],
) -> None:
    urls = fresh_databases("metrics", migrated=True)
    async with listener(SERVICE, urls) as metrics:
        metrics.clock.move_to(REPORTING)
        firm = project_selected()
        events: list[tuple[DomainEvent, datetime]] = [
            (firm, SELECTED),
            (AgreementEffective(**facts(firm)), AGREED),
            (ProjectCompleted(**facts(firm), completion_id=new_id()), COMPLETED),
        ]
        records = [metrics.record(told, at=at) for told, at in events]
        await metrics.apply(records)
        await verified(metrics, firm, said("BASELINE", {"P1": (100, 10)}))
        told = await verified(metrics, firm, said("COMPLETION", {"P1": (150, 10)}))
        path = f"/v1/projects/{firm.project_id}/outcome-silences"
        await metrics.post(path, {"wave": "COMPLETION", "reason": "REFUSED"}, role=Role.TECHNOPARK_OPERATOR)
        addresses = {"metrics": urls["metrics"].owner.replace("+asyncpg", "")}
        before = await table_hashes(addresses)
        owner = Database(urls["metrics"].owner, application_name="rebuild", acting=THE_SERVICE, pool_size=1)
        try:
            async with owner.transaction() as tx:
                await tx.execute(text("UPDATE outcome_project SET completed_at = NULL, company_id = NULL"))
            assert (await metrics.get(f"/v1/projects/{firm.project_id}/outcomes", role=Role.AUDITOR)).json()[
                "waves"
            ] == []
            done = await rebuild(
                owner,
                cast("History", _Kept(records)),
                SERVICE.handlers,
                SERVICE.projection,  # type: ignore[arg-type]  it has one
                service="metrics",
                clock=FixedClock(NOW),
                tables=SERVICE.all_tables(),
            )
        finally:
            await owner.dispose()
        assert (done.events, done.rows["outcome_project"]) == (3, 1)
        assert not {"outcome_report", "outcome_silence"} & set(done.rows)
        assert await table_hashes(addresses) == before
        read = await metrics.get(f"/v1/outcome-reports/{told['id']}", role=Role.AUDITOR)
        assert read.json() == told
