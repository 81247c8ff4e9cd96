"""Who reads what firms reported is recorded, with the reason if one is given; and however many rows, memory stays flat."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.roles import Role
from metrics.main import SERVICE
from metrics.outcomes import store
from metrics.outcomes.queries import cases
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, one_built, report, said
from tests.support.recomputing import rows_of
from tests.support.surveying import PLACES, surveyed

pytestmark = pytest.mark.anyio
P1 = {"P1": (1000, 10)}
READINGS = "/v1/outcome-readings"
OFFICER = {"role": Role.PROVINCE_OFFICER}


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


async def readings(metrics: Listener, query: str = "") -> list[dict[str, Any]]:
    answer = await metrics.get(f"{READINGS}{query}", role=Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_who_reads_raw_figures_is_recorded_by_what_was_asked_and_why(metrics: Listener):
    firm = await one_built(metrics)
    told = (await report(metrics, firm, said("COMPLETION", P1))).json()
    one = f"/v1/outcome-reports/{told['id']}"
    for path in (
        f"/v1/outcome-reports?project_id={firm.project_id}&state=REPORTED",
        f"{one}?reason=%EC%A6%9D%EB%B9%99%20%EB%8C%80%EC%A1%B0",
        "/v1/outcomes/rows?reason=council%20report",
    ):
        assert (await metrics.get(path, **OFFICER)).status_code == 200, path
    rows, single, listed = await readings(metrics)
    assert {each["role"] for each in (rows, single, listed)} == {"province.officer"}
    assert (listed["action"], listed["row_count"], listed["reason"]) == ("listOutcomeReports", 1, None)
    assert listed["filters"] == {"project_id": str(firm.project_id), "state": "REPORTED"}
    assert (single["action"], single["filters"]) == ("getOutcomeReport", {"outcome_report_id": told["id"]})
    assert single["reason"] == "증빙 대조"
    assert (rows["action"], rows["filters"], rows["row_count"]) == ("exportOutcomeRows", {"wave": "COMPLETION"}, 0)
    assert rows["access_point"] == "127.0.0.1"
    assert [each["id"] for each in await readings(metrics, "?has_reason=false")] == [listed["id"]]
    assert [each["id"] for each in await readings(metrics, "?has_reason=true")] == [rows["id"], single["id"]]
    assert await readings(metrics, f"?subject={listed['subject']}") == [rows, single, listed]
    assert await readings(metrics, "?subject=nobody") == []


async def test_a_firm_reads_its_own_without_a_record_and_a_refusal_leaves_none(metrics: Listener):
    firm = await one_built(metrics)
    told = (await report(metrics, firm, said("COMPLETION", P1))).json()
    one = f"/v1/outcome-reports/{told['id']}"
    owner = {"role": Role.COMPANY_OWNER, "tenant": str(firm.company_id)}
    for path in (one, "/v1/outcome-reports"):
        assert (await metrics.get(path, **owner)).status_code == 200
    elsewhere = await metrics.get(one, role=Role.MUNICIPALITY_OFFICER, tenant="52130")
    assert elsewhere.status_code == 404
    for wrong, status in (("abc", 422), ("%20%20%20%20", 422), ("x" * 301, 422), ("ab%00cd", 400)):
        assert (await metrics.get(f"{one}?reason={wrong}", **OFFICER)).status_code == status, wrong
    assert await readings(metrics) == []
    own_area = await metrics.get(one, role=Role.MUNICIPALITY_OFFICER, tenant="52110")
    assert own_area.status_code == 200
    (kept,) = await readings(metrics)
    assert (kept["role"], kept["tenant"]) == ("municipality.officer", "52110")


async def test_only_the_auditor_reviews_readings_and_nobody_changes_one(metrics: Listener):
    await metrics.get("/v1/outcome-reports", **OFFICER)
    for role in (Role.PROVINCE_OFFICER, Role.TECHNOPARK_OPERATOR, Role.PLATFORM_OPERATOR):
        assert (await metrics.get(READINGS, role=role)).status_code == 403
    for attack in (
        "UPDATE outcome_reading SET reason = 'because'",
        "DELETE FROM outcome_reading",
        "TRUNCATE outcome_reading",
    ):
        with pytest.raises(DBAPIError):
            async with metrics.database.transaction() as tx:
                await tx.execute(text(attack))


async def test_a_wave_is_summed_up_and_saved_some_firms_at_a_time(metrics: Listener, monkeypatch: pytest.MonkeyPatch):
    """As the whole at once: and never are more firms read together than one part has."""
    await surveyed(metrics)
    whole = (await metrics.get("/v1/outcomes", role=Role.AUDITOR)).json()
    file = (await metrics.get("/v1/outcomes/rows", role=Role.AUDITOR)).content
    assert len({row["project_id"] for row in rows_of(file)}) == len(PLACES)
    read: list[int] = []
    reports_of = store.reports_of

    async def counted(*args: Any, **said_of: Any) -> Any:
        assert said_of["project_ids"] is not None, "every report of the wave was read at once"
        read.append(len(said_of["project_ids"]))
        return await reports_of(*args, **said_of)

    monkeypatch.setattr(cases, "_PART", 3)
    monkeypatch.setattr(store, "reports_of", counted)
    assert (await metrics.get("/v1/outcomes", role=Role.AUDITOR)).json() == whole
    taken = await metrics.get("/v1/outcomes/rows", role=Role.AUDITOR)
    assert taken.content == file
    assert int(taken.headers["content-length"]) == len(file)
    assert max(read) == 3
    assert sum(read) == 2 * len(PLACES)
