"""The fourteen municipalities as tiles that stand about where they lie, and how strongly each is coloured."""

from collections.abc import Mapping
from dataclasses import dataclass

_ROWS = (
    ("52130", "52140", "52710", "52720", "52730"),
    ("52800", "52210", "52110", "52750", "52740"),
    ("52790", "52180", "52770", "52190"),
)
"""From west to east, from north to south: the order of reading. Where a tile stands is drawn by the stylesheet."""
_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Tile:
    """One municipality: its count, None where that is withheld, and its level of colour from 0 to 4."""

    code: str
    count: int | None
    level: int


def tiles(counts: Mapping[str, int | None]) -> list[Tile]:
    """All fourteen, also those without a count; the largest count has the strongest colour."""
    largest = max((count for count in counts.values() if count), default=0)
    return [_tile(code, counts.get(code), largest) for row in _ROWS for code in row]


def _tile(code: str, count: int | None, largest: int) -> Tile:
    return Tile(code, count, -(-count * _LEVELS // largest) if count else 0)
