"""The counter of a line's places, and who comes next when one is given back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from applicant.selections.domain.budgets import NeedWon, Shortage, shortage
from applicant.selections.domain.ranking import Line
from common.errors import RuleRefused, Text


@dataclass(frozen=True, slots=True)
class Places:
    """The counter of one line: `vacated` places were taken once, were given back, and wait for a reserve."""

    line: Line
    seats: int
    taken: int
    vacated: int = 0


@dataclass(frozen=True, slots=True)
class Reserve:
    """A waiting case in its line's order, with its estimated need and the budget it was last passed over for.

    `rank` is its place among all cases of its call, whatever their line; who came back by an objection is before all.
    """

    line: Line
    application_id: UUID
    company_id: UUID
    total_cost_won: int
    reserve_order: int
    need_won: NeedWon
    rank: int
    passed_over_for: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A reserve passed over for one place, because a budget could not bear it."""

    application_id: UUID
    shortage: Shortage


class NoPlaceLeft(RuleRefused):
    """Every place of the line is taken."""

    code = "no-place-left"
    title = Text("남은 자리가 없습니다", "No place is left")
    detail = Text(
        "{municipality_code}의 {type_code} 자리 {seats}개가 모두 찼습니다.",
        "All {seats} places of {type_code} in {municipality_code} are taken.",
    )


def best_first(reserves: Iterable[Reserve]) -> list[Reserve]:
    """The order in which reserves are looked at: that of the ranking, as for the first places of all."""
    return sorted(reserves, key=lambda each: each.rank)


def next_fundable(
    waiting: Iterator[Reserve], places: Mapping[Line, Places], left: NeedWon
) -> tuple[Reserve | None, list[Skipped]]:
    """The next waiting reserve whose line has a place and that what is left can bear, and whom it passes over for what.

    Whoever is passed over is so for good: places and money only become fewer while places are being filled.
    """
    skipped: list[Skipped] = []
    for reserve in waiting:
        if not places[reserve.line].vacated:
            continue
        short = shortage(reserve.need_won, left)
        if short is None:
            return reserve, skipped
        skipped.append(Skipped(reserve.application_id, short))
    return None, skipped


def take_place(places: Places) -> Places:
    """Take a place that somebody has given back; raises NoPlaceLeft."""
    if places.taken >= places.seats or not places.vacated:
        raise NoPlaceLeft(
            seats=places.seats, type_code=places.line.type_code, municipality_code=places.line.municipality_code
        )
    return replace(places, taken=places.taken + 1, vacated=places.vacated - 1)


def take_any_place(places: Places) -> Places | None:
    """Take a place that nobody had, or one that was given back; none where all are taken."""
    if places.taken + places.vacated < places.seats:
        return replace(places, taken=places.taken + 1)
    return take_place(places) if places.vacated else None


def vacate_place(places: Places) -> Places:
    """Give a place back, for the next reserve."""
    return replace(places, taken=places.taken - 1, vacated=places.vacated + 1)
