"""Where a year's public money stands, by source, municipality and track: each amount a sum over what was told."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import CTE, BigInteger, Case, ColumnElement, Select, case, cast, func, select, text, union_all

from common.acting import as_service
from common.db import Transaction
from common.web import View
from metrics.money.store import CarriedOverRow, DisbursementRow, LapsedShareRow, RepaymentRow, SettledShareRow
from metrics.progress.queries.money import committed_projects_of_year, lines_of_year, public_shares

_Place = tuple[str, str, str | None]
"""Track, source, and the municipality, if it is one's."""


class MoneyAmounts(View):
    """How far money has come, in won.

    `left_won` of `budgeted_won` is promised to nobody. Of `committed_won` a part is paid, a part is under way to the
    bank (`unclear_won` of it without the bank's word) and a part has lapsed. `settled_won` is what of the payments is
    fixed as cost. What is due from settlements or clawbacks is whole, with interest and surcharge; what is back is told
    apart. `relieved_won` was asked back and is not owed, since an objection was upheld.
    """

    budgeted_won: int
    left_won: int
    committed_won: int
    under_way_won: int
    unclear_won: int
    paid_won: int
    carried_over_won: int
    lapsed_won: int
    settled_won: int
    refund_due_won: int
    refunded_won: int
    recovery_due_won: int
    recovered_won: int
    interest_won: int
    surcharge_won: int
    relieved_won: int


_NAMES = tuple(MoneyAmounts.model_fields)
_JOIN_WHOLE_TABLES = text("SET LOCAL enable_nestloop = off")
"""Nearly all facts of a year are added up. A planner that cannot tell how many of them a caller may see would rather
look each project's up by itself, in each of the tables: twenty times the work."""


class MoneyOfSource(MoneyAmounts):
    """One source's money, of all municipalities and tracks that were asked for."""

    source: str


class MoneyRow(MoneyAmounts):
    """One source's money of one track for one municipality's projects.

    A line that pays in all municipalities is budgeted for none of them, and so is what is left or carried over of it:
    there `municipality_code` is null.
    """

    track: str
    source: str
    municipality_code: str | None


class MoneyView(View):
    """The money of one fiscal year's budgets, wherever it stands today."""

    fiscal_year: int
    by_source: list[MoneyOfSource]
    rows: list[MoneyRow]


class PublicBudget(View):
    """What one source has confirmed for a year, in won, all its lines together."""

    source: str
    budgeted_won: int


class PublicMoney(View):
    """A year's budgets by source, for everybody.

    What projects hold of them is not told: the sum of a day less that of the day before would be one firm's money.
    """

    fiscal_year: int
    budgeted_won: int
    by_source: list[PublicBudget]


async def read_public_money(tx: Transaction, *, fiscal_year: int) -> PublicMoney:
    """The budgets of a year; none before the first line of it is confirmed."""
    line = lines_of_year(fiscal_year).subquery("line")
    summed = func.sum(line.c.confirmed_won).cast(BigInteger).label("budgeted_won")
    async with as_service(tx):
        rows = await tx.execute(select(line.c.source, summed).group_by(line.c.source).order_by(line.c.source))
        budgets = [PublicBudget.model_validate(row) for row in rows]
    return PublicMoney(
        fiscal_year=fiscal_year, budgeted_won=sum(each.budgeted_won for each in budgets), by_source=budgets
    )


async def read_money(
    tx: Transaction, *, fiscal_year: int, track: str | None, municipality_code: str | None
) -> MoneyView:
    """All of a year's, or one municipality's own."""
    await tx.execute(_JOIN_WHOLE_TABLES)
    places: dict[_Place, Counter[str]] = defaultdict(Counter)
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    for row in (await tx.execute(union_all(*_parts(fiscal_year)))).mappings():
        of, source, place = row["track"], row["source"], row["place"]
        if track in {None, of} and municipality_code in {None, place}:
            won = {name: row[name] for name in _NAMES}
            places[of, source, place].update(won)
            sources[source].update(won)
    return MoneyView(
        fiscal_year=fiscal_year,
        by_source=[MoneyOfSource(source=source, **won) for source, won in sorted(sources.items())],
        rows=[
            MoneyRow(track=of, source=source, municipality_code=place, **places[of, source, place])
            for of, source, place in sorted(places, key=_in_order)
        ],
    )


def _in_order(place: _Place) -> tuple[str, str, str]:
    track, source, municipality_code = place
    return track, source, municipality_code or ""


def _parts(fiscal_year: int) -> Iterator[Select[Any]]:
    """One of each table of facts, summed by track, source and place; of a project that is not committed nothing."""
    line = lines_of_year(fiscal_year).cte("line")
    project = committed_projects_of_year(fiscal_year).cte("project")
    share = public_shares().subquery("share")
    carried, release, lapsed, settled = CarriedOverRow, DisbursementRow, LapsedShareRow, SettledShareRow
    yield _summed(
        line,
        line.c.source,
        budgeted_won=line.c.confirmed_won,
        left_won=line.c.left_won,
        carried_over_won=carried.amount_won,
    ).outerjoin(carried, carried.budget_line_id == line.c.budget_line_id)
    yield _summed(project, share.c.source, committed_won=share.c.amount_won).join(
        share, share.c.project_id == project.c.project_id
    )
    under_way = release.state.in_(("RESERVED", "APPROVED", "ORDERED", "CONFIRMED"))
    yield _summed(
        project,
        release.source,
        under_way_won=_if(under_way, release.amount_won),
        unclear_won=_if(under_way & release.unclear, release.amount_won),
        paid_won=_if(release.state == "POSTED", release.amount_won),
    ).join(release, release.project_id == project.c.project_id)
    for row, name, won in ((lapsed, "lapsed_won", lapsed.amount_won), (settled, "settled_won", settled.fixed_won)):
        told = _summed(project, row.source, **{name: won}).join(row, row.project_id == project.c.project_id)
        yield told.where(row.source != "SME")
    yield _repayments(project)


def _repayments(project: CTE) -> Select[Any]:
    row = RepaymentRow
    asked_won = row.principal_won + row.interest_won + row.surcharge_won
    due, back = row.state == "ORDERED", row.state == "CONFIRMED"
    of_settlement, of_recovery = row.origin == "SETTLEMENT", row.origin == "RECOVERY"
    return _summed(
        project,
        row.source,
        refund_due_won=_if(due & of_settlement, asked_won),
        refunded_won=_if(back & of_settlement, row.principal_won),
        recovery_due_won=_if(due & of_recovery, asked_won),
        recovered_won=_if(back & of_recovery, row.principal_won),
        interest_won=_if(back, row.interest_won),
        surcharge_won=_if(back, row.surcharge_won + row.late_won),
        relieved_won=_if(row.state == "RELIEVED", asked_won),
    ).join(row, row.project_id == project.c.project_id)


def _summed(of: CTE, source: Any, **amounts: Any) -> Select[Any]:  # noqa: ANN401  columns of whatever tables
    """All amounts there are, so that every part has the same columns; those that are not told of here are nothing."""
    sums = [
        cast(func.coalesce(func.sum(amounts[name]), 0) if name in amounts else 0, BigInteger).label(name)
        for name in _NAMES
    ]
    place = of.c.municipality_code.label("place")
    return select(of.c.track, source, place, *sums).select_from(of).group_by(of.c.track, source, place)


def _if(condition: ColumnElement[bool], won: Any) -> Case[int]:  # noqa: ANN401  a column, or a sum of some
    return case((condition, won), else_=0)
