"""A scenario with more plans than it tells of: `track-b-2024@10000` is its season with ten thousand of them.

Seats, money and calendar stay, so that a large season asks for the same decisions about many more cases.
"""

import msgspec

from common.errors import Text
from smartfactory.scenarios.parts import Given, TypePart
from smartfactory.stack.faults import StackFault

MOST_APPLICATIONS = 99_999
"""What the made-up firms' numbers have room for."""

_MARK = "@"


class ScaleRefused(StackFault):
    """So many plans cannot be made of this scenario."""

    def __init__(self, fewest: int) -> None:
        super().__init__(
            Text(
                f"신청 건수는 시나리오의 {fewest:,}건부터 {MOST_APPLICATIONS:,}건까지 정할 수 있습니다.",
                f"A season has between {fewest:,} applications, the scenario's own, and {MOST_APPLICATIONS:,}.",
            ),
            Text("--applications를 확인해 주세요.", "Check --applications."),
        )


def scaled_name(name: str, applications: int | None) -> str:
    """The name of a scenario with so many plans; without a number it is its own."""
    return name if applications is None else f"{name}{_MARK}{applications}"


def split_name(name: str) -> tuple[str, int | None]:
    """The scenario's own name, and how many plans it is to have; a mark without a number belongs to the name."""
    own, _, number = name.rpartition(_MARK)
    return (own, int(number)) if own and number.isascii() and number.isdecimal() else (name, None)


def scaled(types: dict[str, TypePart], applications: int) -> dict[str, TypePart]:
    """So many plans in all, by type and municipality in the scenario's proportions; raises ScaleRefused.

    Each place gets the whole part of its share, and the largest remainders get one more.
    """
    before = {(name, code): plans for name, part in types.items() for code, plans in part.plans.value.items()}
    own = sum(before.values())
    if not own <= applications <= MOST_APPLICATIONS:
        raise ScaleRefused(own)
    after = {place: plans * applications // own for place, plans in before.items()}
    by_remainder = sorted(before, key=lambda place: (-(before[place] * applications % own), place))
    for place in by_remainder[: applications - sum(after.values())]:
        after[place] += 1
    return {
        name: msgspec.structs.replace(
            part,
            plans=_assumed({code: after[name, code] for code in part.plans.value}, applications),
            plans_total=_assumed(sum(after[name, code] for code in part.plans.value), applications),
        )
        for name, part in types.items()
    }


def _assumed(value: object, applications: int) -> Given:  # type: ignore[type-arg]
    return Given(value=value, source="assumed", why=f"the scenario's proportions, {applications:,} in all")
