"""A firm's standing before a payment (rules R-05 and R-06): asked, answered once, good until the end of its last day.

ASKED -> GOOD or BAD. The last answer counts: a payment needs a good one that still holds, and a bad one stops all.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, Text
from contracts.standings import (
    BrokenRule,
    BusinessStatus,
    FirmStandingUnknown,
    Purpose,
    StandingRules,
    TaxAnswer,
    check_holds,
    check_unbroken,
)


class StandingState(StrEnum):
    """What is known of a firm's standing."""

    ASKED = "ASKED"
    GOOD = "GOOD"
    BAD = "BAD"


class StandingUnknown(NotFound):
    """No such standing: told of one that was never asked for, so the event is parked."""

    code = "standing-unknown"
    title = Text("재확인 건을 찾을 수 없습니다", "No such standing")
    detail = Text(
        "{standing_id}은(는) 조회한 적이 없는 재확인 번호입니다.", "Nobody has asked for the standing {standing_id}."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One question about one firm, for one project; what was answered never changes."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    number: int
    """Of the project's questions, from 1: the last of those that are answered counts."""
    rule_version: str
    state: StandingState
    asked_by: str
    asked_at: datetime
    status: BusinessStatus | None = None
    national_tax_arrears: bool | None = None
    local_tax_arrears: bool | None = None
    about: date | None = None
    answered_at: datetime | None = None
    answer_sha256: str | None = None
    holds_until: datetime | None = None

    def answered(
        self, answer: TaxAnswer, rules: StandingRules, *, about: date, at: datetime, sha256: str
    ) -> "Standing":
        """What the tax office said about a day, and whether a payment may rest on it."""
        broken = rules.broken(answer, Purpose.PAYMENT, about=about)
        return replace(
            self,
            state=StandingState.BAD if broken else StandingState.GOOD,
            status=answer.status,
            national_tax_arrears=answer.national_tax_arrears,
            local_tax_arrears=answer.local_tax_arrears,
            about=about,
            answered_at=at,
            answer_sha256=sha256,
            holds_until=rules.holds_until(about),
        )

    def broken(self, rules: StandingRules) -> tuple[BrokenRule, ...]:
        """The rules that the answer breaks; none while there is no answer."""
        if self.status is None or self.about is None:
            return ()
        answer = TaxAnswer(self.status, bool(self.national_tax_arrears), bool(self.local_tax_arrears))
        return rules.broken(answer, Purpose.PAYMENT, about=self.about)


def holds(last: Standing | None, *, now: datetime) -> bool:
    """Whether the last answer is a good one that still counts."""
    good = last is not None and last.state is StandingState.GOOD
    return good and last is not None and last.holds_until is not None and now < last.holds_until


def check_good(last: Standing | None, rules: StandingRules, *, now: datetime) -> Standing:
    """The last answer, if a payment may rest on it; raises FirmStandingBroken or FirmStandingUnknown."""
    if last is None:
        raise FirmStandingUnknown
    check_not_bad(last, rules)
    check_holds(last.holds_until, now=now)
    return last


def check_not_bad(last: Standing, rules: StandingRules) -> None:
    """Refuse in the words of the first rule that the last answer breaks; raises FirmStandingBroken."""
    check_unbroken(last.broken(rules))
