"""What is open on a day in Korea: which reports are due, which seats nobody holds, and whether to offer them again.

An extra call is offered only where it could be given: nobody waits for the seats, nothing of the municipality is still
being decided, and every source has money for one project at least. It is an offer: people draft, and others publish.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.types import Source

KST = ZoneInfo("Asia/Seoul")
_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class TodayRule:
    """A version of what a day shows."""

    version: str
    valid_from: date
    note: str
    due_soon_days: int
    due_soon_source: str


class ActionCode(StrEnum):
    """What can be done about something that is open."""

    REPORT_SETTLEMENT = "REPORT_SETTLEMENT"
    DRAFT_EXTRA_CALL = "DRAFT_EXTRA_CALL"


class ClosedBecause(StrEnum):
    """Why no extra call is offered for seats that nobody holds."""

    OFFERED_AGAIN = "OFFERED_AGAIN"
    CALL_UNDER_WAY = "CALL_UNDER_WAY"
    RESERVES_WAIT = "RESERVES_WAIT"
    FUNDING_NOT_ANSWERED = "FUNDING_NOT_ANSWERED"
    SHARES_UNKNOWN = "SHARES_UNKNOWN"
    NO_MONEY = "NO_MONEY"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one source pays of a project's cost by a call; capped sources share the type's cap between them."""

    source: str
    rate_bp: int
    capped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLine:
    """One type's places of one municipality in one call, how many are held, and how many reserves wait for one."""

    call_id: UUID
    track: str
    closes_at: datetime
    decided: bool
    type_code: str
    municipality_code: str
    seats: int
    held: int
    reserves: int

    @property
    def place(self) -> tuple[str, str, str]:
        """Within which a seat can be offered again: the same track, type and municipality."""
        return self.track, self.type_code, self.municipality_code


@dataclass(slots=True)
class Unused:
    """A line's seats that nobody holds; `offered_again` of them are in a later call."""

    line: SeatLine
    unused: int
    offered_again: int = 0

    @property
    def left(self) -> int:
        """Those that no call offers."""
        return self.unused - self.offered_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What decides about an extra call besides the line itself."""

    reserves: int
    call_under_way: bool
    unanswered: bool
    shares_won: Mapping[str, int]
    left_won: Mapping[str, int]

    @property
    def fundable(self) -> int:
        """For how many projects every source has a full share."""
        return min(
            (max(0, self.left_won.get(source, 0)) // share for source, share in self.shares_won.items() if share),
            default=0,
        )


def today_of(now: datetime) -> date:
    """The day in Korea."""
    return now.astimezone(KST).date()


def last_day(fiscal_year: int) -> date:
    """The last day on which a year's money can be committed; the fiscal year is the calendar's in Korea."""
    return date(fiscal_year, 12, 31)


def payer_of(source: str, line: SeatLine) -> str | None:
    """Whose budget pays a source's share of these seats, if it is one municipality's."""
    return line.municipality_code if source == Source.MUNICIPALITY else None


def full_shares(cap_won: int, rates: Collection[Rate]) -> dict[str, int]:
    """What each source pays for a project that reaches its type's cap (rules F-01, F-02); nothing without a cap.

    No project takes more of a capped source. A source without a cap pays this much where the cap begins to bite.
    """
    capped_bp = sum(rate.rate_bp for rate in rates if rate.capped)
    if not capped_bp:
        return {}
    cost_won = cap_won * _WHOLE_BP // capped_bp
    return {
        rate.source: cap_won * rate.rate_bp // capped_bp if rate.capped else cost_won * rate.rate_bp // _WHOLE_BP
        for rate in rates
    }


def unused_seats(lines: Iterable[SeatLine]) -> list[Unused]:
    """Lines of decided calls with seats that nobody holds.

    A later call of the same place offers the earlier calls' seats again, the oldest first, whether it is decided or
    not: what nobody takes of it then is its own.
    """
    found: list[Unused] = []
    of_place: dict[tuple[str, str, str], list[Unused]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: (each.closes_at, each.call_id)):
        earlier, again = of_place[line.place], line.seats
        for unused in earlier:
            taken = min(unused.left, again)
            unused.offered_again += taken
            again -= taken
        if line.decided and line.seats > line.held:
            earlier.append(Unused(line, line.seats - line.held))
            found.append(earlier[-1])
    return found


def closed_because(unused: Unused, around: Surroundings) -> list[ClosedBecause]:
    """Every reason against an extra call for these seats; none if it is offered."""
    reasons = (
        (ClosedBecause.OFFERED_AGAIN, not unused.left),
        (ClosedBecause.CALL_UNDER_WAY, around.call_under_way),
        (ClosedBecause.RESERVES_WAIT, around.reserves > 0),
        (ClosedBecause.FUNDING_NOT_ANSWERED, around.unanswered),
        (ClosedBecause.SHARES_UNKNOWN, not around.shares_won),
        (ClosedBecause.NO_MONEY, bool(around.shares_won) and not around.fundable),
    )
    return [reason for reason, holds in reasons if holds]
