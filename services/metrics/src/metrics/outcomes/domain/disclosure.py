"""What of the tables may be shown to everybody, so that no subtraction between them gives a small cell away.

All tables are sums over the same firms. A cell under the minimum is hidden, and as many of the next smallest as keep
it underivable within its table and the total: at least two cells, together at least the minimum (progress does the
same). Then the tables are attacked as a reader would who knows every firm's place, track and type: whatever a sum or
difference of shown cells gives must be the minimum or more, else the smallest shown cells of the later table go too.
Linear algebra finds all such combinations, however long: a cell can be worked out exactly if its indicator lies in the
span of the shown ones, which is so if it stands at right angles to whatever stands so to all of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Cell = tuple[str, str]
"""A table's dimension and the value in it: `("MUNICIPALITY", "52110")`."""

TOTAL: Cell = ("TOTAL", "")

_FEWEST_HIDDEN = 2
_PRIME = 2**61 - 1
"""Whole numbers modulo a large prime stand for fractions: what can be worked out with those can be with these."""

_GENERATOR = 37


@dataclass(frozen=True, slots=True)
class Member:
    """One firm in all tables: its cell in each, and what it adds to each of the counts that are told."""

    cells: tuple[Cell, ...]
    counts: tuple[int, ...]


def hidden_cells(
    members: Sequence[Member], cells: Sequence[Cell], *, minimum: int, forced: Iterable[Cell] = ()
) -> set[Cell]:
    """Which of `cells` (the total among them) stay hidden; those of an earlier dimension are kept if any can be."""
    sizes, forced = _sizes(members, cells), set(forced)
    if TOTAL in forced or min(sizes[TOTAL]) < minimum:
        return set(cells)
    hidden: set[Cell] = set()
    shown, attack = [TOTAL], _Attack(members, minimum)
    for dimension in dict.fromkeys(dimension for dimension, _ in cells if dimension != TOTAL[0]):
        table = sorted((cell for cell in cells if cell[0] == dimension), key=lambda cell: (min(sizes[cell]), cell))
        away = _hidden_in_table(table, sizes, forced, minimum)
        kept = [cell for cell in table if cell not in away]
        while kept and attack.succeeds([*shown, *kept]):
            away = _hidden_in_table(table, sizes, {*away, kept[0]}, minimum)
            kept = [cell for cell in table if cell not in away]
        hidden |= away
        shown += kept
    return hidden


def gives_away(members: Sequence[Member], shown: Sequence[Cell], *, minimum: int) -> bool:
    """Whether anything under the minimum can be worked out from the shown cells."""
    return _Attack(members, minimum).succeeds(shown)


class _Attack:
    """All that must not be worked out of one table's firms, tried on the cells that would be shown."""

    def __init__(self, members: Sequence[Member], minimum: int) -> None:
        self._atoms, self._minimum = _atoms(members), minimum
        self._small = [target for target in _lattice(self._atoms) if _is_small(self._atoms, target, minimum)]

    def succeeds(self, shown: Sequence[Cell]) -> bool:
        vectors = [_indicator(self._atoms, [cell]) for cell in shown]
        unseen = _unseen(vectors, len(self._atoms))
        if any(_follows(target, unseen) for target in self._small):
            return True
        # What one shown cell has beyond another is known, however odd a set of firms that is.
        return any(_is_small(self._atoms, rest, self._minimum) for rest in _differences(vectors))


_Atoms = Mapping[tuple[Cell, ...], tuple[int, ...]]
_Vector = tuple[int, ...]


def _sizes(members: Sequence[Member], cells: Sequence[Cell]) -> dict[Cell, tuple[int, ...]]:
    """The counts of each cell."""
    sums = dict.fromkeys(cells, (0,) * (len(members[0].counts) if members else 1))
    for member in members:
        for cell in (TOTAL, *member.cells):
            if cell in sums:
                sums[cell] = _added(sums[cell], member.counts)
    return sums


