"""Who gets a place: ranking within type x municipality x budget, and the next reserve for a freed place.

A municipality's money can fund only plants in its own area, so there is no global list of winners: each seat line
(type, municipality) fills in order of score, and stops at the first of: its seats, the province's or another shared
budget, that municipality's budget, the pass mark (domain.md section E). Everything here is whole numbers and pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import Text
from contracts.types import Source

_BASIS = 10_000

NeedWon = Mapping[str, int]
"""Won per budget: the key is `budget_key(source, municipality_code)`."""


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


@dataclass(frozen=True, slots=True)
class Rate:
    """What part of the cost a source pays, and whether it stands under the type's cap."""

    source: str
    rate_bp: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One eligible, scored application with all that decides its place."""

    application_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    cap_won: int
    total_score: int
    site_score: int
    first_timer: bool
    submitted_at: datetime

    @property
    def line(self) -> "Line":
        return Line(self.type_code, self.municipality_code)


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """The places of one type that one municipality funds."""

    type_code: str
    municipality_code: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The call's own numbers."""

    seats: Mapping[Line, int]
    rates: Sequence[Rate]
    pass_mark: int
    tie_break: Sequence[TieBreak]


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first budget that cannot bear a case: what the case needs of it and what is left in it."""

    budget: str
    needed_won: int
    left_won: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case came out as it did: a code, the sentence for the firm, and the numbers in it."""

    code: str
    text: Text
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def ko(self) -> str:
        return self.text.ko.format_map(self.facts)

    @property
    def en(self) -> str:
        return self.text.en.format_map(self.facts)


@dataclass(frozen=True, slots=True)
class Placement:
    """One case's result: its place among all of its line, its outcome, its turn as a reserve, and why."""

    case: Case
    place: int
    outcome: Outcome
    reserve_order: int | None
    need_won: NeedWon
    reason: Reason


@dataclass(frozen=True, slots=True)
class Reserve:
    """A waiting case in its line's order, with its estimated need."""

    application_id: UUID
    reserve_order: int
    need_won: NeedWon


@dataclass(frozen=True, slots=True)
class Skipped:
    """A reserve passed over for one place, because a budget could not bear it."""

    application_id: UUID
    shortage: Shortage


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


def budget_key(source: str, municipality_code: str | None) -> str:
    """Name a budget: the source, and for the municipalities whose."""
    return f"{source}/{municipality_code}" if source == Source.MUNICIPALITY else source


def estimate_need(case: Case, rates: Sequence[Rate]) -> dict[str, int]:
    """What each public source would pay for a case, by the call's copy of the split rule (rules F-01, F-02).

    The capped sources share at most the cap by their rates; each part is rounded down. Funding stays the authority.
    """
    capped_bp = sum(rate.rate_bp for rate in rates if rate.capped)
    over_cap = case.total_cost_won * capped_bp > case.cap_won * _BASIS
    need: dict[str, int] = {}
    for rate in rates:
        if rate.source == Source.SME:
            continue
        if rate.capped and over_cap:
            amount = case.cap_won * rate.rate_bp // capped_bp
        else:
            amount = case.total_cost_won * rate.rate_bp // _BASIS
        key = budget_key(rate.source, case.municipality_code)
        need[key] = need.get(key, 0) + amount
    return need


def shortage(need: NeedWon, left: NeedWon) -> Shortage | None:
    """Find the first budget, in a fixed order, that is short of a need; a budget nobody has named does not bound here."""
    for budget in sorted(need):
        if budget in left and need[budget] > left[budget]:
            return Shortage(budget, need[budget], left[budget])
    return None


def minus(left: NeedWon, need: NeedWon) -> dict[str, int]:
    """What is left of each budget once a need is taken from it."""
    return {budget: won - need.get(budget, 0) for budget, won in left.items()}


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
        need = estimate_need(case, rules.rates)
        placements.append(line.place(case, need, rules.pass_mark, left))
        if placements[-1].outcome is Outcome.SELECTED:
            left = minus(left, need)
    return placements


def next_fundable(reserves: Iterable[Reserve], left: NeedWon) -> tuple[Reserve | None, list[Skipped]]:
    """The first waiting reserve of a line that what is left can bear, and whom it was passed over for what budget."""
    skipped = []
    for reserve in sorted(reserves, key=lambda r: r.reserve_order):
        short = shortage(reserve.need_won, left)
        if short is None:
            return reserve, skipped
        skipped.append(Skipped(reserve.application_id, short))
    return None, skipped


def points(score: int) -> str:
    """Write hundredths as points: 8734 is `87.34`."""
    return f"{score // 100}.{score % 100:02d}"


class _Filling:
    """One line while it fills."""

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._taken = self._placed = self._reserves = 0
        self._short: Shortage | None = None

    def place(self, case: Case, need: NeedWon, pass_mark: int, left: NeedWon) -> Placement:
        self._placed += 1
        facts: dict[str, object] = {"score": points(case.total_score), "place": self._placed, "seats": self._seats}
        if case.total_score < pass_mark:
            reason = Reason("BELOW_PASS_MARK", _BELOW_PASS_MARK, facts | {"pass_mark": points(pass_mark)})
            return Placement(case, self._placed, Outcome.NOT_SELECTED, None, need, reason)
        if self._taken < self._seats and self._short is None:
            self._short = shortage(need, left)
            if self._short is None:
                self._taken += 1
                reason = Reason("SELECTED", _SELECTED, facts | {"taken": self._taken})
                return Placement(case, self._placed, Outcome.SELECTED, None, need, reason)
        self._reserves += 1
        facts["reserve_order"] = self._reserves
        return Placement(case, self._placed, Outcome.RESERVE, self._reserves, need, self._why_reserve(facts))

    def _why_reserve(self, facts: Mapping[str, object]) -> Reason:
        if self._short is None:
            return Reason("SEATS_TAKEN", _NO_SEAT, facts)
        short = self._short
        numbers = {"budget": short.budget, "needed_won": short.needed_won, "left_won": short.left_won}
        return Reason("BUDGET_SHORT", _NO_BUDGET, {**facts, **numbers})


def _order_by(tie_break: Sequence[TieBreak]) -> Callable[[Case], tuple[object, ...]]:
    keys: dict[TieBreak, Callable[[Case], int | datetime]] = {
        TieBreak.SITE_SCORE: lambda case: -case.site_score,
        TieBreak.FIRST_TIMER: lambda case: 0 if case.first_timer else 1,
        TieBreak.EARLIER_SUBMISSION: lambda case: case.submitted_at,
    }
    chosen = [keys[TieBreak(name)] for name in tie_break]
    return lambda case: (-case.total_score, *(key(case) for key in chosen), case.application_id)
