"""One municipality's report, read at one moment by whoever may read each of its parts: nothing in it is withheld."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, func, select

from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from contracts.types import MUNICIPALITIES
from metrics.council.domain import Burdens, burdens_of
from metrics.gauge.queries import Gauge, read_gauge
from metrics.money.queries import MoneyView, read_money
from metrics.outcomes.queries.aggregates import Outcomes, read_own_outcomes
from metrics.outcomes.queries.proofs import WaveAfter
from metrics.progress.queries.money import committed_projects_of_year, public_shares
from metrics.today.queries.day import Today, area_of, read_today

_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose report, of which year's money, and of which survey of outcomes."""

    municipality_code: str
    fiscal_year: int
    wave: WaveAfter


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilReport:
    """All parts as of one moment; `outcomes` has the municipality's own firms only."""

    asked: Asked
    at: datetime
    gauge: Gauge
    money: MoneyView
    burdens: Burdens
    outcomes: Outcomes
    day: Today


def municipalities_for(by: Principal) -> list[str]:
    """Whose reports somebody may read: all fourteen, or a municipality's own."""
    own = area_of(by)
    return [str(each.code) for each in MUNICIPALITIES if own in {None, str(each.code)}]


def this_year(now: datetime) -> int:
    """The fiscal year, which is the calendar's in Korea."""
    return now.astimezone(KST).year


async def read_report(tx: Transaction, asked: Asked, *, by: Principal, now: datetime) -> CouncilReport:
    """The parts as the API gives each of them to this reader, for one municipality."""
    place = asked.municipality_code
    costs = [(row.total_cost_won, row.own_won) for row in await tx.execute(_costs(asked))]
    return CouncilReport(
        asked=asked,
        at=now,
        gauge=await read_gauge(tx, as_of=None, now=now, municipality_code=place),
        burdens=burdens_of(costs),
        outcomes=await read_own_outcomes(tx, asked.wave, now=now, municipality_code=place),
        day=await read_today(tx, now=now, by=by, municipality_code=place, most=_MOST_SHOWN),
        # The last one: for its sake PostgreSQL plans the rest of the transaction in another way.
        money=await read_money(tx, fiscal_year=asked.fiscal_year, track=None, municipality_code=place),
    )


def _costs(asked: Asked) -> Select[*tuple[Any, ...]]:
    """Of each project with committed money its cost, and what of it no other source pays: parts sum to the whole."""
    project = committed_projects_of_year(asked.fiscal_year).subquery("project")
    share = public_shares().subquery("share")
    paid_won = func.sum(share.c.amount_won).cast(BigInteger)
    return (
        select(project.c.total_cost_won, (project.c.total_cost_won - paid_won).label("own_won"))
        .join(share, share.c.project_id == project.c.project_id)
        .where(project.c.municipality_code == asked.municipality_code)
        .group_by(project.c.project_id, project.c.total_cost_won)
    )
