"""Who gets a place: ranking within type x municipality x budget.

A municipality's money can fund only plants in its own area, so there is no global list of winners: each seat line
(type, municipality) fills in order of score, and stops at the first of: its seats, the province's or another shared
budget, that municipality's budget, the pass mark (domain.md section E).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from applicant.selections.domain.budgets import NeedWon, Shortage, minus, shortage
from common.errors import Text


class Outcome(StrEnum):
    """What the province decided for one case."""

    SELECTED = "SELECTED"
    RESERVE = "RESERVE"
    NOT_SELECTED = "NOT_SELECTED"


class TieBreak(StrEnum):
    """What decides between equal scores, in the order the call names them; the application id decides at last."""

    SITE_SCORE = "SITE_SCORE"
    FIRST_TIMER = "FIRST_TIMER"
    EARLIER_SUBMISSION = "EARLIER_SUBMISSION"


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """The places of one type that one municipality funds."""

    type_code: str
    municipality_code: str


@dataclass(frozen=True, slots=True)
class Case:
    """One eligible, scored application with all that decides its place; `need_won` is estimated by the call's rates.

    `sheet_scores` and `dropped_scores` are what `score` was made of.
    """

    application_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    need_won: NeedWon
    score: int
    bonus: int
    site_score: int
    sheet_scores: tuple[int, ...]
    dropped_scores: tuple[int, ...]
    first_timer: bool
    submitted_at: datetime

    @property
    def total_score(self) -> int:
        return self.score + self.bonus

    @property
    def line(self) -> Line:
        return Line(self.type_code, self.municipality_code)


@dataclass(frozen=True, slots=True)
class Rules:
    """The call's own numbers."""

    seats: Mapping[Line, int]
    pass_mark: int
    tie_break: Sequence[TieBreak]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case came out as it did: a code for machines and the sentence for the firm."""

    code: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class Placement:
    """One case's result: its place among all of its line, its outcome, its turn as a reserve, and why."""

    case: Case
    place: int
    outcome: Outcome
    reserve_order: int | None
    reason: Reason


_SELECTED = Text(
    "{seats}개 자리 중 {taken}번째로 선정되었습니다 (점수 {score}, {place}위).",
    "Selected for place {taken} of {seats} (score {score}, rank {place}).",
)
_NO_SEAT = Text(
    "시·군이 지원하는 {seats}개 자리가 모두 찼습니다 (점수 {score}, {place}위). 예비 {reserve_order}번입니다.",
    "All {seats} places that the municipality funds are taken (score {score}, rank {place}). Reserve {reserve_order}.",
)
_NO_BUDGET = Text(
    "예산({budget})이 부족합니다: 필요 {needed_won}원, 잔액 {left_won}원 (점수 {score}, {place}위). "
    "예비 {reserve_order}번입니다.",
    "The budget {budget} is short: {needed_won} won needed, {left_won} won left (score {score}, rank {place}). "
    "Reserve {reserve_order}.",
)
_BELOW_PASS_MARK = Text(
    "평가 점수 {score}점이 합격 기준 {pass_mark}점보다 낮습니다.",
    "The score {score} is below the pass mark {pass_mark}.",
)


def rank(cases: Iterable[Case], rules: Rules, left: NeedWon) -> list[Placement]:
    """Place every case: walk all cases from best to worst, each taking a place of its own line while everything lasts.

    The one walk lets the shared budgets go to the better cases whatever their type or municipality; a line that has
    stopped once takes nobody further down, so nobody is passed over by a lower one of the same line.
    """
    ordered = sorted(cases, key=_order_by(rules.tie_break))
    filling: dict[Line, _Filling] = {}
    placements = []
    for case in ordered:
        line = filling.setdefault(case.line, _Filling(rules.seats.get(case.line, 0)))
        placements.append(line.place(case, rules.pass_mark, left))
        if placements[-1].outcome is Outcome.SELECTED:
            left = minus(left, case.need_won)
    return placements


def points(score: int) -> str:
    """Write hundredths as points: 8734 is `87.34`."""
    return f"{score // 100}.{score % 100:02d}"


class _Filling:
    """One line while it fills."""

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._taken = self._placed = self._reserves = 0
        self._short: Shortage | None = None

    def place(self, case: Case, pass_mark: int, left: NeedWon) -> Placement:
        self._placed += 1
        facts: dict[str, object] = {"score": points(case.total_score), "place": self._placed, "seats": self._seats}
        if case.total_score < pass_mark:
            reason = _because("BELOW_PASS_MARK", _BELOW_PASS_MARK, facts | {"pass_mark": points(pass_mark)})
            return Placement(case, self._placed, Outcome.NOT_SELECTED, None, reason)
        if self._taken < self._seats and self._short is None:
            self._short = shortage(case.need_won, left)
            if self._short is None:
                self._taken += 1
                reason = _because("SELECTED", _SELECTED, facts | {"taken": self._taken})
                return Placement(case, self._placed, Outcome.SELECTED, None, reason)
        self._reserves += 1
        facts["reserve_order"] = self._reserves
        return Placement(case, self._placed, Outcome.RESERVE, self._reserves, self._why_reserve(facts))

    def _why_reserve(self, facts: Mapping[str, object]) -> Reason:
        if self._short is None:
            return _because("SEATS_TAKEN", _NO_SEAT, facts)
        short = self._short
        numbers = {"budget": short.budget, "needed_won": short.needed_won, "left_won": short.left_won}
        return _because("BUDGET_SHORT", _NO_BUDGET, {**facts, **numbers})


def _because(code: str, text: Text, facts: Mapping[str, object]) -> Reason:
    return Reason(code, text.ko.format_map(facts), text.en.format_map(facts))


def _order_by(tie_break: Sequence[TieBreak]) -> Callable[[Case], tuple[object, ...]]:
    keys: dict[TieBreak, Callable[[Case], int | datetime]] = {
        TieBreak.SITE_SCORE: lambda case: -case.site_score,
        TieBreak.FIRST_TIMER: lambda case: 0 if case.first_timer else 1,
        TieBreak.EARLIER_SUBMISSION: lambda case: case.submitted_at,
    }
    chosen = [keys[TieBreak(name)] for name in tie_break]
    return lambda case: (-case.total_score, *(key(case) for key in chosen), case.application_id)
