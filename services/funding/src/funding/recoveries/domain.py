"""A case of clawback: its money is held from the first day, and nothing is taken back before the firm could speak.

OPEN -> NOTICED -> PROPOSED -> DECIDED by a second person -> CLOSED when every treasury has its own. A decision over
nothing drops the case. An objection in time is heard by a third person: DISMISSED, or UPHELD and nothing is owed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from contracts.types import Source, Won

_WHOLE_BP = 10_000


class RecoveryState(StrEnum):
    """How far it has come."""

    OPEN = "OPEN"
    NOTICED = "NOTICED"
    PROPOSED = "PROPOSED"
    DECIDED = "DECIDED"
    OBJECTED = "OBJECTED"
    DISMISSED = "DISMISSED"
    CLOSED = "CLOSED"
    DROPPED = "DROPPED"
    UPHELD = "UPHELD"


class Ground(StrEnum):
    """Why money may be taken back; each has its limits in the rules."""

    FRAUD = "FRAUD"
    MISUSE = "MISUSE"
    OTHER_BREACH = "OTHER_BREACH"
    GAVE_UP = "GAVE_UP"
    POOR_RESULT = "POOR_RESULT"
    NOT_AT_FAULT = "NOT_AT_FAULT"


class Hearing(StrEnum):
    """What becomes of an objection."""

    DISMISS = "DISMISS"
    UPHOLD = "UPHOLD"


_OF_CAUSE = {
    "FRAUD": Ground.FRAUD,
    "ADOPTER_REQUEST": Ground.GAVE_UP,
    "INSPECTION_FAILED": Ground.POOR_RESULT,
    "FIX_OVERDUE": Ground.POOR_RESULT,
}
_AT_FAULT = frozenset({"ADOPTER", "BOTH"})


class RecoveryUnknown(NotFound):
    """No such case, or another tenant's."""

    code = "recovery-unknown"
    title = Text("환수 건을 찾을 수 없습니다", "No such clawback")
    detail = Text("환수 번호를 확인해 주세요.", "Check the clawback's id.")


