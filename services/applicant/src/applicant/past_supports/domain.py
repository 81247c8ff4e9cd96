"""What is known of an earlier support of a firm, from the records of the schemes before this system.

It counts for the rules that ask whether a firm was ever supported (rule R-08, and the tie-break for first-timers), and
not for the gauge of 300, which counts completion inspections that passed here.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text


@dataclass(frozen=True, slots=True)
class SupportFacts:
    """One firm's support by one scheme in one year for one plant; a firm is named by its number."""

    business_number: str
    company_name: str
    worksite_name: str
    municipality_code: str
    code_as_written: str
    scheme: str
    fiscal_year: int
    supported_on: date
    supported_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSupport:
    """An imported row; one that was wrong is withdrawn with its reason and no longer counts."""

    id: UUID
    facts: SupportFacts
    imported_by: str
    imported_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None
    version: int = 1


class PastSupportInTheFuture(InvalidInput):
    code = "past-support-in-the-future"
    title = Text("아직 오지 않은 날의 지원입니다", "The support is in the future")
    detail = Text(
        "지원일은 {today}까지의 날짜여야 합니다. 이 줄은 저장되지 않았습니다.",
        "It must be {today} or an earlier day. This row was not stored.",
    )


class PastSupportDiffers(RuleRefused):
    """The same support is known with other facts: which of the two is right, a person must say."""

    code = "past-support-differs"
    title = Text("이미 등록된 지원과 내용이 다릅니다", "The support is known with other facts")
    detail = Text(
        "같은 사업자·사업·연도·사업장의 지원이 다른 내용으로 등록되어 있습니다({past_support_id})."
        " 그것이 틀렸으면 먼저 취소해 주세요. 이 줄은 저장되지 않았습니다.",
        "The support of this number, scheme, year and plant is stored with other facts ({past_support_id}). Withdraw"
        " that one first if it is wrong. This row was not stored.",
    )


class PastSupportNotFound(NotFound):
    code = "past-support-not-found"
    title = Text("기존 지원 기록을 찾을 수 없습니다", "There is no such past support")
    detail = Text("기록 번호를 확인해 주세요.", "Check its id.")


class PastSupportHasChanged(StaleVersion):
    code = "past-support-has-changed"
    title = Text("기록이 그 사이에 바뀌었습니다", "The record has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽어 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class PastSupportAlreadyWithdrawn(RuleRefused):
    code = "past-support-already-withdrawn"
    title = Text("이미 취소된 기록입니다", "The record is withdrawn already")
    detail = Text("바뀐 것은 없습니다.", "Nothing was changed.")


def import_support(facts: SupportFacts, *, support_id: UUID, by: str, today: date, now: datetime) -> PastSupport:
    """Take one row of the schemes' records."""
    if facts.supported_on > today:
        raise PastSupportInTheFuture(today=today.isoformat(), field="/supported_on")
    return PastSupport(id=support_id, facts=facts, imported_by=by, imported_at=now)


def same_or_refused(known: PastSupport, facts: SupportFacts) -> PastSupport:
    """The row that is known already, when it says the same."""
    if known.facts != facts:
        raise PastSupportDiffers(past_support_id=known.id)
    return known


def withdraw(support: PastSupport, *, reason: str, read_version: int, by: str, now: datetime) -> PastSupport:
    """Take back a row that was wrong: it stays, and counts for nothing any more."""
    if support.version != read_version:
        raise PastSupportHasChanged(current_version=support.version)
    if support.withdrawn_at is not None:
        raise PastSupportAlreadyWithdrawn
    return replace(support, withdrawn_by=by, withdrawn_at=now, withdrawal_reason=reason)
