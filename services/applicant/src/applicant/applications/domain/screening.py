"""A screening round: what is asked of the registers, what came back, and when a person may decide on it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from applicant.applications.domain.registers import Register
from applicant.applications.domain.rules import Finding, failed_rules
from common.errors import InvalidInput, NotFound, RuleRefused, Text


class ScreeningState(StrEnum):
    """CHECKING while a register has yet to answer; an outage keeps a case here and never decides it."""

    CHECKING = "CHECKING"
    CHECKED = "CHECKED"
    DECIDED = "DECIDED"


class CheckState(StrEnum):
    """DROPPED checks belong to a round that a later one or a withdrawal made pointless."""

    PENDING = "PENDING"
    ANSWERED = "ANSWERED"
    DROPPED = "DROPPED"


class Verdict(StrEnum):
    """What an officer confirms; the findings alone decide which of the two it is."""

    ELIGIBLE = "ELIGIBLE"
    INELIGIBLE = "INELIGIBLE"


class NotScreenedYet(NotFound):
    code = "not-screened-yet"
    title = Text("아직 요건검토가 없습니다", "There is no screening yet")
    detail = Text("이 신청의 요건검토가 아직 시작되지 않았습니다.", "The screening of this application has not begun.")


class StillChecking(RuleRefused):
    """A register has not answered; nobody is refused or let through because of an outage."""

    code = "still-checking"
    title = Text("외부 조회가 끝나지 않았습니다", "The registers have not all answered")
    detail = Text(
        "응답을 기다리는 조회가 있습니다: {waiting_on}. 바뀐 것은 없습니다.",
        "Answers are still awaited: {waiting_on}. Nothing was changed.",
    )


class FindingsDisagree(RuleRefused):
    """The officer confirmed something else than the findings say."""

    code = "findings-disagree"
    title = Text("검토 결과와 다릅니다", "The findings say otherwise")
    detail = Text(
        "검토 결과는 {found}인데 {confirmed}(으)로 확정하려 했습니다. 바뀐 것은 없습니다.",
        "The findings say {found}, and {confirmed} was to be confirmed. Nothing was changed.",
    )


class UnknownRule(InvalidInput):
    code = "unknown-rule"
    title = Text("없는 심사 규칙입니다", "There is no such rule")
    detail = Text("요건검토 규칙 {rule}이(가) 없습니다.", "There is no screening rule {rule}.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A register that has not answered yet, with the last fault if there was one. The next attempt is real time."""

    register: Register
    attempts: int
    problem: str | None
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class Screening:
    """The latest round of one application."""

    application_id: UUID
    round: int
    state: ScreeningState
    rule_version: str
    started_at: datetime
    checked_at: datetime | None
    findings: tuple[Finding, ...]
    waiting_on: tuple[Waiting, ...]


def check_complete(screening: Screening) -> None:
    """Every register has answered, and nobody has decided on the round yet; raises StillChecking."""
    if screening.state is not ScreeningState.CHECKED:
        raise StillChecking(waiting_on=", ".join(each.register.value for each in screening.waiting_on))


def confirmed_failures(screening: Screening, confirmed: Verdict) -> tuple[str, ...]:
    """The failed rules, if the round is complete and the officer confirms what it found."""
    check_complete(screening)
    failed = failed_rules(screening.findings)
    found = Verdict.INELIGIBLE if failed else Verdict.ELIGIBLE
    if confirmed is not found:
        raise FindingsDisagree(found=found.value, confirmed=confirmed.value)
    return failed
