"""Seasons side by side: places, the province's budget, what firms pay by the rule and in truth (rules S-01 to S-03)."""

from collections.abc import Callable, Sequence

from rich import box
from rich.table import Table

from smartfactory.season.options import SeasonReport

_ROWS: Sequence[tuple[str, Callable[[SeasonReport], str]]] = (
    ("자리 places", lambda each: f"{each.places:,}"),
    ("협약 in force", lambda each: f"{sum(row.in_force for row in each.types):,}"),
    ("도비 예산 province's budget", lambda each: f"{province_won(each):,}"),
    ("재원 확정 public money", lambda each: f"{each.public_won:,}"),
    ("기업 부담 firms pay", lambda each: f"{each.sme_won:,}"),
    ("명목 부담률 burden by the rule", lambda each: _percent(each.nominal_burden_bp)),
    ("실질 부담률 burden in truth", lambda each: _percent(each.effective_burden_bp)),
)


def side_by_side(reports: Sequence[SeasonReport]) -> Table:
    """One column per season; where a cap bites, the firms' real burden is above the rule's (rule F-02)."""
    table = Table(title="사업 비교 Seasons side by side (won, %)", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for report in reports:
        table.add_column(f"{report.scenario}\nTrack {report.track} {report.year}", justify="right", no_wrap=True)
    for head, cell in _ROWS:
        table.add_row(head, *(cell(report) for report in reports))
    return table


def province_won(report: SeasonReport) -> int:
    """What the province's own line was confirmed at, in won."""
    return sum(row.confirmed_won for row in report.money if row.source == "PROVINCE")


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:.2f} %"
