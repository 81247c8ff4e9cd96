"""A matching rule: what each misfit between a team and a project costs, and how far apart municipalities are.

Costs are whole points without a unit; only their ratios matter. Every version names where its values come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from common.errors import InvalidInput, NotFound, RuleRefused, Text
from contracts.types import MUNICIPALITIES


class MatchingRuleUnknown(NotFound):
    """There is no such version."""

    code = "matching-rule-unknown"
    title = Text("매칭 규칙을 찾을 수 없습니다", "No such matching rule")
    detail = Text("매칭 규칙의 판을 확인해 주세요.", "Check the version of the matching rule.")


class MatchingRuleExists(RuleRefused):
    """A version is never changed, since plans rest on it."""

    code = "matching-rule-exists"
    title = Text("이미 있는 매칭 규칙입니다", "This matching rule already exists")
    detail = Text(
        "이 판의 매칭 규칙은 이미 있으며 바꿀 수 없습니다. 새 판으로 등록해 주세요.",
        "A rule of this version exists and is never changed. Record a new version.",
    )


class DistancesIncomplete(InvalidInput):
    """Each two of the fourteen municipalities have one distance."""

    code = "distances-incomplete"
    title = Text("시·군 사이의 거리가 빠졌거나 겹칩니다", "Distances are missing or named twice")
    detail = Text(
        "서로 다른 두 시·군마다 거리를 한 번씩 적어야 합니다. {pair}을(를) 확인해 주세요. 저장된 것은 없습니다.",
        "Each two municipalities need one distance. See {pair}. Nothing was stored.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Points for one unit of each misfit."""

    missing_process: int
    missing_technology: int
    unknown_division: int
    distance_km: int
    surplus_week: int
    week_of_waiting: int
    further_rotation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingRule:
    """One version. `distances_km` is by the pair of codes, the lower first; Samsung answers within `answer_days`."""

    version: str
    weights: Weights
    distances_km: Mapping[str, int]
    answer_days: int
    source_note: str
    recorded_by: str
    recorded_at: datetime

    def distance_km(self, one: str, other: str) -> int:
        """How far two municipalities are apart; nothing within one."""
        return 0 if one == other else self.distances_km[pair_of(one, other)]


def pair_of(one: str, other: str) -> str:
    """Two municipalities, whichever is named first."""
    return "-".join(sorted((one, other)))


def check_distances(given: list[tuple[str, str, int]]) -> dict[str, int]:
    """The distances by pair; raises DistancesIncomplete for one that is missing, unknown or named twice."""
    wanted = {pair_of(one.code, other.code) for one, other in combinations(MUNICIPALITIES, 2)}
    found: dict[str, int] = {}
    for one, other, km in given:
        pair = pair_of(one, other)
        if pair in found or pair not in wanted:
            raise DistancesIncomplete(pair=pair, field="/distances")
        found[pair] = km
    for pair in sorted(wanted - found.keys()):
        raise DistancesIncomplete(pair=pair, field="/distances")
    return dict(sorted(found.items()))
