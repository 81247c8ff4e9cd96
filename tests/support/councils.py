"""A year of two municipalities, as the report to a council tells it."""

from datetime import date

from common.event import new_id
from contracts.applicant import ProjectSelected
from contracts.funding import ProjectCommitted, Share
from tests.support.days import MUJU, WANJU, confirmed_line, placed, published, report_out
from tests.support.listening import Listener

__all__ = ["MUJU", "WANJU", "a_year"]

_CAPPED = {"PROVINCE": 66_400_000, "MUNICIPALITY": 20_000_000, "SME": 45_600_000}
_BELOW_THE_CAP = {"PROVINCE": 50_000_000, "MUNICIPALITY": 30_000_000, "SME": 20_000_000}


async def a_year(metrics: Listener) -> None:
    """Two projects of Wanju with their money and one of Muju, seats that nobody holds, and a report that is due each."""
    first, second, other = placed(WANJU), placed(WANJU), placed(MUJU)
    await metrics.tell(
        published(m52710=5, m52730=2),
        confirmed_line("PROVINCE", 400_000_000),
        confirmed_line("MUNICIPALITY", 31_000_000, WANJU),
        confirmed_line("MUNICIPALITY", 14_736_841, MUJU),
        *(event for project in (first, second, other) for event in project),
    )
    for project, shares in ((first, _CAPPED), (second, _BELOW_THE_CAP), (other, _CAPPED)):
        await metrics.tell(_committed(next(each for each in project if isinstance(each, ProjectSelected)), shares))
    await metrics.tell(report_out(date(2024, 12, 3), WANJU), report_out(date(2024, 12, 4), MUJU))


def _committed(selected: ProjectSelected, shares: dict[str, int]) -> ProjectCommitted:
    return ProjectCommitted(
        project_id=selected.project_id,
        commitment_id=new_id(),
        call_id=selected.call_id,
        municipality_code=selected.municipality_code,
        fiscal_year=2024,
        track="B",
        total_cost_won=sum(shares.values()),
        shares=[Share(source=source, amount_won=won, budget_line_id=new_id()) for source, won in shares.items()],
        nominal_burden_bp=2_000,
        effective_burden_bp=shares["SME"] * 10_000 // sum(shares.values()),
        split_rule_version="b-2024",
        balances=[],
    )
