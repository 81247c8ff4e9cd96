"""What another call would have decided about a past cohort: who gains a place, who loses one, and what is left.

Plans and scores stay as they were; seats, pass mark, tie order, rates, caps and budgets are the other call's. A plan of
a type that the other call does not have is ranked nowhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from applicant.selections.domain.budgets import NeedWon, minus
from applicant.selections.domain.decision import IN_ONE_ANSWER_MOST
from applicant.selections.domain.ranking import Outcome, Placement
from common.errors import RuleRefused, Text


class Change(StrEnum):
    """What the other call would have meant for a plan."""

    GAINS = "GAINS"
    LOSES = "LOSES"
    KEEPS = "KEEPS"
    STAYS_OUT = "STAYS_OUT"


class PastCallUndecided(RuleRefused):
    """A cohort can be ranked anew only after it was decided once."""

    code = "past-call-undecided"
    title = Text("선정이 결정되지 않은 공고입니다", "The past call is not decided")
    detail = Text(
        "비교하려면 선정이 결정된 공고를 고르세요. 바뀐 것은 없습니다.",
        "Choose a call whose selection was decided. Nothing was changed.",
    )


class TooManyChanges(RuleRefused):
    """One answer cannot hold every case that changes: both calls have places for thousands."""

    code = "what-if-too-large"
    title = Text("한 번의 응답에 담기에는 바뀌는 신청이 많습니다", "Too many changes for one answer")
    detail = Text(
        "결과가 바뀌는 신청 {count}건은 한 번의 응답에 담을 수 없습니다(최대 {most}건). 바뀐 것은 없습니다. "
        "with_cases=false 로 요청하면 건수와 남는 예산을 볼 수 있습니다.",
        "{count} cases that change do not fit into one answer, {most} are the most. Nothing was changed. "
        "Ask with with_cases=false for the counts and what is left.",
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One plan then and under the other call; `needs_won` is public money, and `after` is None without its type."""

    before: Placement
    after: Placement | None

    @property
    def change(self) -> Change:
        then, now = _has_place(self.before), _has_place(self.after)
        if then:
            return Change.KEEPS if now else Change.LOSES
        return Change.GAINS if now else Change.STAYS_OUT


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Every plan of the cohort, best first, and what each budget has left when all places are paid."""

    cases: Sequence[Compared]
    left_before_won: NeedWon
    left_after_won: NeedWon

    @property
    def changed(self) -> Sequence[Compared]:
        """Who gains or loses: at most as many as both calls have places, however many apply."""
        return [case for case in self.cases if case.change in {Change.GAINS, Change.LOSES}]

    @property
    def counts(self) -> Mapping[Change, int]:
        """How many plans changed in which way."""
        return Counter(case.change for case in self.cases)


def check_fits(changed: Sequence[Compared]) -> None:
    """Refuse to put more cases into one answer than it can hold."""
    if len(changed) > IN_ONE_ANSWER_MOST:
        raise TooManyChanges(count=len(changed), most=IN_ONE_ANSWER_MOST)


def compare(before: Sequence[Placement], after: Sequence[Placement], *, had_won: NeedWon, has_won: NeedWon) -> WhatIf:
    """Put both rankings side by side; `had_won` and `has_won` are the budgets before anybody was placed."""
    anew: dict[UUID, Placement] = {placement.case.application_id: placement for placement in after}
    cases = [Compared(placement, anew.get(placement.case.application_id)) for placement in before]
    return WhatIf(cases, _left(before, had_won), _left(after, has_won))


def _left(placements: Sequence[Placement], budgets: NeedWon) -> NeedWon:
    left = dict(budgets)
    for placement in placements:
        if _has_place(placement):
            left = minus(left, placement.case.need_won)
    return left


def _has_place(placement: Placement | None) -> bool:
    return placement is not None and placement.outcome is Outcome.SELECTED
