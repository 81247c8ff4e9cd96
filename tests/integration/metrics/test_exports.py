"""Every table of metrics as CSV and XLSX: the same rows as the JSON, nobody else's, recorded with the reason, and clear refusals."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from common.event import new_id
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener, listener
from tests.support.outcomes import REPORTING, built, said, verified

pytestmark = pytest.mark.anyio
JEONJU, GUNSAN = "52110", "52130"
WHY = f"reason={quote('도의회 업무보고')}"
INSIDERS = (
    Role.AUDITOR,
    Role.TECHNOPARK_OPERATOR,
    Role.PROVINCE_OFFICER,
    Role.MUNICIPALITY_OFFICER,
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        yield running


async def saved(
    metrics: Listener, path: str, *, role: str | None = Role.AUDITOR, tenant: str = "52"
) -> httpx2.Response:
    answer = await metrics.get(path, role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == int(answer.headers["content-length"])
    return answer


def rows_of(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def sheet_of(answer: httpx2.Response) -> Any:
    return load_workbook(io.BytesIO(answer.content)).active


async def _programme(metrics: Listener) -> str:
    """Cases of two municipalities in one call, a settled report of each, and a good practice with a name."""
    call_id = new_id()
    firms = [
        project_selected(call_id=call_id, municipality_code=place) for place in (JEONJU, JEONJU, JEONJU, GUNSAN, GUNSAN)
    ]
    await built(metrics, *firms)
    metrics.clock.move_to(REPORTING)
    for at, firm in enumerate(firms):
        await verified(metrics, firm, said("BASELINE", {"P1": (1000 + at, 10)}))
        await verified(metrics, firm, said("COMPLETION", {"P1": (1200 + 37 * at, 11)}))
    metrics.clock.move_to(NOW)
    async with metrics.database.transaction() as tx:
        for firm in firms:
            of = {
                "id": new_id(),
                "call": call_id,
                "place": firm.municipality_code,
                "project": firm.project_id,
                "firm": firm.company_id,
            }
            await tx.execute(_CASE, of)
            await tx.execute(_DUE, of)
            await tx.execute(_PRACTICE, of)
        await tx.execute(_CALL, {"call": call_id})
    return str(call_id)


_CALL = text(
    "INSERT INTO call (call_id, track, title_ko, fiscal_year, opens_at, closes_at)"
    " VALUES (:call, 'B', '2024년 공고', 2024, '2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z')"
)
_CASE = text(
    "INSERT INTO case_progress (application_id, call_id, type_code, municipality_code, state, changed_at)"
    " VALUES (:id, :call, 'JS2', :place, 'SELECTED', '2024-04-02T00:00:00Z')"
)
_DUE = text(
    "INSERT INTO settlement_report (project_id, settlement_id, municipality_code, due_on)"
    " VALUES (:project, :id, :place, '2024-05-24')"
)
_PRACTICE = text(
    """
    INSERT INTO good_practice (id, project_id, company_id, municipality_code, criteria_version, wave, title_ko, title_en,
        summary_ko, summary_en, sector, size_band, processes, technologies, kpis, nominated_by, nominated_at, state,
        figures, baseline_number, report_number, verified_by, verified_at, firm_name, consented_by, consented_at, named,
        published_by, published_at, version)
    VALUES (:id, :project, :firm, :place, '2024-1', 'COMPLETION', '제목', 'Title', '요약', 'Summary', 'FOOD', 'SMALL',
        '{PACKING,MIXING}', '{SENSOR}', '[]', 'one', '2024-02-01T00:00:00Z', 'PUBLISHED',
        '[{"kpi": "P1", "change_kind": "PERCENT", "improvement_bp": 900, "grade": "B"}]', 1, 1, 'two',
        '2024-02-02T00:00:00Z', '전주정밀식품', 'owner', '2024-02-03T00:00:00Z', true, 'three', '2024-02-04T00:00:00Z', 1)
    """
)


async def test_a_file_has_the_rows_of_the_json_and_names_itself_in_korean(metrics: Listener):
    await _programme(metrics)
    gauge = (await metrics.get("/v1/gauge", role=Role.AUDITOR)).json()
    answer = await saved(metrics, f"/v1/exports/gauge?headings=names&{WHY}")
    assert [{name: row[name] for name in ("municipality_code", "track", "completed")} for row in rows_of(answer)] == [
        {"municipality_code": row["municipality_code"], "track": row["track"], "completed": str(row["completed"])}
        for row in gauge["rows"]
    ]
    assert {row["municipality"] for row in rows_of(answer)} >= {"전주시", "군산시"}
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        f"attachment; filename=\"gauge.csv\"; filename*=UTF-8''{quote('300개 목표 현황')}.csv"
    )
    korean = rows_of(await saved(metrics, f"/v1/exports/money?{WHY}"))
    assert korean == []
    heading = (await saved(metrics, f"/v1/exports/money?{WHY}")).content.decode("utf-8-sig").splitlines()[0]
    assert '"지급액 (원)"' in heading
    assert '"시·군"' in heading
    english = (await saved(metrics, f"/v1/exports/money?headings=en&{WHY}")).content.decode("utf-8-sig")
    assert '"Paid (won)"' in english


async def test_a_workbook_keeps_numbers_days_and_the_first_row(metrics: Listener):
    await _programme(metrics)
    answer = await saved(metrics, f"/v1/exports/reports-due?format=xlsx&{WHY}")
    assert answer.headers["content-type"] == XLSX
    sheet = sheet_of(answer)
    assert sheet.title == "실적보고 기한"
    assert sheet.freeze_panes == "A2"
    heads = [cell.value for cell in sheet[1]]
    due, left = (sheet.cell(2, heads.index(name) + 1) for name in ("기한", "남은 날"))
    assert due.is_date
    assert due.value.date().isoformat() == "2024-05-24"
    assert due.number_format == "yyyy-mm-dd"
    assert left.value == 4
    assert left.number_format == "#,##0"
    cases = sheet_of(await saved(metrics, f"/v1/exports/cases?format=xlsx&headings=names&{WHY}"))
    heads = [cell.value for cell in cases[1]]
    changed = cases.cell(2, heads.index("changed_at") + 1)
    assert changed.value.isoformat() == "2024-04-02T09:00:00", "Korean time"
    assert [cases.cell(2, heads.index("total_cost_won") + 1).value] == [None]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_municipality_never_gets_anothers_rows(metrics: Listener, form: str):
    call_id = await _programme(metrics)
    tables = (await metrics.get("/v1/public/export-tables")).json()["tables"]
    inside = [table for table in tables if Role.MUNICIPALITY_OFFICER in table["readers"]]
    assert len(inside) >= 8
    empty = []
    for table in inside:
        needed = f"&call_id={call_id}" if table["needs"] else ""
        path = f"/v1/exports/{table['name']}?format={form}&headings=names{needed}&{WHY}"
        whole, own = (
            await saved(metrics, path),
            await saved(metrics, path, role=Role.MUNICIPALITY_OFFICER, tenant=JEONJU),
        )
        shown = [_cells(each, form) for each in (whole, own)]
        assert not any(GUNSAN in row or "군산시" in row for row in shown[1]), table["name"]
        if not any(GUNSAN in row for row in shown[0]):
            empty.append(table["name"])
    assert set(empty) <= {"money", "unused-seats"}, "a table without others' rows proves nothing"


def _cells(answer: httpx2.Response, form: str) -> list[list[str]]:
    if form == "csv":
        return [list(row.values()) for row in rows_of(answer)]
    return [[str(value) for value in row] for row in sheet_of(answer).iter_rows(min_row=2, values_only=True)]


async def test_small_cells_stay_hidden_in_files_for_everybody(metrics: Listener):
    call_id = await _programme(metrics)
    for name, needed in (("gauge", ""), ("progress", f"&call_id={call_id}"), ("outcomes", ""), ("good-practices", "")):
        path = f"/v1/public/exports/{name}?headings=names{needed}"
        rows, sheet = (
            rows_of(await saved(metrics, path, role=None)),
            await saved(metrics, f"{path}&format=xlsx", role=None),
        )
        hidden = {"gauge": "counted", "progress": "applied", "outcomes": "n_due", "good-practices": "studied"}[name]
        assert rows, name
        # Three firms and two: both are below the minimum of five.
        inside = [row for row in rows if row.get("municipality_code", row.get("value")) in {JEONJU, GUNSAN}]
        assert {row[hidden] for row in inside} == {""}, name
        assert len(_cells(sheet, "xlsx")) == len(rows)
    assert await _records(metrics) == [], "what is for everybody is nobody's business"


async def test_who_took_what_and_why_is_recorded_and_the_auditor_reads_it(metrics: Listener):
    await _programme(metrics)
    path = "/v1/exports/cases?format=xlsx&fiscal_year=2024"
    taken = await saved(metrics, f"{path}&{WHY}", role=Role.MUNICIPALITY_OFFICER, tenant=JEONJU)
    (record,) = await _records(metrics)
    assert {name: record[name] for name in ("role", "tenant", "table_name", "format", "row_count", "reason")} == {
        "role": Role.MUNICIPALITY_OFFICER,
        "tenant": JEONJU,
        "table_name": "cases",
        "format": "xlsx",
        "row_count": 3,
        "reason": "도의회 업무보고",
    }
    assert record["filters"] == {"fiscal_year": "2024"}
    assert record["sha256"] == sha256(taken.content).hexdigest()
    assert await _records(metrics, f"?sha256={record['sha256']}") == [record]
    assert await _records(metrics, "?table=gauge") == []
    for role in set(INSIDERS) - {Role.AUDITOR}:
        assert (
            await metrics.get("/v1/export-records", role=role, tenant=JEONJU if "munic" in role else "52")
        ).status_code == 403


async def _records(metrics: Listener, query: str = "") -> list[dict[str, Any]]:
    answer = await metrics.get(f"/v1/export-records{query}", role=Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/v1/exports/gauge?format=pdf&{WHY}", 422, "input-invalid"),
        (f"/v1/exports/nothing?{WHY}", 404, "export-table-unknown"),
        ("/v1/exports/gauge", 422, "input-invalid"),
        ("/v1/exports/gauge?reason=%20%20%20%20%20", 422, "input-invalid"),
        (f"/v1/exports/gauge?wave=YEAR_1&{WHY}", 422, "export-filter-unused"),
        (f"/v1/exports/progress?{WHY}", 422, "export-filter-missing"),
        (f"/v1/exports/progress?call_id=0199f1b0-1d20-7c31-9b52-3c1e8f40a101&{WHY}", 404, "call-unknown"),
        (f"/v1/exports/gauge?as_of=1999-01-01&{WHY}", 404, "gauge-rule-not-in-force"),
        ("/v1/public/exports/money", 404, "export-table-unknown"),
    ],
)
async def test_a_wrong_question_is_a_clear_problem_and_no_record(metrics: Listener, path: str, status: int, code: str):
    answer = await metrics.get(path, role=Role.AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "filename" not in answer.headers.get("content-disposition", "")
    assert await _records(metrics) == []


async def test_raw_rows_are_for_the_province_and_the_auditor(metrics: Listener):
    await _programme(metrics)
    for role in (Role.TECHNOPARK_OPERATOR, Role.MUNICIPALITY_OFFICER):
        answer = await metrics.get(
            f"/v1/exports/outcome-rows?{WHY}", role=role, tenant=JEONJU if "munic" in role else "52"
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "export-table-not-yours")
    old = await metrics.get("/v1/outcomes/rows", role=Role.AUDITOR)
    new = rows_of(await saved(metrics, f"/v1/exports/outcome-rows?headings=names&{WHY}", role=Role.PROVINCE_OFFICER))
    for row in new:
        del row["municipality"]
    assert new == rows_of(old)
    assert len(new) >= 5
