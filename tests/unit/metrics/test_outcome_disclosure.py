"""What is shown to everybody, attacked by subtraction: within a table, against its total, and between tables.

The attacker knows every firm's municipality, track and type, adds and subtracts shown cells as often as it likes, and
must not learn the number, or any sum, of fewer firms than the minimum.
"""

from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from metrics.outcomes.domain.disclosure import TOTAL, Cell, Member, gives_away, hidden_cells

MINIMUM = 5
_places = st.sampled_from(["52110", "52130", "52140", "52710", "52720", "52730"])
_firm = st.tuples(_places, st.sampled_from("AAB"), st.sampled_from(["JS1", "JS1", "JS2", "JS3"]), st.booleans())
firms = st.lists(_firm, max_size=70)


def member(place: str, track: str = "B", kind: str = "JS1", *, valid: bool = True) -> Member:
    return Member((("MUNICIPALITY", place), ("TRACK", track), ("TYPE", kind)), (1, int(valid)))


def cells_of(members: list[Member]) -> list[Cell]:
    return [TOTAL, *sorted({cell for each in members for cell in each.cells})]


def shown_of(members: list[Member]) -> list[Cell]:
    cells = cells_of(members)
    hidden = hidden_cells(members, cells, minimum=MINIMUM)
    return [cell for cell in cells if cell not in hidden]


def inside(each: Member, cells: tuple[Cell, ...]) -> bool:
    return all(cell == TOTAL or cell in each.cells for cell in cells)


def rank(vectors: list[list[int]]) -> int:
    """By elimination in fractions, apart from the arithmetic that is examined here."""
    rows, done = [[Fraction(number) for number in vector] for vector in vectors], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((at for at in range(done, len(rows)) if rows[at][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        for at in range(done + 1, len(rows)):
            factor = rows[at][column] / rows[done][column]
            rows[at] = [a - factor * b for a, b in zip(rows[at], rows[done], strict=True)] if factor else rows[at]
        done += 1
    return done


def secrets_worked_out(members: list[Member], shown: list[Cell]) -> list[tuple[Cell, ...]]:
    """The small cells of any table that follow from the shown ones: adding them to those tells nothing new."""
    kinds = sorted({each.cells for each in members})
    known = [[int(all(cell == TOTAL or cell in kind for cell in [one])) for kind in kinds] for one in shown]
    before, found = rank(known), []
    for wanted in sorted({chosen for kind in kinds for size in (1, 2, 3) for chosen in combinations(kind, size)}):
        counts = [sum(each.counts[at] for each in members if inside(each, wanted)) for at in (0, 1)]
        if any(0 < count < MINIMUM for count in counts):
            target = [int(all(cell in kind for cell in wanted)) for kind in kinds]
            if rank([*known, target]) == before:
                found.append(wanted)
    return found


@given(firms)
def test_no_sum_or_difference_of_shown_cells_gives_a_small_one(drawn: list[tuple[str, str, str, bool]]) -> None:
    members = [member(place, track, kind, valid=valid) for place, track, kind, valid in drawn]
    shown = shown_of(members)
    for cell in shown:
        assert all(sum(each.counts[at] for each in members if inside(each, (cell,))) >= MINIMUM for at in (0, 1))
    assert secrets_worked_out(members, shown) == []
    for whole in shown:
        for part in shown:
            more = [each for each in members if inside(each, (whole,)) and not inside(each, (part,))]
            less = [each for each in members if inside(each, (part,)) and not inside(each, (whole,))]
            assert less or not 0 < len(more) < MINIMUM, (whole, part)


def test_a_county_alone_under_the_minimum_takes_the_next_smallest_with_it() -> None:
    members = [member("52110")] * 30 + [member("52130")] * 9 + [member("52710")] * 4
    hidden = hidden_cells(members, cells_of(members), minimum=MINIMUM)
    assert hidden >= {("MUNICIPALITY", "52710"), ("MUNICIPALITY", "52130")}
    assert ("MUNICIPALITY", "52110") not in hidden


def test_two_tables_that_are_safe_alone_and_not_together() -> None:
    """All of Gunsan is track A, and two firms of track A are elsewhere: A less Gunsan would be those two."""
    members = [member("52110", "B")] * 20 + [member("52110", "A")] * 2 + [member("52130", "A")] * 10
    cells = cells_of(members)
    assert gives_away(members, cells, minimum=MINIMUM), "shown whole, the two are told"
    assert secrets_worked_out(members, cells) != [], "which the examiner's own arithmetic finds too"
    shown = shown_of(members)
    assert ("MUNICIPALITY", "52130") in shown, "the earlier table is kept"
    assert ("TRACK", "A") not in shown
    assert ("TRACK", "B") not in shown


def test_places_with_nobody_take_nobody_with_them() -> None:
    members = [member("52110")] * 30 + [member("52130")] * 9
    cells = [*cells_of(members), ("MUNICIPALITY", "52730")]
    assert hidden_cells(members, cells, minimum=MINIMUM) == {("MUNICIPALITY", "52730")}


def test_what_is_hidden_for_another_count_stays_hidden() -> None:
    members = [member("52110")] * 30 + [member("52130")] * 9 + [member("52140")] * 9
    forced = {("MUNICIPALITY", "52130")}
    hidden = hidden_cells(members, cells_of(members), minimum=MINIMUM, forced=forced)
    assert hidden >= {("MUNICIPALITY", "52130"), ("MUNICIPALITY", "52140")}


def test_a_small_total_hides_everything() -> None:
    members = [member("52110")] * 4
    assert hidden_cells(members, cells_of(members), minimum=MINIMUM) == set(cells_of(members))
    assert hidden_cells([], [TOTAL], minimum=MINIMUM) == {TOTAL}
