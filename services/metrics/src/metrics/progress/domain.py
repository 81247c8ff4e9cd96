"""Small numbers stay hidden: what of a table by municipality may be shown to everybody.

A cell under the minimum could point at one firm, and so could the difference between the total and the shown cells. So
hidden cells are at least two, and together they too reach the minimum (domain.md section 4, cell suppression).
"""

from collections.abc import Collection, Mapping, Sequence

_FEWEST_HIDDEN = 2


def suppress(
    counts: Mapping[str, int], *, minimum: int, apart: Collection[str] = (), nobody_in: Collection[str] = ()
) -> dict[str, int | None]:
    """Replace by None every count below the minimum, and as many of the next smallest as keep those underivable.

    Those `apart` are hidden too, whatever they count: what another table tells beside them would leave few. Such a one
    may be large, so those hidden with it reach the minimum without it: of an empty place it is known elsewhere that
    nobody is there, and that one hides nothing.

    In some cells there is nobody of whom anything could be said (`nobody_in`): their zero stays, and covers no other
    cell. Only where all others do not suffice for one that is apart, nothing at all is told.
    """
    nobody = {place for place in nobody_in if place not in apart and counts.get(place) == 0}
    ascending = sorted(counts.keys() - nobody, key=lambda place: (counts[place], place))
    hidden = [place for place in ascending if counts[place] < minimum or place in apart]
    if hidden:
        largest = max((counts[place] for place in hidden if place in apart), default=0)
        for place in [place for place in ascending if place not in hidden]:
            if _cover_each_other([counts[item] for item in hidden], without=largest, minimum=minimum):
                break
            hidden.append(place)
        is_covered = _cover_each_other([counts[item] for item in hidden], without=largest, minimum=minimum)
        if not is_covered and any(place in apart for place in hidden):
            hidden.extend(nobody)
    return {place: None if place in hidden else count for place, count in counts.items()}


def suppress_parts(parts: Mapping[str, int], *, minimum: int) -> dict[str, int | None]:
    """The same for parts of one whole of which every member is in one: every small one is None, and no larger one.

    A zero says of every member that it is not there. It is shown where it says so of nobody, or of the minimum at
    least, and where the small ones cannot be worked out from the whole without it: they are none, or two at least that
    reach the minimum together. Else it is None as well, and any of the hidden parts may be the one with somebody in it.
    """
    small = [count for count in parts.values() if 0 < count < minimum]
    zeros_are_shown = not small or _cover_each_other(small, without=0, minimum=minimum)
    return {
        part: count if count >= minimum or (not count and zeros_are_shown) else None for part, count in parts.items()
    }


def suppress_total(total: int, *, minimum: int) -> int | None:
    """Replace a total below the minimum by None: it is a small cell itself."""
    return None if total < minimum else total


def _cover_each_other(hidden: Sequence[int], *, without: int, minimum: int) -> bool:
    return len(hidden) >= _FEWEST_HIDDEN and sum(hidden) - without >= minimum
