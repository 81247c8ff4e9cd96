"""Files of tables under load and malice: no text is a formula, no length fills memory, and nothing stays when a reader goes."""

import asyncio
import csv
import gc
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from sqlalchemy import text

from common import saved_tables
from common.errors import Text
from common.event import new_id
from common.saved_tables import Column, CsvFile, Headings, Kind, XlsxFile
from common.sheets import plain
from contracts.roles import Role
from metrics.exports import api
from metrics.exports.queries.tables import PUBLIC_TABLES, TABLES
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import Listener, listener
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio
STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "\u200b=", "'=")
WHY = "reason=%EC%8B%9C%ED%97%98%EC%9A%A9%20%EC%9E%90%EB%A3%8C"
MANY = 100_000
_AT_ONCE = 10_000


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True), exports_at_once_max=1) as running:
        yield running


@pytest.mark.parametrize("name", sorted({*TABLES, *PUBLIC_TABLES}))
def test_no_text_of_any_column_is_a_formula(name: str):
    columns = (TABLES.get(name) or PUBLIC_TABLES[name]).columns
    texts = [at for at, column in enumerate(columns) if column.kind is Kind.TEXT]
    assert texts
    typed = [f'{starter}HYPERLINK("http://x","눌러 주세요")' for starter in STARTERS]
    rows = [[said if at in texts else None for at in range(len(columns))] for said in typed]
    written, book = io.BytesIO(), io.BytesIO()
    for file, saved in (
        (written, CsvFile(written, columns, Headings.KO)),
        (book, XlsxFile(book, columns, Headings.KO, title="표")),
    ):
        saved.add(rows)
        saved.finish()
        assert not file.closed
    _, *read = csv.reader(io.StringIO(written.getvalue().decode("utf-8-sig"), newline=""))
    sheet = load_workbook(io.BytesIO(book.getvalue())).active
    for at in texts:
        for number, said in enumerate(typed):
            cell = read[number][at]
            assert cell.startswith("'"), (name, columns[at].name, cell)
            assert plain(cell) == said
            shown = sheet.cell(number + 2, at + 1)
            assert shown.data_type in {"s", "inlineStr"}, (name, columns[at].name, shown.data_type)
            assert _as_read(shown.value) == said.replace("\r", "\n")


@pytest.mark.parametrize(
    "odd",
    [
        "각공장 🏭 \U0010ffff",
        "가\u202e나\u2028다\ufeff",
        "e" + "\u0301" * 20,
        "_x0041_",
        "\x01\x1f",
        "\ufffe",
        "<b>&amp;",
        "1e5",
        "007",
    ],
)
def test_odd_text_is_text_in_both_formats(odd: str):
    columns = [Column("a", Text("가", "a"))]
    written, book = io.BytesIO(), io.BytesIO()
    for saved in (CsvFile(written, columns, Headings.KO), XlsxFile(book, columns, Headings.KO, title="표")):
        saved.add([[odd]])
        saved.finish()
    assert list(csv.reader(io.StringIO(written.getvalue().decode("utf-8-sig"), newline="")))[1] == [odd]
    shown = load_workbook(io.BytesIO(book.getvalue())).active.cell(2, 1)
    assert shown.data_type != "n"
    assert _as_read(shown.value) == odd


def _as_read(said: Any) -> str:
    # XML has one kind of line end, and says by its number what it cannot hold.
    return unescape(str(said)).replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(("form", "rows", "least_bytes"), [("csv", MANY, 15_000_000), ("xlsx", 20_000, 500_000)])
async def test_a_long_table_takes_no_more_memory_than_a_few_parts_of_it(
    metrics: Listener, form: str, rows: int, least_bytes: int
):
    path = f"/v1/exports/cases?format={form}&{WHY}"
    await _many(metrics, 1_000)
    await _ask(metrics, path)  # what is loaded at first use stays
    await _many(metrics, rows)
    gc.collect()  # what others have left lying about is not this table's
    before = _most_memory(anew=True)
    taken = sum(await _ask(metrics, path))
    assert taken > least_bytes
    assert _most_memory() - before < 24_000_000, "as rows and cells the whole would be several times of that"