class RecoveryHasChanged(StaleVersion):
    """Somebody acted on it after the caller had read it."""

    code = "recovery-has-changed"
    title = Text("환수 건이 그 사이에 바뀌었습니다", "The clawback has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class RecoveryExists(RuleRefused):
    """A project has one open case at a time."""

    code = "recovery-exists"
    title = Text("이미 진행 중인 환수 건이 있습니다", "A clawback is under way already")
    detail = Text(
        "그 건이 끝난 뒤에 다시 시작할 수 있습니다. 저장된 것은 없습니다.",
        "Another one begins when it is over. Nothing was stored.",
    )


class RecoveryDecidedAlready(RuleRefused):
    """Each step is taken in its turn."""

    code = "recovery-decided"
    title = Text("지금 할 수 없는 처리입니다", "It is not at this step")
    detail = Text(
        "환수 건의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The clawback is {state}. Nothing was changed."
    )


class RecoveryNotHeard(RuleRefused):
    """Nobody proposes before the firm has spoken or its time is over."""

    code = "recovery-not-heard"
    title = Text("의견 제출 기한이 지나지 않았습니다", "The firm may still speak")
    detail = Text(
        "기업은 {opinion_until}까지 의견을 낼 수 있습니다. 그 뒤에 결정해 주세요. 바뀐 것은 없습니다.",
        "The firm may give its opinion until {opinion_until}. Nothing was changed.",
    )


class RecoveryTooLate(RuleRefused):
    """A right that was not used in time is over."""

    code = "recovery-too-late"
    title = Text("기한이 지났습니다", "It is too late")
    detail = Text(
        "{until}까지 할 수 있었습니다. 바뀐 것은 없습니다.", "It could be done until {until}. Nothing was changed."
    )


class RecoveryOwnDecision(RuleRefused):
    """Proposing, deciding and hearing an objection are done by three people."""

    code = "recovery-own-decision"
    title = Text("본인이 이미 관여한 환수 건입니다", "You have had a part in this clawback")
    detail = Text(
        "제안, 결정, 이의 심사는 서로 다른 사람이 해야 합니다. 바뀐 것은 없습니다.",
        "Proposing, deciding and hearing an objection are done by different people. Nothing was changed.",
    )


class RecoveryAboveLimit(InvalidInput):
    """The law limits what may be decided on this ground."""

    code = "recovery-above-limit"
    title = Text("법이 정한 한도를 넘습니다", "Above what the law allows")
    detail = Text(
        "사유 {ground}: 제재부가금은 환수액의 {surcharge_max_bp}/10000, 참여제한은 {debar_max_months}개월까지입니다."
        " 저장된 것은 없습니다.",
        "On {ground} the surcharge is at most {surcharge_max_bp}/10000 of what is taken back and the exclusion"
        " {debar_max_months} months. Nothing was stored.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One case. What is proposed stays open to change until it is decided; everything else is said once."""

    id: UUID
    project_id: UUID
    call_id: UUID
    company_id: UUID
    municipality_code: str
    ground: Ground
    cause: str | None
    fault_party: str | None
    event_id: UUID | None
    rule_version: str
    state: RecoveryState
    opened_by: str
    opened_at: datetime
    noticed_by: str | None = None
    noticed_at: datetime | None = None
    opinion_until: date | None = None
    opinion_sha256: str | None = None
    opinion_at: datetime | None = None
    recover_bp: int | None = None
    interest_won: Won | None = None
    surcharge_bp: int | None = None
    debar_months: int | None = None
    finding_sha256: str | None = None
    proposed_by: str | None = None
    proposed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    objection_until: date | None = None
    objection_sha256: str | None = None
    objected_at: datetime | None = None
    heard_by: str | None = None
    heard_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an officer proposes to take back, in parts of what was paid, and to impose."""

    recover_bp: int
    interest_won: Won
    surcharge_bp: int
    debar_months: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the law allows on the case's ground."""

    surcharge_max_bp: int
    debar_max_months: int


def ground_of(cause: str, fault_party: str) -> Ground:
    """On which ground a termination leads to clawback: a firm without fault gives back only what it did not use."""
    if cause == "FRAUD":
        return Ground.FRAUD
    if fault_party not in _AT_FAULT:
        return Ground.NOT_AT_FAULT
    return _OF_CAUSE.get(cause, Ground.OTHER_BREACH)


def check_version(recovery: Recovery, read_version: int) -> None:
    """Refuse to act on a version that is no longer the current one."""
    if recovery.version != read_version:
        raise RecoveryHasChanged(current_version=recovery.version)


def give_notice(recovery: Recovery, opinion_until: date, *, by: str, now: datetime) -> Recovery:
    """Tell the firm what is held against it, and until when it may speak."""
    _check_state(recovery, RecoveryState.OPEN)
    return replace(recovery, state=RecoveryState.NOTICED, noticed_by=by, noticed_at=now, opinion_until=opinion_until)


def give_opinion(recovery: Recovery, sha256: str, *, now: datetime, today: date) -> Recovery:
    """The firm speaks, once and in time."""
    if recovery.state is not RecoveryState.NOTICED or recovery.opinion_until is None or recovery.opinion_at:
        raise RecoveryDecidedAlready(state=recovery.state)
    if today > recovery.opinion_until:
        raise RecoveryTooLate(until=recovery.opinion_until.isoformat())
    return replace(recovery, opinion_sha256=sha256, opinion_at=now)


def propose(recovery: Recovery, finding: Finding, limits: Limits, *, by: str, now: datetime, today: date) -> Recovery:
    """An officer proposes what to take back, after the firm has spoken or let its time pass."""
    if recovery.state is not RecoveryState.NOTICED or recovery.opinion_until is None:
        raise RecoveryDecidedAlready(state=recovery.state)
    if recovery.opinion_at is None and today <= recovery.opinion_until:
        raise RecoveryNotHeard(opinion_until=recovery.opinion_until.isoformat())
    if finding.surcharge_bp > limits.surcharge_max_bp or finding.debar_months > limits.debar_max_months:
        raise RecoveryAboveLimit(
            ground=recovery.ground,
            surcharge_max_bp=limits.surcharge_max_bp,
            debar_max_months=limits.debar_max_months,
            field="/surcharge_bp" if finding.surcharge_bp > limits.surcharge_max_bp else "/debar_months",
        )
    return replace(
        recovery,
        state=RecoveryState.PROPOSED,
        recover_bp=finding.recover_bp,
        interest_won=finding.interest_won,
        surcharge_bp=finding.surcharge_bp,
        debar_months=finding.debar_months,
        finding_sha256=finding.sha256,
        proposed_by=by,
        proposed_at=now,
    )


def send_back(recovery: Recovery, *, by: str) -> Recovery:
    """The second person does not agree: the finding is to be made anew."""
    _check_state(recovery, RecoveryState.PROPOSED)
    if by == recovery.proposed_by:
        raise RecoveryOwnDecision
    return replace(
        recovery,
        state=RecoveryState.NOTICED,
        recover_bp=None,
        interest_won=None,
        surcharge_bp=None,
        debar_months=None,
        finding_sha256=None,
        proposed_by=None,
        proposed_at=None,
    )


def decide(recovery: Recovery, objection_until: date, *, owed_won: int, by: str, now: datetime) -> Recovery:
    """The second person agrees; a case over nothing is dropped."""
    _check_state(recovery, RecoveryState.PROPOSED)
    if by == recovery.proposed_by:
        raise RecoveryOwnDecision
    decided = replace(recovery, decided_by=by, decided_at=now, objection_until=objection_until)
    if owed_won or recovery.debar_months:
        return replace(decided, state=RecoveryState.DECIDED)
    return replace(decided, state=RecoveryState.DROPPED, closed_at=now)


def object_to(recovery: Recovery, sha256: str, *, now: datetime, today: date) -> Recovery:
    """The firm objects, once and in time."""
    if recovery.state is not RecoveryState.DECIDED or recovery.objection_until is None:
        raise RecoveryDecidedAlready(state=recovery.state)
    if today > recovery.objection_until:
        raise RecoveryTooLate(until=recovery.objection_until.isoformat())
    return replace(recovery, state=RecoveryState.OBJECTED, objection_sha256=sha256, objected_at=now)


def hear(recovery: Recovery, hearing: Hearing, *, by: str, now: datetime) -> Recovery:
    """A third person answers an objection."""
    _check_state(recovery, RecoveryState.OBJECTED)
    if by in {recovery.proposed_by, recovery.decided_by}:
        raise RecoveryOwnDecision
    heard = replace(recovery, heard_by=by, heard_at=now)
    if hearing is Hearing.UPHOLD:
        return replace(heard, state=RecoveryState.UPHELD, closed_at=now)
    return replace(heard, state=RecoveryState.DISMISSED)


def close(recovery: Recovery, *, now: datetime) -> Recovery:
    """Every treasury has its own, and nobody may object any more or has."""
    if recovery.state not in {RecoveryState.DECIDED, RecoveryState.DISMISSED}:
        raise RecoveryDecidedAlready(state=recovery.state)
    return replace(recovery, state=RecoveryState.CLOSED, closed_at=now)


def principals(kept: Sequence[tuple[Source, Won]], recover_bp: int) -> dict[Source, Won]:
    """What each source takes back of what it paid and has not asked back, rounded down."""
    return {source: Won(kept_won * recover_bp // _WHOLE_BP) for source, kept_won in kept}


def surcharges(principal: dict[Source, Won], surcharge_bp: int, *, free_won: int) -> dict[Source, Won]:
    """What is imposed on top, source by source; a small case bears none."""
    rate_bp = surcharge_bp if sum(principal.values()) > free_won else 0
    return {source: Won(amount_won * rate_bp // _WHOLE_BP) for source, amount_won in principal.items()}


def _check_state(recovery: Recovery, state: RecoveryState) -> None:
    if recovery.state is not state:
        raise RecoveryDecidedAlready(state=recovery.state)
