"""A question to the tax office about a firm that has a project: asked on until it is answered, and answered once."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from contracts.standings import (
    BrokenRule,
    Purpose,
    StandingRules,
    TaxAnswer,
    check_holds,
    check_unbroken,
)


class StandingCheckState(StrEnum):
    """Whether the tax office has answered."""

    PENDING = "PENDING"
    ANSWERED = "ANSWERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingCheck:
    """One question; what was answered is about the day of the answer, and never changes."""

    id: UUID
    purpose: Purpose
    project_id: UUID
    company_id: UUID
    municipality_code: str
    business_number: str
    number: int | None
    """Of the project's questions before its agreement, from 1; funding numbers its own."""
    rule_version: str
    state: StandingCheckState
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What the tax office said of a firm, and of which day."""

    answer: TaxAnswer
    about: date
    rule_version: str


@dataclass(frozen=True, slots=True)
class Known:
    """An answer that is kept, by what a decision that rests on it refers to."""

    standing_id: UUID
    answered: Answered
    answer_sha256: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is kept of an answer, as whoever asked is told it: of which day it is, when it came, and its evidence."""

    answer: TaxAnswer
    about: date
    answered_at: datetime
    sha256: str


def broken_rules(answered: Answered, purpose: Purpose, rules: StandingRules) -> tuple[BrokenRule, ...]:
    """The rules that an answer breaks, of those that are asked for this purpose."""
    return rules.broken(answered.answer, purpose, about=answered.about)


def check_agreement(last: Answered, rules: StandingRules, *, now: datetime) -> None:
    """The programme signs with no firm in arrears (rule R-06)."""
    check_unbroken(broken_rules(last, Purpose.AGREEMENT, rules))
    check_holds(rules.holds_until(last.about), now=now)
