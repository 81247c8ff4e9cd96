"""The interim inspection (중간점검): PLANNED -> VISITED -> PASSED | CONDITIONAL | FAILED.

CONDITIONAL becomes PASSED when the fix is shown before its date, and FAILED when it is not; what has failed is reviewed
for termination.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from applicant.inspections.domain.evidence import Evidence, FixDeadlinePassed, check_inspector
from common.errors import NotFound, RuleRefused, StaleVersion, Text


class InterimState(StrEnum):
    """How far an interim inspection has come."""

    PLANNED = "PLANNED"
    VISITED = "VISITED"
    PASSED = "PASSED"
    CONDITIONAL = "CONDITIONAL"
    FAILED = "FAILED"


class InterimResult(StrEnum):
    """What the inspector found."""

    PASSED = "PASSED"
    CONDITIONAL = "CONDITIONAL"
    FAILED = "FAILED"


OPEN_STATES = frozenset({InterimState.PLANNED, InterimState.VISITED, InterimState.CONDITIONAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interim:
    """One inspection; `inspected_by` is issuer and subject, and leaves in no answer."""

    id: UUID
    project_id: UUID
    state: InterimState
    planned_on: date
    inspected_by: str | None
    visited_at: datetime | None
    evidence: tuple[Evidence, ...]
    fix_due_at: datetime | None
    concluded_at: datetime | None
    rule_version: str
    version: int


class InspectionNotFound(NotFound):
    """No such inspection, or of a build that is not the caller's to see."""

    code = "inspection-not-found"
    title = Text("점검을 찾을 수 없습니다", "There is no such inspection")
    detail = Text("점검 번호를 확인해 주세요.", "Check the inspection's id.")


class InspectionHasChanged(StaleVersion):
    """Somebody changed the inspection after the caller had read it."""

    code = "inspection-has-changed"
    title = Text("점검이 그 사이에 바뀌었습니다", "The inspection has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class InspectionNotAtThisStep(RuleRefused):
    """Its steps follow one another."""

    code = "inspection-not-at-this-step"
    title = Text("지금 할 수 있는 단계가 아닙니다", "The inspection is not at this step")
    detail = Text("점검 상태가 {state}입니다. 바뀐 것은 없습니다.", "The inspection is {state}. Nothing was changed.")


class InspectionUnderWay(RuleRefused):
    """One at a time, and none after it has passed."""

    code = "inspection-under-way"
    title = Text("이미 진행 중이거나 통과한 중간점검이 있습니다", "There is an interim inspection already")
    detail = Text("중간점검의 상태가 {state}입니다. 새로 만들지 않았습니다.", "It is {state}. No other was planned.")


def check_plannable(latest: Interim | None) -> None:
    """Another is planned only after one has failed."""
    if latest is not None and latest.state is not InterimState.FAILED:
        raise InspectionUnderWay(state=latest.state)


def check_version(inspection: Interim, read_version: int) -> None:
    """Refuse what rests on a version that is no longer the current one."""
    if inspection.version != read_version:
        raise InspectionHasChanged(current_version=inspection.version)


def visit(
    inspection: Interim, evidence: tuple[Evidence, ...], *, by: str, parties: Collection[str], now: datetime
) -> Interim:
    """The inspector was there; from here the inspection is this person's."""
    check_inspector(by, parties)
    if inspection.state is not InterimState.PLANNED:
        raise InspectionNotAtThisStep(state=inspection.state)
    return replace(inspection, state=InterimState.VISITED, inspected_by=by, visited_at=now, evidence=evidence)


def conclude(inspection: Interim, result: InterimResult, *, fix_due_at: datetime | None, now: datetime) -> Interim:
    """What was found; a condition has its date."""
    if inspection.state is not InterimState.VISITED:
        raise InspectionNotAtThisStep(state=inspection.state)
    return replace(inspection, state=InterimState(result.value), fix_due_at=fix_due_at, concluded_at=now)


def confirm_fix(
    inspection: Interim, evidence: tuple[Evidence, ...], *, by: str, parties: Collection[str], now: datetime
) -> Interim:
    """The fix was shown in time."""
    check_inspector(by, parties)
    if inspection.state is not InterimState.CONDITIONAL or inspection.fix_due_at is None:
        raise InspectionNotAtThisStep(state=inspection.state)
    if now >= inspection.fix_due_at:
        raise FixDeadlinePassed(due_at=inspection.fix_due_at.isoformat())
    shown = inspection.evidence + evidence
    return replace(inspection, state=InterimState.PASSED, inspected_by=by, evidence=shown, concluded_at=now)


def overdue(inspection: Interim, *, now: datetime) -> Interim:
    """The fix was not shown in time; nothing changes before its date."""
    late = inspection.fix_due_at is not None and now >= inspection.fix_due_at
    if not late or inspection.state is not InterimState.CONDITIONAL:
        return inspection
    return replace(inspection, state=InterimState.FAILED, concluded_at=now)