def _most_memory(*, anew: bool = False) -> int:
    """The most bytes that this process has held so far, or since it was asked for anew."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


async def test_a_reader_that_leaves_or_takes_nothing_leaves_nothing_behind(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]], monkeypatch: pytest.MonkeyPatch
):
    rooms: list[Any] = []

    def room() -> Any:
        rooms.append(saved_tables.room())
        return rooms[-1]

    monkeypatch.setattr(api, "room", room)
    urls = fresh_databases("metrics", migrated=True)
    async with listener(SERVICE, urls, exports_at_once_max=1, export_stall_seconds=0.2) as metrics:
        await _many(metrics, 5_000)
        path = f"/v1/exports/cases?format=csv&{WHY}"

        async def takes_nothing(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        async def is_gone(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise OSError("the reader is gone")

        assert await _ask(metrics, path, takes_nothing) == []
        assert await _ask(metrics, path, is_gone) == []
        assert [each.closed for each in rooms] == [True, True]
        assert await _open_transactions(metrics) == 0
        assert len(await _ask(metrics, path)) > 2, "and there is a place for the next"


async def test_what_takes_too_long_is_given_up_and_not_recorded(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]],
):
    urls = fresh_databases("metrics", migrated=True)
    async with listener(SERVICE, urls, export_seconds=0.3) as metrics:
        async with metrics.database.transaction() as tx:
            await tx.execute(text("LOCK TABLE case_progress IN ACCESS EXCLUSIVE MODE"))
            answer = await metrics.get(f"/v1/exports/cases?{WHY}", role=Role.AUDITOR)
        assert (answer.status_code, answer.json()["code"]) == (503, "service-busy")
        assert (await metrics.get("/v1/export-records", role=Role.AUDITOR)).json()["items"] == []


async def test_a_second_file_waits_for_the_first(metrics: Listener, monkeypatch: pytest.MonkeyPatch):
    path, goes_on, write, begun = f"/v1/exports/cases?{WHY}", asyncio.Event(), api.write_table, list[object]()

    async def first_of_all_waits(*given: Any, **more: Any) -> Any:
        begun.append(given)
        if len(begun) == 1:
            await goes_on.wait()
        return await write(*given, **more)

    monkeypatch.setattr(api, "write_table", first_of_all_waits)
    first = asyncio.create_task(metrics.get(path, role=Role.AUDITOR))
    await eventually(lambda: begun, what="the first is being made")
    second = await metrics.get(path, role=Role.AUDITOR)
    assert (second.status_code, second.json()["code"]) == (429, "exports-busy")
    assert int(second.headers["retry-after"]) >= 1
    assert (await metrics.get("/v1/public/exports/gauge")).status_code == 200, "everybody's files have other places"
    goes_on.set()
    assert (await first).status_code == 200
    assert (await metrics.get(path, role=Role.AUDITOR)).status_code == 200


async def test_a_workbook_that_would_be_too_long_is_refused_and_csv_is_not(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]],
):
    urls = fresh_databases("metrics", migrated=True)
    async with listener(SERVICE, urls, export_xlsx_rows_max=10) as metrics:
        await _many(metrics, 11)
        refused = await metrics.get(f"/v1/exports/cases?format=xlsx&{WHY}", role=Role.AUDITOR)
        assert (refused.status_code, refused.json()["code"]) == (409, "export-too-long")
        assert (await metrics.get("/v1/export-records", role=Role.AUDITOR)).json()["items"] == []
        assert (await metrics.get(f"/v1/exports/cases?{WHY}", role=Role.AUDITOR)).status_code == 200


async def _many(metrics: Listener, count: int) -> None:
    async with metrics.database.transaction() as tx:
        for done in range(0, count, _AT_ONCE):  # each statement well within its time, also on a busy machine
            await tx.execute(_MANY, {"call": new_id(), "count": min(_AT_ONCE, count - done)})


_MANY = text(
    """
    INSERT INTO case_progress (application_id, call_id, type_code, municipality_code, state, changed_at)
    SELECT gen_random_uuid(), :call, 'JS2', '52110', 'SUBMITTED', '2024-04-02T00:00:00Z'
    FROM generate_series(1, :count)
    """
)


async def _open_transactions(metrics: Listener) -> int:
    counted = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND state <> 'idle'"
    )
    async with metrics.database.transaction() as tx:
        return int((await tx.execute(counted)).scalar_one())


async def _ask(metrics: Listener, path: str, also: Callable[[Any], Awaitable[None]] | None = None) -> list[int]:
    """Ask as a server would, without a client that keeps the whole answer; the lengths of the pieces that were taken."""
    place, _, query = path.partition("?")
    lengths: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if also is not None:
            await also(message)
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        else:
            lengths.append(len(message["body"]))

    headers = metrics.issuer.headers(role=Role.AUDITOR, tenant="52")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("service.test", 80),
        "state": {},
    }
    assert metrics.app is not None
    await metrics.app(scope, receive, send)
    return lengths
