"""An objection: against which decision, until when, who may decide it, and what follows.

FILED -> PREPARED -> UPHELD | DISMISSED. The operator prepares; who decides had no part in the first decision and did
not prepare this one. A decision can be objected to once.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, NotPermitted, RuleRefused, StaleVersion, Text


class ObjectionState(StrEnum):
    """How far an objection has come."""

    FILED = "FILED"
    PREPARED = "PREPARED"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class Against(StrEnum):
    """Which decision against the case it is about."""

    INELIGIBLE = "INELIGIBLE"
    NOT_SELECTED = "NOT_SELECTED"
    RESERVE = "RESERVE"


class Recommendation(StrEnum):
    """What the operator thinks of it; who decides is free."""

    UPHOLD = "UPHOLD"
    DISMISS = "DISMISS"


class Verdict(StrEnum):
    """The decision on an objection."""

    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class Consequence(StrEnum):
    """What the decision does to the case."""

    NONE = "NONE"
    TO_EVALUATION = "TO_EVALUATION"
    REINSTATED = "REINSTATED"
    FIRST_RESERVE = "FIRST_RESERVE"
    OTHER_APPLICATION_STANDS = "OTHER_APPLICATION_STANDS"
    APPLICATION_WITHDRAWN = "APPLICATION_WITHDRAWN"
    ALREADY_SELECTED = "ALREADY_SELECTED"
    NOT_FUNDED = "NOT_FUNDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One objection. `statement`, `findings` and `reason` are people's own words and stay in this table."""

    id: UUID
    deadline_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    against: Against
    statement: str
    evidence_sha256: tuple[str, ...]
    filed_at: datetime
    due_at: datetime
    state: ObjectionState
    recommendation: Recommendation | None = None
    findings: str | None = None
    prepared_by: str | None = None
    prepared_at: datetime | None = None
    consequence: Consequence | None = None
    reason: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    version: int


class ObjectionNotFound(NotFound):
    """No such objection, or another tenant's."""

    code = "objection-not-found"
    title = Text("이의신청을 찾을 수 없습니다", "There is no such objection")
    detail = Text("이의신청 번호를 확인해 주세요.", "Check the objection's id.")


class ObjectionHasChanged(StaleVersion):
    """Somebody changed the objection after the caller had read it."""

    code = "objection-has-changed"
    title = Text("이의신청이 그 사이에 바뀌었습니다", "The objection has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class NothingToObjectTo(RuleRefused):
    """Only a decision against the case can be objected to; being put first among the reserves is none."""

    code = "nothing-to-object-to"
    title = Text("이의를 신청할 결정이 없습니다", "There is no decision to object to")
    detail = Text(
        "부적격, 미선정 또는 예비 결정에 대해서만 이의를 신청할 수 있습니다. 접수된 것은 없습니다.",
        "Only a decision that an application is not eligible, not selected or a reserve can be objected to. Nothing was"
        " filed.",
    )


class AlreadyObjected(RuleRefused):
    """One decision, one objection."""

    code = "already-objected"
    title = Text("이미 이의를 신청한 결정입니다", "This decision was objected to already")
    detail = Text(
        "같은 결정에는 한 번만 이의를 신청할 수 있습니다. 새로 접수된 것은 없습니다.",
        "A decision can be objected to once. Nothing new was filed.",
    )


class ObjectionLate(RuleRefused):
    """The last day to object is over."""

    code = "objection-late"
    title = Text("이의신청 기한이 지났습니다", "The objection is late")
    detail = Text(
        "이의신청은 {last_day}까지 할 수 있었습니다. 접수된 것은 없습니다.",
        "The last day to object was {last_day}. Nothing was filed.",
    )


class ObjectionNotInThisState(RuleRefused):
    """The step does not follow from the state the objection is in."""

    code = "objection-not-in-this-state"
    title = Text("지금 상태에서는 할 수 없습니다", "Not possible in the present state")
    detail = Text(
        "이의신청이 {state} 상태여서 처리할 수 없습니다. 바뀐 것은 없습니다.",
        "The objection is {state}, so this step is not open to it. Nothing was changed.",
    )


class MayNotJudgeOwnDecision(NotPermitted):
    """Who decided the first time, or prepared the objection, does not decide on it."""

    code = "may-not-judge-own-decision"
    title = Text("처음 결정에 참여한 사람은 결정할 수 없습니다", "Who took part in the first decision may not decide")
    detail = Text(
        "처음 결정에 참여했거나 이의신청을 검토한 사람은 결정할 수 없습니다. 다른 승인자가 결정해야 합니다.",
        "Who took part in the first decision, or prepared the objection, cannot decide on it. Another approver must.",
    )


def refusal_of(*, status: str, outcome: str | None) -> Against:
    """Which decision against it an application stands under; raises NothingToObjectTo."""
    if status == "INELIGIBLE":
        return Against.INELIGIBLE
    if status == "ELIGIBLE" and outcome in {Against.NOT_SELECTED, Against.RESERVE}:
        return Against(outcome)
    raise NothingToObjectTo


def check_version(objection: Objection, read_version: int) -> None:
    """Refuse a step decided on another version than the present one."""
    if objection.version != read_version:
        raise ObjectionHasChanged(current_version=objection.version)


def prepare(
    objection: Objection, *, recommendation: Recommendation, findings: str, by: str, now: datetime
) -> Objection:
    """The operator has heard those concerned, and says what it found."""
    _require(objection, ObjectionState.FILED)
    return replace(
        objection,
        state=ObjectionState.PREPARED,
        recommendation=recommendation,
        findings=findings,
        prepared_by=by,
        prepared_at=now,
    )


def check_may_decide(objection: Objection, *, by: str, first_deciders: frozenset[str], scored: bool) -> None:
    """Raise unless this is prepared, and by nobody who judges themselves; `scored` is whether they judged the case."""
    _require(objection, ObjectionState.PREPARED)
    if by in first_deciders or by == objection.prepared_by or scored:
        raise MayNotJudgeOwnDecision


def decide(
    objection: Objection, verdict: Verdict, *, consequence: Consequence, reason: str, by: str, now: datetime
) -> Objection:
    """End an objection with what follows from it."""
    return replace(
        objection,
        state=ObjectionState(verdict.value),
        consequence=consequence,
        reason=reason,
        decided_by=by,
        decided_at=now,
    )


def _require(objection: Objection, state: ObjectionState) -> None:
    if objection.state is not state:
        raise ObjectionNotInThisState(state=objection.state.value)
