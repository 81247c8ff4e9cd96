"""Where a year's public money stands, by source, municipality and track: each amount a sum over what was told."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, cast, func, literal, select, union_all

from common.db import Transaction
from common.web import View
from metrics.money.store import CarriedOverRow, DisbursementRow, LapsedShareRow, RepaymentRow, SettledShareRow
from metrics.progress.queries import lines_of_year, public_shares_of_year

_SETTLEMENT, _RECOVERY = "SETTLEMENT", "RECOVERY"

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


async def read_money(
    tx: Transaction, *, fiscal_year: int, track: str | None, municipality_code: str | None
) -> MoneyView:
    """All of a year's, or one municipality's own."""
    facts = union_all(*_facts(fiscal_year)).subquery()
    statement = select(
        facts.c.track, facts.c.source, facts.c.place, facts.c.name, cast(func.sum(facts.c.won), BigInteger)
    ).group_by(facts.c.track, facts.c.source, facts.c.place, facts.c.name)
    if track is not None:
        statement = statement.where(facts.c.track == track)
    if municipality_code is not None:
        statement = statement.where(facts.c.place == municipality_code)
    places: dict[_Place, Counter[str]] = defaultdict(Counter)
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    for of, source, place, name, won in await tx.execute(statement):
        places[of, source, place][name] += won
        sources[source][name] += won
    return MoneyView(
        fiscal_year=fiscal_year,
        by_source=[MoneyOfSource(source=source, **_amounts(won)) for source, won in sorted(sources.items())],
        rows=[
            MoneyRow(track=of, source=source, municipality_code=place, **_amounts(places[of, source, place]))
            for of, source, place in sorted(places, key=_in_order)
        ],
    )


def _in_order(place: _Place) -> tuple[str, str, str]:
    track, source, municipality_code = place
    return track, source, municipality_code or ""


def _amounts(won: Mapping[str, int]) -> dict[str, int]:
    return {name: won.get(name, 0) for name in MoneyAmounts.model_fields}


def _facts(fiscal_year: int) -> Iterator[Select[Any]]:
    """Each with its track, source and place, under the name of the amount that it adds to."""
    lines = lines_of_year(fiscal_year).cte("line")
    shares = public_shares_of_year(fiscal_year).cte("share")
    yield _told(lines, "budgeted_won", lines.c.confirmed_won)
    yield _told(lines, "left_won", lines.c.left_won)
    carried = _told(lines, "carried_over_won", CarriedOverRow.amount_won)
    yield carried.join(CarriedOverRow, CarriedOverRow.budget_line_id == lines.c.budget_line_id)
    yield _told(shares, "committed_won", shares.c.amount_won)
    release = DisbursementRow
    under_way = release.state.in_(("RESERVED", "APPROVED", "ORDERED", "CONFIRMED"))
    yield _of_share(shares, release, "under_way_won", release.amount_won, under_way)
    yield _of_share(shares, release, "unclear_won", release.amount_won, under_way & release.unclear)
    yield _of_share(shares, release, "paid_won", release.amount_won, release.state == "POSTED")
    yield _of_share(shares, LapsedShareRow, "lapsed_won", LapsedShareRow.amount_won)
    yield _of_share(shares, SettledShareRow, "settled_won", SettledShareRow.fixed_won)
    yield from _repayments(shares)


def _repayments(shares: CTE) -> Iterator[Select[Any]]:
    row = RepaymentRow
    asked_won = row.principal_won + row.interest_won + row.surcharge_won
    due, back = row.state == "ORDERED", row.state == "CONFIRMED"
    of_settlement, of_recovery = row.origin == _SETTLEMENT, row.origin == _RECOVERY
    yield _of_share(shares, row, "refund_due_won", asked_won, due & of_settlement)
    yield _of_share(shares, row, "recovery_due_won", asked_won, due & of_recovery)
    yield _of_share(shares, row, "refunded_won", row.principal_won, back & of_settlement)
    yield _of_share(shares, row, "recovered_won", row.principal_won, back & of_recovery)
    yield _of_share(shares, row, "interest_won", row.interest_won, back)
    yield _of_share(shares, row, "surcharge_won", row.surcharge_won + row.late_won, back)
    yield _of_share(shares, row, "relieved_won", asked_won, row.state == "RELIEVED")


def _told(of: CTE, name: str, won: Any) -> Select[Any]:  # noqa: ANN401  a column of whatever table
    place = of.c.municipality_code.label("place")
    return select(of.c.track, of.c.source, place, literal(name).label("name"), won.label("won")).select_from(of)


def _of_share(
    shares: CTE,
    row: type[DisbursementRow | LapsedShareRow | SettledShareRow | RepaymentRow],
    name: str,
    won: Any,  # noqa: ANN401  a column, or a sum of some
    *where: ColumnElement[bool],
) -> Select[Any]:
    """What is told of one source's part of a project."""
    whose = (row.project_id == shares.c.project_id) & (row.source == shares.c.source)
    return _told(shares, name, won).join(row, whose).where(*where)
