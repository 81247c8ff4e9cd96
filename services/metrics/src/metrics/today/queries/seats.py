"""Which seats of this year's decided calls nobody holds, what money is left, and whether to offer them again."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.web import View
from metrics.progress.queries import seats as progress
from metrics.progress.queries.money import lines_of_year
from metrics.today import domain
from metrics.today.domain import ClosedBecause, SeatLine, Surroundings, Unused
from metrics.today.queries.actions import ClosedAction, TodayAction, closed_action, draft_action
from metrics.today.store import CallShareRow


class SeatMoney(View):
    """What one source's line has left, what a project costs it at most, and when the rest lapses.

    A municipality is shown its own line; what a call's project costs it is null if the call was published before rates
    were told.
    """

    source: str
    municipality_code: str | None
    left_won: int
    share_won: int | None
    lapses_on: date
    days_left: int


class UnusedSeatLine(View):
    """A decided call's seats that nobody holds; `offered_again` of them are in a later call, `reserves` wait."""

    call_id: UUID
    track: str
    fiscal_year: int
    type_code: str
    municipality_code: str
    seats: int
    held: int
    unused: int
    offered_again: int
    reserves: int
    fundable: int
    money: list[SeatMoney]
    actions: list[TodayAction]
    closed_actions: list[ClosedAction]


class UnusedSeats(View):
    """Lines with unused seats of this fiscal year; `rows` are the first of `count`, with an offer before without.

    `unused` are the seats of all of them that no call offers; `offers` is for how many lines an extra call is offered.
    """

    count: int
    unused: int
    offers: int
    rows: list[UnusedSeatLine]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the year beside the seat lines; money by track, source and the municipality it is for."""

    fiscal_year: int
    shown_won: Mapping[tuple[str, str, str | None], int]
    left_won: Mapping[tuple[str, str, str | None], int]
    shares_won: Mapping[tuple[UUID, str], Mapping[str, int]]
    reserves: Mapping[tuple[str, str, str], int]
    under_way: frozenset[tuple[str, str]]
    unanswered: frozenset[str]


async def read_unused_seats(
    tx: Transaction, *, now: datetime, by: Principal, municipality_code: str | None, most: int
) -> UnusedSeats:
    """All of this fiscal year's, or one municipality's own; those that can be offered again come first."""
    today = domain.today_of(now)
    lines, known = await _year(tx, today.year, now=now)
    found = [
        (unused, _around(unused.line, known))
        for unused in domain.unused_seats(lines)
        if municipality_code in {None, unused.line.municipality_code}
    ]
    judged = [(unused, around, domain.closed_because(unused, around)) for unused, around in found]
    # Of one place the older call comes first, as the domain gives them.
    judged.sort(key=lambda each: (bool(each[2]), each[0].line.municipality_code, each[0].line.type_code))
    return UnusedSeats(
        count=len(judged),
        unused=sum(unused.left for unused, _, _ in judged),
        offers=sum(not closed for _, _, closed in judged),
        rows=[_line(unused, around, closed, known, today, by) for unused, around, closed in judged[:most]],
    )


async def _year(tx: Transaction, fiscal_year: int, *, now: datetime) -> tuple[list[SeatLine], _Known]:
    seats = (await tx.execute(progress.seats_of_year(fiscal_year))).mappings().all()
    calls = {row["call_id"] for row in seats}
    held = await _numbers(tx, progress.held_of(calls))
    reserves = await _numbers(tx, progress.reserves_of(calls))
    shown = await _left(tx, fiscal_year)
    undecided, unanswered, shared = await _of_all(tx, fiscal_year, calls)
    lines = [
        SeatLine(
            **row,
            decided=row["closes_at"] <= now and row["call_id"] not in undecided,
            held=held.get((row["call_id"], row["type_code"], row["municipality_code"]), 0),
            reserves=reserves.get((row["call_id"], row["type_code"], row["municipality_code"]), 0),
        )
        for row in seats
    ]
    waiting: Counter[tuple[str, str, str]] = Counter()
    for line in lines:
        waiting[line.place] += line.reserves
    return lines, _Known(
        fiscal_year=fiscal_year,
        shown_won=shown,
        left_won=shown | shared,
        shares_won=await _shares(tx, calls),
        reserves=waiting,
        under_way=frozenset((line.track, line.municipality_code) for line in lines if line.seats and not line.decided),
        unanswered=unanswered,
    )


async def _of_all(
    tx: Transaction, fiscal_year: int, calls: Collection[UUID]
) -> tuple[frozenset[UUID], frozenset[str], dict[tuple[str, str, str | None], int]]:
    """What a municipality's own rows cannot tell: what is undecided or unanswered, and what shared lines have left."""
    async with as_service(tx):
        undecided = (await tx.execute(progress.undecided_of(calls))).scalars().all()
        unanswered = (await tx.execute(progress.unanswered_tracks(fiscal_year))).scalars().all()
        left = await _left(tx, fiscal_year)
    shared = {key: left_won for key, left_won in left.items() if key[2] is None}
    return frozenset(undecided), frozenset(unanswered), shared


