"""The completion inspection (완료점검): the firm reports, the operator audits, the mentor checks, a second one decides.

COMPLETION_REPORTED -> AUDITED -> MENTOR_CHECKED -> PASSED, or from each of them REWORK (the firm reports again by a
date) or FAILED (the agreement is reviewed). A factory that only its supplier can run is none: the audit sees the
adopter's own staff run it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from applicant.inspections.domain.evidence import Evidence, FixDeadlinePassed, check_inspector
from common.errors import NotFound, RuleRefused, StaleVersion, Text


class CompletionState(StrEnum):
    """How far a completion inspection has come."""

    COMPLETION_REPORTED = "COMPLETION_REPORTED"
    AUDITED = "AUDITED"
    MENTOR_CHECKED = "MENTOR_CHECKED"
    PASSED = "PASSED"
    REWORK = "REWORK"
    FAILED = "FAILED"


class CompletionResult(StrEnum):
    """How it ends."""

    PASSED = "PASSED"
    REWORK = "REWORK"
    FAILED = "FAILED"


_UNDER_WAY = frozenset({CompletionState.COMPLETION_REPORTED, CompletionState.AUDITED, CompletionState.MENTOR_CHECKED})


@dataclass(frozen=True, slots=True)
class Audit:
    """What the auditor saw, and which mentor is to check the targets."""

    installed_as_planned: bool
    functions_work: bool
    demonstrated_by_own_staff: bool
    demonstrated_on: date
    mentor_subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One report of completion and what became of it; people are issuer and subject, and leave in no answer."""

    id: UUID
    project_id: UUID
    round: int
    state: CompletionState
    reported_at: datetime
    evidence: tuple[Evidence, ...]
    audit: Audit | None
    audited_by: str | None
    audited_at: datetime | None
    targets_reached: bool | None
    checked_by: str | None
    checked_at: datetime | None
    rework_due_at: datetime | None
    concluded_by: str | None
    concluded_at: datetime | None
    rule_version: str
    version: int


class CompletionNotFound(NotFound):
    """No such report of completion, or of a build that is not the caller's to see."""

    code = "completion-not-found"
    title = Text("완료 보고를 찾을 수 없습니다", "There is no such report of completion")
    detail = Text("완료점검 번호를 확인해 주세요.", "Check the completion's id.")


