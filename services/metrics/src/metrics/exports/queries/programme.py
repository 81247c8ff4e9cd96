"""The tables of the programme's course: the gauge, public money, cases, and an officer's day."""

from typing import Any

from common.clock import KST
from common.db import Transaction
from common.errors import Text
from metrics.exports.domain import ExportFilterMissing
from metrics.exports.queries.asked import (
    MUNICIPALITY,
    Asked,
    Parts,
    Table,
    at_once,
    day,
    flag,
    from_database,
    moment,
    number,
    text,
    won,
)
from metrics.gauge.queries import read_gauge
from metrics.money.queries import read_money
from metrics.progress.queries.call import read_progress, read_public_progress
from metrics.progress.queries.cases import every_case
from metrics.today.queries.reports import all_reports_due
from metrics.today.queries.seats import read_unused_seats

_ALL = 1_000_000
"""More seat lines than a year can have: its calls by types by municipalities."""

_COUNTS = (
    number("planned", "선정", "Planned"),
    number("agreed", "협약", "Agreed"),
    number("inspected", "중간점검", "Inspected"),
    number("suspended", "중단", "Suspended"),
    number("completed", "완료", "Completed"),
    number("in_use", "활용 확인", "In use"),
    number("withdrawn", "포기", "Withdrawn"),
    number("terminated", "해지", "Terminated"),
    number("counted", "목표 집계", "Counted"),
)
_AMOUNTS = (
    won("budgeted_won", "예산액", "Budgeted"),
    won("left_won", "잔액", "Left"),
    won("committed_won", "확정액", "Committed"),
    won("under_way_won", "지급 중", "Under way"),
    won("unclear_won", "은행 확인 중", "Unclear"),
    won("paid_won", "지급액", "Paid"),
    won("carried_over_won", "이월액", "Carried over"),
    won("lapsed_won", "불용액", "Lapsed"),
    won("settled_won", "정산 확정액", "Settled"),
    won("refund_due_won", "반납 예정", "Refund due"),
    won("refunded_won", "반납액", "Refunded"),
    won("recovery_due_won", "환수 예정", "Recovery due"),
    won("recovered_won", "환수액", "Recovered"),
    won("interest_won", "이자", "Interest"),
    won("surcharge_won", "가산금", "Surcharge"),
    won("relieved_won", "면제액", "Relieved"),
)


async def _gauge(tx: Transaction, asked: Asked) -> Parts:
    own = asked.municipality_code
    gauge = await read_gauge(tx, as_of=asked.filters.as_of, now=asked.now, municipality_code=own)
    async for part in at_once({"as_of": gauge.as_of, **row.model_dump()} for row in gauge.rows):
        yield part


async def _public_gauge(_tx: Transaction, asked: Asked) -> Parts:
    gauge = await asked.gauges.of_day(asked.filters.as_of, now=asked.now)
    async for part in at_once({"as_of": gauge.as_of, **cell.model_dump()} for cell in gauge.municipalities):
        yield part


async def _money(tx: Transaction, asked: Asked) -> Parts:
    year = asked.filters.fiscal_year or asked.now.astimezone(KST).year
    own = asked.municipality_code
    money = await read_money(tx, fiscal_year=year, track=asked.filters.track, municipality_code=own)
    async for part in at_once({"fiscal_year": year, **row.model_dump()} for row in money.rows):
        yield part


async def _cases(tx: Transaction, asked: Asked) -> Parts:
    wanted = asked.filters
    statement = every_case(
        fiscal_year=wanted.fiscal_year, call_id=wanted.call_id, municipality_code=asked.municipality_code
    )
    async for part in from_database(tx, statement):
        yield part


async def _progress(tx: Transaction, asked: Asked) -> Parts:
    if asked.filters.call_id is None:
        raise ExportFilterMissing(filters="call_id")
    progress = await read_progress(tx, asked.filters.call_id, municipality_code=asked.municipality_code)
    about = {"call_id": progress.call_id, "track": progress.track, "fiscal_year": progress.fiscal_year}
    async for part in at_once({**about, **row.model_dump()} for row in progress.cases):
        yield part


async def _public_progress(tx: Transaction, asked: Asked) -> Parts:
    if asked.filters.call_id is None:
        raise ExportFilterMissing(filters="call_id")
    progress = await read_public_progress(tx, asked.filters.call_id, minimum=asked.minimum)
    about = {"call_id": progress.call_id, "track": progress.track, "fiscal_year": progress.fiscal_year}
    async for part in at_once({**about, **cell.model_dump()} for cell in progress.municipalities):
        yield part


async def _reports_due(tx: Transaction, asked: Asked) -> Parts:
    today = asked.now.astimezone(KST).date()
    async for part in from_database(tx, all_reports_due(today, municipality_code=asked.municipality_code)):
        yield [{**row, "days_left": (row["due_on"] - today).days} for row in part]


