"""What every step of a season works with: its scenario, its cast, the way into the system, and the clock."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from smartfactory.scenarios.firms import Cast
from smartfactory.scenarios.model import Scenario
from smartfactory.scenarios.parts import Given
from smartfactory.season.options import SeasonOptions
from smartfactory.season.origin import Origin, for_each
from smartfactory.season.telling import Telling

Item = TypeVar("Item")

_SECONDS_A_CASE = 0.1


@dataclass(frozen=True, slots=True)
class Stage:
    """One season under way."""

    options: SeasonOptions
    scenario: Scenario
    cast: Cast
    origin: Origin
    telling: Telling

    @property
    def patience_seconds(self) -> float:
        """How long one answer of a worker may take: in a large season it stands behind those of all other cases."""
        return self.options.settle_deadline_seconds + _SECONDS_A_CASE * len(self.cast.applications)

    async def play(
        self, at: Given[datetime], what: str, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]
    ) -> None:
        """Move programme time there and do one step for every item, telling how far it has come."""
        self.options.move_clock(at.value)
        everything: Sequence[Item] = list(items)
        with self.telling.step(at.value, what, len(everything)) as advance:

            async def one(item: Item) -> None:
                await work(item)
                advance()

            await for_each(everything, one, at_once=self.options.concurrency)