class CompletionHasChanged(StaleVersion):
    """Somebody changed it after the caller had read it."""

    code = "completion-has-changed"
    title = Text("완료점검이 그 사이에 바뀌었습니다", "The completion inspection has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class CompletionNotAtThisStep(RuleRefused):
    """Report, audit, mentor's check, end: in this order."""

    code = "completion-not-at-this-step"
    title = Text("지금 할 수 있는 단계가 아닙니다", "The completion inspection is not at this step")
    detail = Text("완료점검 상태가 {state}입니다. 바뀐 것은 없습니다.", "It is {state}. Nothing was changed.")


class InterimNotPassed(RuleRefused):
    """Completion is reported after the interim inspection has passed."""

    code = "interim-not-passed"
    title = Text("중간점검을 통과하지 않았습니다", "The interim inspection has not passed")
    detail = Text(
        "중간점검을 통과한 뒤에 완료를 보고할 수 있습니다. 기록되지 않았습니다.",
        "Completion is reported after the interim inspection has passed. Nothing was recorded.",
    )


class NotDemonstrated(RuleRefused):
    """The adopter's own staff run the system before the auditor's eyes, or there is no audit."""

    code = "not-demonstrated-by-own-staff"
    title = Text("도입기업 직원의 시연이 필요합니다", "The adopter's own staff must demonstrate")
    detail = Text(
        "도입기업 직원이 직접 시연해야 감리가 성립합니다. 기록되지 않았습니다. 시연 후 다시 감리해 주세요.",
        "An audit needs a live demonstration by the adopter's own staff. Nothing was recorded; audit again after it.",
    )


class InspectorIsMentor(RuleRefused):
    """Whoever advised the build does not inspect it, nor the reverse."""

    code = "inspector-is-mentor"
    title = Text("멘토와 점검자는 달라야 합니다", "Mentor and inspector must be two people")
    detail = Text(
        "이 과제를 점검한 사람은 멘토로서 확인할 수 없고, 멘토는 점검할 수 없습니다. 바뀐 것은 없습니다.",
        "Whoever inspected this build cannot check it as its mentor, nor the mentor inspect it. Nothing was changed.",
    )


class SecondPersonNeeded(RuleRefused):
    """Who audited does not also end the inspection."""

    code = "completion-second-person-needed"
    title = Text("감리한 사람은 완료를 결정할 수 없습니다", "The auditor cannot also decide")
    detail = Text(
        "감리한 사람과 다른 담당자가 완료점검을 결정해야 합니다. 바뀐 것은 없습니다.",
        "Another person than the auditor decides the completion inspection. Nothing was changed.",
    )


class NotAsPlanned(RuleRefused):
    """What is not installed, does not work or misses its targets does not pass."""

    code = "completion-not-as-planned"
    title = Text("완료 요건을 갖추지 못했습니다", "The conditions of completion are not met")
    detail = Text(
        "계획대로 설치되고, 기능이 작동하고, 목표를 달성해야 통과합니다. 보완이나 불합격으로 결정해 주세요. 바뀐 것은"
        " 없습니다.",
        "It passes if installed as planned, working, and on target. Decide rework or failure. Nothing was changed.",
    )


def check_version(completion: Completion, read_version: int) -> None:
    """Refuse what rests on a version that is no longer the current one."""
    if completion.version != read_version:
        raise CompletionHasChanged(current_version=completion.version)


def next_round(latest: Completion | None, *, now: datetime) -> int:
    """The number of a new report: the first, or one after a rework that is not yet due."""
    if latest is None:
        return 1
    if latest.state is CompletionState.FAILED:
        return latest.round + 1
    if latest.state is not CompletionState.REWORK or latest.rework_due_at is None:
        raise CompletionNotAtThisStep(state=latest.state)
    if now >= latest.rework_due_at:
        raise FixDeadlinePassed(due_at=latest.rework_due_at.isoformat())
    return latest.round + 1


def audit(
    completion: Completion,
    seen: Audit,
    evidence: tuple[Evidence, ...],
    *,
    by: str,
    mentor: str,
    parties: Collection[str],
    inspectors: Collection[str],
    today: date,
    now: datetime,
) -> Completion:
    """The auditor saw the system installed, working, and run by the adopter's own staff."""
    check_inspector(by, parties)
    check_inspector(mentor, parties)
    if mentor == by or mentor in inspectors:
        raise InspectorIsMentor
    if completion.state is not CompletionState.COMPLETION_REPORTED:
        raise CompletionNotAtThisStep(state=completion.state)
    if not seen.demonstrated_by_own_staff or seen.demonstrated_on > today:
        raise NotDemonstrated
    return replace(
        completion,
        state=CompletionState.AUDITED,
        audit=seen,
        audited_by=by,
        audited_at=now,
        evidence=completion.evidence + evidence,
    )


def check_targets(
    completion: Completion, evidence: tuple[Evidence, ...], *, targets_reached: bool, by: str, now: datetime
) -> Completion:
    """The mentor of the build says whether its targets are reached."""
    if completion.state is not CompletionState.AUDITED:
        raise CompletionNotAtThisStep(state=completion.state)
    if by == completion.audited_by:
        raise InspectorIsMentor
    return replace(
        completion,
        state=CompletionState.MENTOR_CHECKED,
        targets_reached=targets_reached,
        checked_by=by,
        checked_at=now,
        evidence=completion.evidence + evidence,
    )


def conclude(
    completion: Completion,
    result: CompletionResult,
    *,
    rework_due_at: datetime | None,
    by: str,
    parties: Collection[str],
    now: datetime,
) -> Completion:
    """A second person ends the inspection; it passes only whole."""
    check_inspector(by, parties)
    if by == completion.audited_by:
        raise SecondPersonNeeded
    if by == completion.checked_by:
        raise InspectorIsMentor
    if completion.state not in _UNDER_WAY:
        raise CompletionNotAtThisStep(state=completion.state)
    if result is CompletionResult.PASSED:
        if completion.state is not CompletionState.MENTOR_CHECKED:
            raise CompletionNotAtThisStep(state=completion.state)
        seen = completion.audit
        if seen is None or not (seen.installed_as_planned and seen.functions_work and completion.targets_reached):
            raise NotAsPlanned
    return replace(
        completion,
        state=CompletionState(result.value),
        rework_due_at=rework_due_at,
        concluded_by=by,
        concluded_at=now,
    )


def overdue(completion: Completion, *, now: datetime) -> Completion:
    """The rework was not reported in time; nothing changes before its date."""
    late = completion.rework_due_at is not None and now >= completion.rework_due_at
    if not late or completion.state is not CompletionState.REWORK:
        return completion
    return replace(completion, state=CompletionState.FAILED, concluded_at=now)
