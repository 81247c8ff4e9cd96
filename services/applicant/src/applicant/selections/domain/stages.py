"""A decision in stages: an approver asks for it, it is made as a whole, and then each firm is told.

REQUESTED -> DECIDED -> TOLD, or REQUESTED -> REFUSED. Everything that can refuse it does so before it is made; telling
can only be late.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import DomainError, NotFound, RuleRefused, Text

AT_ONCE_MOST = 1_000
"""Cases that one request decides: with room to spare in the time that a unit of work has."""


class DecisionState(StrEnum):
    """Asked for; made and being told; told to all; or refused, and nothing has changed."""

    REQUESTED = "REQUESTED"
    DECIDED = "DECIDED"
    TOLD = "TOLD"
    REFUSED = "REFUSED"


UNDER_WAY = frozenset({DecisionState.REQUESTED, DecisionState.DECIDED})
"""While one is, the call has no other."""


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked for it, in which role: what the worker does is done in that name."""

    issuer: str
    subject: str
    role: str
    tenant: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule that refused it: a code for machines and the sentence in both languages."""

    code: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision under way: `told` of its `cases` have been told, in the order of the ranking `number`."""

    id: UUID
    call_id: UUID
    number: int
    approver: Requester
    correlation_id: str
    requested_at: datetime
    cases: int
    told: int = 0
    state: DecisionState = DecisionState.REQUESTED
    evidence: str | None = None
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    refusal: Refusal | None = None


class DecisionNotFound(NotFound):
    """The call has no such decision."""

    code = "selection-decision-not-found"
    title = Text("선정 결정을 찾을 수 없습니다", "There is no such decision")
    detail = Text("선정 결정의 식별자를 확인해 주세요.", "Check the decision's id.")


class DecisionUnderWay(RuleRefused):
    """Somebody has asked for this call's decision, and it is not at its end."""

    code = "selection-decision-under-way"
    title = Text("선정 결정이 진행 중입니다", "A decision is under way")
    detail = Text(
        "이 공고의 선정 결정({decision_id})이 진행 중입니다. 바뀐 것은 없습니다. 그 상태를 조회해 주세요.",
        "The decision {decision_id} of this call is under way. Nothing was changed. Read how far it is.",
    )


class SelectionTooLarge(RuleRefused):
    """More cases than one request can decide in its time."""

    code = "selection-too-large"
    title = Text("한 번의 요청으로 결정하기에는 신청이 많습니다", "Too many cases for one request")
    detail = Text(
        "신청 {count}건은 한 번의 요청으로 결정할 수 없습니다(최대 {most}건). 바뀐 것은 없습니다. "
        "POST /v1/calls/{call_id}/selection-decisions 로 결정을 요청하고 그 상태를 조회해 주세요.",
        "{count} cases cannot be decided in one request, {most} are the most. Nothing was changed. "
        "Ask for the decision with POST /v1/calls/{call_id}/selection-decisions and read how far it is.",
    )


def check_fits(count: int, call_id: UUID) -> None:
    """Refuse to decide more cases at once than one request has the time for."""
    if count > AT_ONCE_MOST:
        raise SelectionTooLarge(count=count, most=AT_ONCE_MOST, call_id=call_id)


def make_decision(decision: Decision, *, evidence: str, now: datetime) -> Decision:
    """Let it be decided, on these numbers: from here on it can only be told."""
    _require(decision, DecisionState.REQUESTED)
    return replace(decision, state=DecisionState.DECIDED, evidence=evidence, decided_at=now)


def tell_more(decision: Decision, cases: int, *, now: datetime) -> Decision:
    """Count so many more cases as told; the last ones end it."""
    _require(decision, DecisionState.DECIDED)
    told = decision.told + cases
    if told < decision.cases:
        return replace(decision, told=told)
    return replace(decision, told=told, state=DecisionState.TOLD, ended_at=now)


def refuse_decision(decision: Decision, rule: DomainError, *, now: datetime) -> Decision:
    """End it by the rule that refuses it; a decision that was made is refused by none."""
    _require(decision, DecisionState.REQUESTED)
    return replace(decision, state=DecisionState.REFUSED, ended_at=now, refusal=refusal_by(rule))


def refusal_by(rule: DomainError) -> Refusal:
    """A rule's refusal in its own words."""
    return Refusal(rule.code, rule.detail.ko.format_map(rule.facts), rule.detail.en.format_map(rule.facts))


def _require(decision: Decision, state: DecisionState) -> None:
    if decision.state is not state:
        message = f"decision {decision.id} is {decision.state}, not {state}"
        raise ValueError(message)
