"""Carrying committed money over: one person proposes before the year ends, another confirms before it ends."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import Won

_YEARLY = frozenset({"LOCAL_SUBSIDY", "LOCAL_CONTRIBUTION", "NATIONAL_CONTRIBUTION"})
"""The regimes under which money is of one fiscal year; a private fund's is not."""


class Cause(StrEnum):
    """Why it is not paid in its own year."""

    BUILD_CROSSES_YEAR = "BUILD_CROSSES_YEAR"
    """명시이월."""
    DELAYED_BY_ACCIDENT = "DELAYED_BY_ACCIDENT"
    """사고이월."""


class CarryOverState(StrEnum):
    """Only what is confirmed carries anything."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"


class CarryOverUnknown(NotFound):
    """No such carry-over, or another municipality's."""

    code = "carry-over-unknown"
    title = Text("이월 건을 찾을 수 없습니다", "No such carry-over")
    detail = Text("이월 번호를 확인해 주세요.", "Check the carry-over's id.")


class CarryOverHasChanged(StaleVersion):
    """Somebody confirmed it after the caller had read it."""

    code = "carry-over-has-changed"
    title = Text("이월 건이 그 사이에 바뀌었습니다", "The carry-over has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class CarryOverExists(RuleRefused):
    """One proposal of a line waits at a time."""

    code = "carry-over-exists"
    title = Text("이미 제안된 이월입니다", "It is proposed already")
    detail = Text(
        "먼저 제안된 이월을 확정한 뒤에 다시 제안해 주세요. 저장된 것은 없습니다.",
        "Have the one that waits confirmed, then propose again. Nothing was stored.",
    )


class NothingToCarryOver(RuleRefused):
    """What nobody committed lapses, and what is paid needs no other year."""

    code = "nothing-to-carry-over"
    title = Text("이월할 금액이 없습니다", "There is nothing to carry over")
    detail = Text(
        "확정되고 지급되지 않은 금액이 없거나 모두 이월되었습니다. 바뀐 것은 없습니다.",
        "Nothing is committed and unpaid, or all of it is carried over already. Nothing was changed.",
    )


class CarryOverDecided(RuleRefused):
    """A carry-over is confirmed once."""

    code = "carry-over-decided"
    title = Text("이미 확정된 이월입니다", "It is confirmed already")
    detail = Text("바뀐 것은 없습니다.", "Nothing was changed.")


class CarryOverOwnProposal(RuleRefused):
    """Who proposed it does not confirm it."""

    code = "carry-over-own-proposal"
    title = Text("제안자는 확정할 수 없습니다", "The proposer cannot confirm")
    detail = Text("다른 사람이 확정해야 합니다. 바뀐 것은 없습니다.", "Another person must. Nothing was changed.")


class CarryOverTooLate(RuleRefused):
    """What was not carried over in its year has lapsed."""

    code = "carry-over-too-late"
    title = Text("회계연도가 끝났습니다", "The fiscal year is over")
    detail = Text(
        "{fiscal_year}년 예산은 그해 12월 31일까지만 이월할 수 있습니다. 바뀐 것은 없습니다.",
        "Money of {fiscal_year} is carried over until 31 December of it. Nothing was changed.",
    )


class CarryOverNotYours(NotPermitted):
    """A municipality carries over its own line, the province every other one."""

    code = "carry-over-not-yours"
    title = Text("이 재원의 담당 기관이 아닙니다", "This source is not yours to decide")
    detail = Text(
        "시·군비는 해당 시·군이, 그 밖의 재원은 도가 이월합니다. 바뀐 것은 없습니다.",
        "A municipality decides on its own line; the province on every other source. Nothing was changed.",
    )


class FiscalYearOver(RuleRefused):
    """Money of a year that is over is paid only if it was carried over."""

    code = "fiscal-year-over"
    title = Text("회계연도가 끝난 예산입니다", "The money's fiscal year is over")
    detail = Text(
        "{fiscal_year}년 예산 가운데 {year}년에 지급할 수 있는 금액은 {may_won}원이고, 이 지급까지 {used_won}원이"
        " 필요합니다. 이월되지 않은 돈은 불용됩니다. 바뀐 것은 없습니다.",
        "Of this money of {fiscal_year}, {may_won} won may have left by {year} and {used_won} would with this release."
        " What was not carried over has lapsed. Nothing was changed.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOver:
    """One line's committed and unpaid money, carried into the next year, as it is on the day of the confirmation."""

    id: UUID
    budget_line_id: UUID
    municipality_code: str | None
    fiscal_year: int
    to_year: int
    amount_won: Won
    paid_won: Won
    """What had been paid by then: more than both together never leaves the line."""
    cause: Cause
    reference: str
    state: CarryOverState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1

    @property
    def limit_won(self) -> Won:
        """How much may ever leave the line."""
        return Won(self.amount_won + self.paid_won)


def check_in_year(fiscal_year: int, today: date) -> None:
    """A year's money is carried over before the year ends."""
    if today.year > fiscal_year:
        raise CarryOverTooLate(fiscal_year=fiscal_year)


def check_amount(carried: CarryOver, *, limit_won: int) -> None:
    """There is something to carry over that no carry-over before covers."""
    if carried.amount_won == 0 or carried.limit_won <= limit_won:
        raise NothingToCarryOver


def confirm(
    carried: CarryOver,
    *,
    amount_won: Won,
    paid_won: Won,
    limit_won: int,
    read_version: int,
    by: str,
    now: datetime,
    today: date,
) -> CarryOver:
    """A second person carries over what is committed and unpaid on that day; `limit_won` is by those before it."""
    if carried.version != read_version:
        raise CarryOverHasChanged(current_version=carried.version)
    if carried.state is CarryOverState.CONFIRMED:
        raise CarryOverDecided
    if carried.proposed_by == by:
        raise CarryOverOwnProposal
    check_in_year(carried.fiscal_year, today)
    current = replace(carried, amount_won=amount_won, paid_won=paid_won)
    check_amount(current, limit_won=limit_won)
    return replace(current, state=CarryOverState.CONFIRMED, confirmed_by=by, confirmed_at=now)


def is_over(legal_regime: str, fiscal_year: int, today: date) -> bool:
    """Whether money of a year may be paid only as far as it was carried over."""
    return legal_regime in _YEARLY and today.year > fiscal_year


def check_limit(fiscal_year: int, today: date, *, used_won: int, limit_won: int) -> None:
    """Money of a year that is over is paid up to what was carried into this one."""
    if used_won > limit_won:
        raise FiscalYearOver(fiscal_year=fiscal_year, year=today.year, may_won=limit_won, used_won=used_won)


def carried_won(*, unpaid_won: int, paid_won: int, limit_won: int) -> int:
    """How much of what is unpaid was carried over."""
    return min(unpaid_won, max(0, limit_won - paid_won))


def lapsing_won(legal_regime: str, *, uncommitted_won: int, unpaid_won: int, carried_won: int) -> int:
    """What a line loses at the end of its year: nothing of a private fund."""
    return uncommitted_won + unpaid_won - carried_won if legal_regime in _YEARLY else 0


def days_left(fiscal_year: int, today: date) -> int:
    """How many days the year still has; negative once it is over."""
    return (date(fiscal_year, 12, 31) - today).days
