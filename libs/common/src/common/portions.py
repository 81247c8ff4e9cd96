"""Long lists of the past by part: what has been does not change, so that a part of a list is a number and its size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

MOST_ROWS = 1_000
MOST_PARTS = 100_000


@dataclass(frozen=True, slots=True)
class Portion:
    """Which rows of each list an answer holds: the first part unless another is asked for."""

    number: int = 1
    size: int = MOST_ROWS

    @property
    def skipped(self) -> int:
        """How many rows stand before it."""
        return (self.number - 1) * self.size

    def of(self, statement: Select[Any]) -> Select[Any]:
        """The rows of this part, and one more where the list goes on; the statement has an order."""
        return statement.offset(self.skipped).limit(self.size + 1)

    def shown(self, lists: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """The lists without that one more, and under `more` the names of those that go on."""
        cut = {name: list(rows[: self.size]) for name, rows in lists.items()}
        return {**cut, "more": sorted(name for name, rows in lists.items() if len(rows) > self.size)}
