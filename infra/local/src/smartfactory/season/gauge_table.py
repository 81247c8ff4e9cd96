"""The gauge of 300 on a season's last day, as a person reads it."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table

from contracts.types import municipality
from smartfactory.season.options import GaugeRow, GaugeTable
from smartfactory.season.origin import Json

_NAMES = GaugeRow.__slots__[1:]
_HEADS = (
    "예정\nplanned",
    "협약\nagreed",
    "완료\ncompleted",
    "가동\nin use",
    "포기\nwithdrawn",
    "해지\nterminated",
    "인정\ncounted",
)
_UNKNOWN = "?"


def of(told: Json) -> GaugeTable:
    """The gauge with both tracks of a municipality in one row."""
    towns = dict.fromkeys(row["municipality_code"] for row in told["rows"])
    rows = {town: [row for row in told["rows"] if row["municipality_code"] == town] for town in towns}
    target = told["target"]
    return GaugeTable(
        as_of=told["as_of"],
        target_total=target["target_total"],
        target_year=target["target_year"],
        target_source=target["target_source"],
        alternates=[f"{each['target_year']}: {each['source']}" for each in target["alternates"]],
        plan_total=target["plan_total"],
        rule_version=target["rule_version"],
        rows=[_row(town, rows[town]) for town in towns],
    )


def table(gauge: GaugeTable) -> Table:
    """One row a municipality; what nobody knows yet is a question mark."""
    plan = "" if gauge.plan_total is None else f", 계획 plan {gauge.plan_total}"
    goal = f"{gauge.target_total}개 목표 The gauge of {gauge.target_total} by {gauge.target_year}"
    shown = Table(
        title=f"{goal} ({gauge.as_of}{plan})",
        caption=f"기준 rule {gauge.rule_version}; {gauge.target_source}; {'; '.join(gauge.alternates)}",
        show_footer=True,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    shown.add_column("시·군\nmunicipality", footer="합계 counted by the rule", no_wrap=True)
    for name, head in zip(_NAMES, _HEADS, strict=True):
        shown.add_column(head, footer=_cell(_sum(getattr(row, name) for row in gauge.rows)), justify="right")
    for row in gauge.rows:
        town = municipality(row.municipality_code)
        shown.add_row(f"{town.ko} {town.en}", *(_cell(getattr(row, name)) for name in _NAMES))
    return shown


def _row(town: str, rows: Sequence[Json]) -> GaugeRow:
    known = {name: sum(row[name] for row in rows) for name in _NAMES if name != "in_use"}
    return GaugeRow(town, in_use=_sum(row["in_use"] for row in rows), **known)


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum, unknown where any part is."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def _cell(number: int | None) -> str:
    return _UNKNOWN if number is None else str(number)
