"""What the factories brought, as the metrics service sums it up and as a person reads it."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from smartfactory.season.options import OutcomeRow
from smartfactory.season.origin import Json

_TOTAL = "TOTAL"
_HEADS = (
    "대상\ndue",
    "응답\nanswered",
    "유효\nvalid",
    "중앙값\nmedian",
    "1사분위\nlower quartile",
    "3사분위\nupper quartile",
    "무응답 0 가정\nsilent unchanged",
)


def of(told: Json, kpis: Sequence[str]) -> list[OutcomeRow]:
    """The totals of these KPIs, in each kind in which a change is told."""
    names = OutcomeRow.__slots__
    return [
        OutcomeRow(**{name: row[name] for name in names})
        for row in told["aggregates"]
        if row["dimension"] == _TOTAL and row["kpi"] in kpis
    ]


def table(rows: Sequence[OutcomeRow]) -> Table:
    """One row for each KPI and kind of change; better is positive."""
    shown = Table(
        title="완료 후 성과 (개선이 양수) Outcomes after completion (better is positive)",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    shown.add_column("지표\nKPI", no_wrap=True)
    for head in _HEADS:
        shown.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        unit = "%" if row.change_kind == "PERCENT" else "%p"
        figures = (row.median_bp, row.lower_quartile_bp, row.upper_quartile_bp, row.median_bounded_bp)
        counts = (row.n_due, row.n_responded, row.n_valid)
        shown.add_row(
            f"{row.kpi} {row.measure}", *(f"{count:,}" for count in counts), *(_percent(each, unit) for each in figures)
        )
    return shown


def _percent(basis_points: int | None, unit: str) -> str:
    return "-" if basis_points is None else f"{basis_points / 100:+.2f} {unit}"
