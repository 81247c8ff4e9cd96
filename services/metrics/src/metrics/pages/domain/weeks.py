"""The geometry of a calendar of weeks: whole numbers of a drawing 1,000 wide, as for other charts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.pages.domain.charts import WIDTH

_MONTH = 31
_ROOM_FOR_A_NAME = 90


@dataclass(frozen=True, slots=True)
class Part:
    """Where something stands on the axis, and how wide it is."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Month:
    """Where a month begins on the axis; `named` says whether there is room to write which."""

    x: int
    first: date
    named: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """Days from `first` until before `ends_before`."""

    first: date
    ends_before: date

    def part(self, first: date, ends_before: date) -> Part:
        """These days, as far as the axis has them."""
        left, right = self._at(max(first, self.first)), self._at(min(ends_before, self.ends_before))
        return Part(left, max(0, right - left))

    def tick(self, day: date) -> int | None:
        """Where a day begins; none beyond the axis."""
        return self._at(day) if self.first <= day < self.ends_before else None

    @property
    def months(self) -> Iterator[Month]:
        """The months that begin on the axis."""
        first = _next_month(self.first - timedelta(days=1))
        while first < self.ends_before:
            x = self._at(first)
            yield Month(x, first, x <= WIDTH - _ROOM_FOR_A_NAME)
            first = _next_month(first)

    def _at(self, day: date) -> int:
        return (day - self.first).days * WIDTH // (self.ends_before - self.first).days


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=_MONTH)).replace(day=1)
