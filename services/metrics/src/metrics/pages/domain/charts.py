"""The geometry of charts: whole numbers of a drawing 1,000 wide, so that a template only writes them down."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a bar: which it is, where it begins and how wide it is."""

    place: int
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of pieces side by side, and the ticks that mark values on it."""

    pieces: tuple[Piece, ...]
    target_x: int
    plan_x: int | None


def gauge_bar(counts: Sequence[int | None], *, target: int, plan: int | None) -> Bar:
    """The counts one after the other against a target; what is withheld has no width."""
    known = [count or 0 for count in counts]
    whole = max(target, sum(known), plan or 0, 1)
    edges = [0]
    for count in known:
        edges.append(edges[-1] + count)
    at = [edge * WIDTH // whole for edge in edges]
    pieces = tuple(Piece(place, at[place], at[place + 1] - at[place]) for place in range(len(known)))
    return Bar(pieces, target * WIDTH // whole, None if plan is None else plan * WIDTH // whole)
