"""Small numbers stay hidden: what of a table by municipality may be shown to everybody.

A cell under the minimum could point at one firm, and so could the difference between the total and the shown cells. So
hidden cells are at least two, and together they too reach the minimum (domain.md section 4, cell suppression).
"""

from collections.abc import Collection, Mapping

_FEWEST_HIDDEN = 2


def suppress(counts: Mapping[str, int], *, minimum: int, apart: Collection[str] = ()) -> dict[str, int | None]:
    """Replace by None every count below the minimum, and as many of the next smallest as keep those underivable.

    Those `apart` are hidden too, whatever they count: what another table tells beside them would leave few. Such a one
    may be large, so those hidden with it reach the minimum without it: of an empty place it is known elsewhere that
    nobody is there, and that one hides nothing.
    """
    ascending = sorted(counts, key=lambda place: (counts[place], place))
    hidden = [place for place in ascending if counts[place] < minimum or place in apart]
    if hidden:
        largest = max((counts[place] for place in hidden if place in apart), default=0)
        for place in [place for place in ascending if place not in hidden]:
            if len(hidden) >= _FEWEST_HIDDEN and sum(counts[item] for item in hidden) - largest >= minimum:
                break
            hidden.append(place)
    return {place: None if place in hidden else count for place, count in counts.items()}


def suppress_total(total: int, *, minimum: int) -> int | None:
    """Replace a total below the minimum by None: it is a small cell itself."""
    return None if total < minimum else total
