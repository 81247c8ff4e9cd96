"""What every step of a season works with: its scenario, its cast, the way into the system, and the clock."""

from bisect import insort
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from smartfactory.scenarios.firms import Cast
from smartfactory.scenarios.model import Scenario
from smartfactory.scenarios.parts import Given
from smartfactory.season import lapsing, people
from smartfactory.season.options import SeasonOptions
from smartfactory.season.origin import Origin, for_each, until
from smartfactory.season.telling import Telling

Item = TypeVar("Item")

_SECONDS_A_CASE = 0.1


@dataclass(frozen=True, slots=True)
class Noted:
    """Something with a day of its own, for so many items."""

    at: datetime
    what: str
    items: Sequence[Any]
    work: Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One season under way."""

    options: SeasonOptions
    scenario: Scenario
    cast: Cast
    origin: Origin
    telling: Telling
    agenda: list[Noted] = field(default_factory=list)
    """In the order of time."""

    @property
    def patience_seconds(self) -> float:
        """How long one answer of a worker may take: in a large season it stands behind those of all other cases."""
        return self.options.settle_deadline_seconds + _SECONDS_A_CASE * len(self.cast.applications)

    @property
    def ends_at(self) -> Given[datetime]:
        """When the last of it is done, as far as its scenario goes."""
        building, closing = self.scenario.building, self.scenario.closing
        if building is None:
            return self.scenario.calendar.first_releases_ordered_at
        return closing.late.confirmed_at if closing else building.completed_late_at

    def note(self, at: datetime, what: str, items: Sequence[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """Have something done once the season's time comes past that moment, between whatever the season does then."""
        insort(self.agenda, Noted(at, what, items, work), key=lambda noted: noted.at)

    async def play(
        self,
        at: Given[datetime],
        what: str,
        items: Iterable[Item],
        work: Callable[[Item], Awaitable[None]],
        *,
        in_turn: bool = False,
    ) -> None:
        """Move programme time there, past what is noted till then, and do one step for every item.

        One after the other (`in_turn`) where the order in which things are made decides something later.
        """
        while self.agenda and self.agenda[0].at < at.value:
            noted = self.agenda.pop(0)
            await self._step(noted.at, noted.what, noted.items, noted.work)
        await self._step(at.value, what, list(items), work, at_once=1 if in_turn else None)

    async def _step(
        self,
        at: datetime,
        what: str,
        items: Sequence[Item],
        work: Callable[[Item], Awaitable[None]],
        *,
        at_once: int | None = None,
    ) -> None:
        """Do one step for every item at that time, telling how far it has come."""
        self.options.move_clock(at)
        await until(self._deadlines_are_worked, what="every deadline", deadline_seconds=self.patience_seconds)
        await self._lines_are_looked_at(at)
        with self.telling.step(at, what, len(items)) as advance:

            async def one(item: Item) -> None:
                await work(item)
                advance()

            await for_each(items, one, at_once=at_once or self.options.concurrency)

    async def _deadlines_are_worked(self) -> bool:
        """Whether the worker has told of all that comes near by now: who acts next would otherwise be told or not."""
        due = await self.origin.get(people.AUDITOR, "/applicant/v1/deadlines", waits_for_worker="true", page_size="1")
        return not due["items"]

    async def _lines_are_looked_at(self, at: datetime) -> None:
        """Wait, near the end of a year, until whoever loses money is told: a worker looks on the day, and not later."""
        closing = self.scenario.closing
        day = lapsing.last_look(closing.lapses_told_at.value, at) if closing else None
        if day is not None:
            what = "warnings of money that lapses"
            await until(lambda: lapsing.all_told(self.origin, day), what=what, deadline_seconds=self.patience_seconds)