async def _unused_seats(tx: Transaction, asked: Asked) -> Parts:
    own = asked.municipality_code
    seats = await read_unused_seats(tx, now=asked.now, by=asked.caller, municipality_code=own, most=_ALL)
    lines: list[dict[str, Any]] = []
    for line in seats.rows:
        said = line.model_dump()
        said["open_actions"] = [action.code for action in line.actions]
        said["closed_because"] = [each.code for action in line.closed_actions for each in action.because]
        lines.append(said)
    async for part in at_once(lines):
        yield part


_CALL = (
    text("call_id", "공고", "Call"),
    text("track", "트랙", "Track"),
    number("fiscal_year", "회계연도", "Fiscal year"),
)

GAUGE = Table(
    name="gauge",
    title=Text("300개 목표 현황", "The gauge of 300"),
    columns=(day("as_of", "기준일", "As of"), *MUNICIPALITY, text("track", "트랙", "Track"), *_COUNTS),
    filters=frozenset({"as_of"}),
    parts=_gauge,
)
MONEY = Table(
    name="money",
    title=Text("재원별 집행 현황", "Public money by source"),
    columns=(
        number("fiscal_year", "회계연도", "Fiscal year"),
        text("track", "트랙", "Track"),
        text("source", "재원", "Source"),
        *MUNICIPALITY,
        *_AMOUNTS,
    ),
    filters=frozenset({"fiscal_year", "track"}),
    parts=_money,
)
CASES = Table(
    name="cases",
    title=Text("신청과 과제의 진행", "Progress of cases"),
    columns=(
        text("application_id", "신청", "Application"),
        *_CALL,
        text("type_code", "유형", "Type"),
        *MUNICIPALITY,
        text("state", "신청 상태", "State of the application"),
        moment("changed_at", "상태가 바뀐 때", "Changed at"),
        text("project_id", "과제", "Project"),
        text("project_state", "과제 상태", "State of the project"),
        flag("promoted", "승계", "Promoted from reserve"),
        text("money_state", "예산 확정", "Funding's answer"),
        won("total_cost_won", "총사업비", "Total cost"),
    ),
    filters=frozenset({"call_id", "fiscal_year"}),
    parts=_cases,
)
PROGRESS = Table(
    name="progress",
    title=Text("공고의 진행 현황", "Progress of a call"),
    columns=(
        *_CALL,
        text("type_code", "유형", "Type"),
        *MUNICIPALITY,
        number("seats", "정원", "Seats"),
        number("applied", "신청", "Applied"),
        number("eligible", "적격", "Eligible"),
        number("ineligible", "부적격", "Ineligible"),
        number("withdrawn", "취하", "Withdrawn"),
        number("selected", "선정", "Selected"),
        number("reserve", "예비", "Reserve"),
        number("not_selected", "미선정", "Not selected"),
        number("refused", "예산 부족", "Not funded"),
        number("promoted", "승계", "Promoted"),
        number("confirmed", "확정", "Confirmed"),
    ),
    filters=frozenset({"call_id"}),
    needs=frozenset({"call_id"}),
    parts=_progress,
)
REPORTS_DUE = Table(
    name="reports-due",
    title=Text("실적보고 기한", "Reports due"),
    columns=(
        text("project_id", "과제", "Project"),
        text("settlement_id", "정산", "Settlement"),
        *MUNICIPALITY,
        day("due_on", "기한", "Due on"),
        number("days_left", "남은 날", "Days left"),
    ),
    parts=_reports_due,
)
UNUSED_SEATS = Table(
    name="unused-seats",
    title=Text("남은 정원", "Unused seats"),
    columns=(
        *_CALL,
        text("type_code", "유형", "Type"),
        *MUNICIPALITY,
        number("seats", "정원", "Seats"),
        number("held", "선정", "Held"),
        number("unused", "남은 정원", "Unused"),
        number("offered_again", "다시 모집", "Offered again"),
        number("reserves", "예비", "Reserves"),
        number("fundable", "예산이 되는 수", "Fundable"),
        text("open_actions", "할 수 있는 일", "Open actions"),
        text("closed_because", "할 수 없는 까닭", "Closed because"),
    ),
    parts=_unused_seats,
)
PUBLIC_GAUGE = Table(
    name="gauge",
    title=Text("300개 목표 공개 현황", "The gauge of 300 for everybody"),
    columns=(day("as_of", "기준일", "As of"), *MUNICIPALITY, number("counted", "목표 집계", "Counted")),
    readers=frozenset(),
    filters=frozenset({"as_of"}),
    parts=_public_gauge,
)
PUBLIC_PROGRESS = Table(
    name="progress",
    title=Text("공고의 공개 현황", "Progress of a call for everybody"),
    columns=(
        *_CALL,
        *MUNICIPALITY,
        number("applied", "신청", "Applied"),
        number("confirmed", "확정", "Confirmed"),
    ),
    readers=frozenset(),
    filters=frozenset({"call_id"}),
    needs=frozenset({"call_id"}),
    parts=_public_progress,
)