async def _left(tx: Transaction, fiscal_year: int) -> dict[tuple[str, str, str | None], int]:
    left: Counter[tuple[str, str, str | None]] = Counter()
    for row in await tx.execute(lines_of_year(fiscal_year)):
        left[row.track, row.source, row.municipality_code] += row.left_won
    return dict(left)


async def _shares(tx: Transaction, calls: Collection[UUID]) -> dict[tuple[UUID, str], dict[str, int]]:
    row = CallShareRow
    found: dict[tuple[UUID, str], dict[str, int]] = defaultdict(dict)
    statement = select(row.call_id, row.type_code, row.source, row.share_won).where(row.call_id.in_(calls))
    for call_id, type_code, source, share_won in await tx.execute(statement):
        found[call_id, type_code][source] = share_won
    return found


def _around(line: SeatLine, known: _Known) -> Surroundings:
    shares = known.shares_won.get((line.call_id, line.type_code), {})
    return Surroundings(
        reserves=known.reserves[line.place],
        call_under_way=(line.track, line.municipality_code) in known.under_way,
        unanswered=line.track in known.unanswered,
        shares_won=shares,
        left_won={
            source: known.left_won.get((line.track, source, domain.payer_of(source, line)), 0) for source in shares
        },
    )


def _line(
    unused: Unused, around: Surroundings, closed: Sequence[ClosedBecause], known: _Known, today: date, by: Principal
) -> UnusedSeatLine:
    line, lapses_on = unused.line, domain.last_day(known.fiscal_year)
    money = [
        SeatMoney(
            source=source,
            municipality_code=payer,
            left_won=left_won,
            share_won=around.shares_won.get(source),
            lapses_on=lapses_on,
            days_left=(lapses_on - today).days,
        )
        for (track, source, payer), left_won in sorted(known.shown_won.items(), key=_in_order)
        if track == line.track and payer in {None, line.municipality_code}
    ]
    return UnusedSeatLine(
        call_id=line.call_id,
        track=line.track,
        fiscal_year=known.fiscal_year,
        type_code=line.type_code,
        municipality_code=line.municipality_code,
        seats=line.seats,
        held=line.held,
        unused=unused.unused,
        offered_again=unused.offered_again,
        reserves=line.reserves,
        fundable=min(unused.left, around.fundable),
        money=money,
        actions=[] if closed else [draft_action(unused, around, known.fiscal_year, by)],
        closed_actions=[closed_action(closed)] if closed else [],
    )


def _in_order(money: tuple[tuple[str, str, str | None], int]) -> tuple[bool, str]:
    (_, source, payer), _ = money
    return payer is None, source


async def _numbers(tx: Transaction, counted: Select[*tuple[Any, ...]]) -> dict[tuple[UUID, str, str], int]:
    """A number by call, type and municipality."""
    return {(call_id, type_code, place): number for type_code, place, number, call_id in await tx.execute(counted)}