def _hidden_in_table(
    table: Sequence[Cell], sizes: Mapping[Cell, tuple[int, ...]], hidden: Iterable[Cell], minimum: int
) -> set[Cell]:
    """With the small cells of one table, those that keep them underivable; `table` is in the order of size.

    Where nobody is in any hidden cell there is nothing to work out.
    """
    before = set(hidden)
    away = {cell for cell in table if cell in before or min(sizes[cell]) < minimum}
    for cell in table:
        together = [sum(counts) for counts in zip(*(sizes[each] for each in away), strict=True)]
        enough = len(away) >= _FEWEST_HIDDEN and all(not count or count >= minimum for count in together)
        if enough or not any(together):
            break
        away.add(cell)
    return away


def _added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _atoms(members: Sequence[Member]) -> dict[tuple[Cell, ...], tuple[int, ...]]:
    """Firms in the same cells cannot be told apart: their counts by what they share."""
    found: dict[tuple[Cell, ...], tuple[int, ...]] = {}
    for member in members:
        before = found.get(member.cells, (0,) * len(member.counts))
        found[member.cells] = _added(before, member.counts)
    return found


def _indicator(atoms: _Atoms, cells: Sequence[Cell]) -> _Vector:
    return tuple(int(all(cell == TOTAL or cell in atom for cell in cells)) for atom in atoms)


def _lattice(atoms: _Atoms) -> Iterator[_Vector]:
    """Every cell of every finer table that could be made: of one, two, or all dimensions."""
    wanted = {chosen for atom in atoms for size in range(1, len(atom) + 1) for chosen in combinations(atom, size)}
    for chosen in sorted(wanted):
        yield _indicator(atoms, chosen)


def _differences(vectors: Sequence[_Vector]) -> Iterator[_Vector]:
    """What one shown cell has beyond another that lies within it."""
    for whole in vectors:
        for part in vectors:
            rest = tuple(a - b for a, b in zip(whole, part, strict=True))
            if min(rest, default=-1) >= 0 and any(rest):
                yield rest


def _is_small(atoms: _Atoms, target: _Vector, minimum: int) -> bool:
    inside = [counts for taken, counts in zip(target, atoms.values(), strict=True) if taken]
    return any(0 < sum(counts) < minimum for counts in zip(*inside, strict=True))


def _unseen(vectors: Sequence[_Vector], size: int) -> list[int]:
    """A change of the firms' numbers that no shown cell would show: whatever it leaves alone follows from them.

    It is one of very many, by powers that are as good as drawn by lot: that it leaves anything else alone would be a
    chance of one to the prime, and would hide a cell too many.
    """
    rows = _reduced(vectors)
    leads = {lead for lead, _ in rows}
    change = [0 if place in leads else pow(_GENERATOR, place + 1, _PRIME) for place in range(size)]
    # A later row has nothing at an earlier one's lead: from the last on, each lead follows from what is known.
    for lead, row in reversed(rows):
        change[lead] = -sum(a * b for a, b in zip(row, change, strict=True)) % _PRIME
    return change


def _follows(target: _Vector, unseen: Sequence[int]) -> bool:
    return sum(number for taken, number in zip(target, unseen, strict=True) if taken) % _PRIME == 0


def _reduced(vectors: Sequence[_Vector]) -> list[tuple[int, _Vector]]:
    """The rows in echelon form, each with the place of its leading 1."""
    rows: list[tuple[int, _Vector]] = []
    for vector in vectors:
        rest = vector
        for lead, row in rows:
            factor = rest[lead]
            if factor:
                rest = tuple((a - factor * b) % _PRIME for a, b in zip(rest, row, strict=True))
        lead = next((place for place, number in enumerate(rest) if number), -1)
        if lead >= 0:
            inverse = pow(rest[lead], -1, _PRIME)
            rows.append((lead, tuple(number * inverse % _PRIME for number in rest)))
    return rows
