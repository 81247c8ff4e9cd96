"""One drill at work: how large it is, and each figure it measured beside the limit that it must keep."""

import operator
import re
from dataclasses import dataclass, field
from typing import Literal, TypeVar

Size = Literal["ci", "full"]
_Amount = TypeVar("_Amount")

_LIMIT = re.compile(r"(?P<operator>==|<=|>=|<|>) (?P<number>-?[\d_]+(\.\d+)?)")
_COMPARE = {"==": operator.eq, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; without a limit it only informs."""

    name: str
    value: float
    unit: str
    limit: str

    @property
    def kept(self) -> bool:
        """Whether the value is within its limit."""
        return not self.limit or _within(self.value, self.limit)


@dataclass(slots=True)
class Drill:
    """What a drill is given: `scale` says how much to do, `figure` notes what came of it and fails beyond a limit."""

    size: Size
    figures: list[Figure] = field(default_factory=list)

    def scale(self, *, ci: _Amount, full: _Amount) -> _Amount:
        """The amount for this size of run: a short slice for each change, or the whole."""
        return full if self.size == "full" else ci

    def figure(self, name: str, value: float, *, unit: str = "", limit: str = "") -> None:
        """Note a figure; `limit` is an operator and a number, such as `== 0` or `<= 60`, in the figure's unit."""
        figure = Figure(name, value, unit, limit)
        self.figures.append(figure)
        assert figure.kept, f"{name}: {value:g} {unit} is not {limit}"


def _within(value: float, limit: str) -> bool:
    found = _LIMIT.fullmatch(limit)
    if found is None:
        raise ValueError(f"a limit reads like `<= 60`, not {limit!r}")
    return bool(_COMPARE[found["operator"]](value, float(found["number"])))
