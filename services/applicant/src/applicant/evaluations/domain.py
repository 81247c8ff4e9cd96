"""How panels judge cases: who may, what a sheet must hold, and how sheets become one score (domain.md section D).

Scores are whole hundredths of a point, so 8734 is 87.34 points; nothing here is a float.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text

FULL_SCORE = 10_000
_ONE_HIGH_AND_ONE_LOW = 2


class ConflictKind(StrEnum):
    """Why a member must not judge a case: the recusal model of the local subsidy law, applied to panels."""

    OWN_INTEREST = "OWN_INTEREST"
    KIN_INTEREST = "KIN_INTEREST"
    INSTITUTION_CONTRACT = "INSTITUTION_CONTRACT"
    COACHED_THE_FIRM = "COACHED_THE_FIRM"
    PARTY_CHALLENGE = "PARTY_CHALLENGE"
    SELF_WITHDRAWAL = "SELF_WITHDRAWAL"


class CoachingSource(StrEnum):
    """By what somebody came to coach a firm."""

    VISIT = "VISIT"
    COURSE = "COURSE"


@dataclass(frozen=True, slots=True)
class Coaching:
    """Somebody's tie to a firm, by the subject of their token, whatever role it comes in. It never ends."""

    id: UUID
    subject: str
    company_id: UUID
    source: CoachingSource
    source_id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class PanelRule:
    """The call's own rule: how many must score, from how many one high and one low are dropped, the bonus."""

    size_min: int
    trim_from: int
    bonus_cap: int


@dataclass(frozen=True, slots=True)
class Panel:
    """Evaluators of one call, for one type of project or (without a type) for all."""

    id: UUID
    call_id: UUID
    name: str
    type_code: str | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One member's seat at one case; a declared conflict ends it for good."""

    application_id: UUID
    member_id: UUID
    conflict: ConflictKind | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What one evaluator says of one case: technical and site score, and the bonus."""

    technical_score: int
    site_score: int
    bonus: int = 0

    @property
    def score(self) -> int:
        return self.technical_score + self.site_score


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """Signed and locked marks. A later change is another version with its reason; no version is ever altered."""

    id: UUID
    application_id: UUID
    member_id: UUID
    version: int
    marks: Marks
    reason: str | None
    locked_at: datetime


@dataclass(frozen=True, slots=True)
class Consolidated:
    """One case's score and every number it came from. `sheet_scores` are sorted, so that they name nobody."""

    application_id: UUID
    score: int
    site_score: int
    bonus: int
    sheet_scores: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.score + self.bonus


class PanelTooSmall(InvalidInput):
    """Fewer members than the call asks for: the cases of this panel could never be complete."""

    code = "panel-too-small"
    title = Text("평가위원이 부족합니다", "The panel has too few members")
    detail = Text(
        "이 공고의 평가위원회는 최소 {size_min}명이어야 하는데 {size}명입니다. 저장된 것은 없습니다.",
        "A panel of this call needs at least {size_min} members; this one has {size}. Nothing was stored.",
    )


class MemberTwice(InvalidInput):
    """The same person stands twice in a panel."""

    code = "panel-member-twice"
    title = Text("같은 평가위원이 두 번 있습니다", "A member stands twice in the panel")
    detail = Text("평가위원은 한 번씩만 적어 주세요.", "Name each member once.")


class ScoreOutOfRange(InvalidInput):
    """The marks add up to more than a hundred points, or one is below zero."""

    code = "score-out-of-range"
    title = Text("점수가 범위를 벗어났습니다", "The score is out of range")
    detail = Text(
        "기술 점수와 현장 점수의 합은 0점 이상 100점(10000) 이하여야 합니다. 입력한 합은 {score}입니다.",
        "Technical and site score must add up to between 0 and 100 points (10000); these add up to {score}.",
    )


class ReasonMissing(InvalidInput):
    """A locked sheet may only be followed by a version that says why."""

    code = "score-change-needs-reason"
    title = Text("점수를 바꾸는 사유가 필요합니다", "A changed score needs its reason")
    detail = Text(
        "이미 확정한 평가표({version}판)가 있습니다. 새 판에는 변경 사유를 적어 주세요.",
        "Version {version} of this sheet is locked. Say why in order to add another version.",
    )


class SheetHasChanged(StaleVersion):
    """A correction names the version it replaces; this one names another than the last."""

    code = "score-sheet-has-changed"
    title = Text("평가표의 판이 다릅니다", "The sheet has another version")
    detail = Text(
        "확정된 평가표의 현재 판은 {current_version}입니다. 바꾸려면 그 판을 replaces_version에 적어 주세요.",
        "The locked sheet stands at version {current_version}; name it in replaces_version to replace it.",
    )


class CaseNotAssigned(NotFound):
    """The case is not this member's: it might as well not exist."""

    code = "case-not-assigned"
    title = Text("신청 건을 찾을 수 없습니다", "There is no such application")
    detail = Text("신청 건이 없거나 배정되지 않았습니다.", "The application does not exist or is not assigned to you.")


class RemovedByConflict(NotPermitted):
    """The member declared a conflict, and with it left this case."""

    code = "removed-by-conflict"
    title = Text("제척·회피한 신청 건입니다", "You left this case by declaring a conflict")
    detail = Text(
        "이해충돌을 신고한 평가위원은 이 신청 건을 평가할 수 없습니다.",
        "A member who declared a conflict cannot score this case.",
    )


class CaseNotOpenToScores(RuleRefused):
    """Only an eligible case is scored, and only until the province has decided the ranking."""

    code = "case-not-open-to-scores"
    title = Text("평가할 수 없는 상태입니다", "The case cannot be scored now")
    detail = Text(
        "적격으로 확정되고 아직 선정이 결정되지 않은 신청 건만 평가할 수 있습니다.",
        "Only a case found eligible can be scored, until the selection is decided.",
    )


class PanelNotFound(NotFound):
    """No such panel."""

    code = "panel-not-found"
    title = Text("평가위원회를 찾을 수 없습니다", "There is no such panel")
    detail = Text("평가위원회 번호를 확인해 주세요.", "Check the panel's id.")


def check_members(subjects: Sequence[str], *, size_min: int) -> None:
    """Refuse a panel that names somebody twice or could never complete a case."""
    if len(set(subjects)) != len(subjects):
        raise MemberTwice(field="/members")
    if len(subjects) < size_min:
        raise PanelTooSmall(size=len(subjects), size_min=size_min, field="/members")


def share_out(cases: Iterable[tuple[UUID, str]], panels: Sequence[Panel], load: Mapping[UUID, int]) -> dict[UUID, UUID]:
    """Give each (application, type) to the panel of its type with the fewest cases; a case without a panel waits.

    The result depends on the given ids only, so two officers who assign at once agree.
    """
    carried = dict(load)
    given: dict[UUID, UUID] = {}
    for application_id, type_code in sorted(cases):
        fitting = [panel for panel in panels if panel.type_code in {type_code, None}]
        if not fitting:
            continue
        panel = min(fitting, key=lambda p: (p.type_code is None, carried.get(p.id, 0), p.id))
        carried[panel.id] = carried.get(panel.id, 0) + 1
        given[application_id] = panel.id
    return given


def fingerprint(given: Mapping[UUID, UUID], barred: Iterable[tuple[UUID, UUID]]) -> str:
    """SHA-256 of which case went to which panel, and of the seats that were empty from the start, one a line in order.

    The rows hold which; the journal's entry holds this, and stays as small for a hundred thousand cases as for one.
    """
    lines = sorted(f"{case} {panel}" for case, panel in given.items())
    lines += sorted(f"{case} {member} barred" for case, member in barred)
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def may_judge(assignment: Assignment | None) -> Assignment:
    """Let only an assigned member without a conflict near the case."""
    if assignment is None:
        raise CaseNotAssigned
    if assignment.conflict is not None:
        raise RemovedByConflict
    return assignment


def check_replaces(previous: ScoreSheet | None, replaces_version: int | None) -> None:
    """Let a first sheet replace nothing and a correction only what its author has read."""
    current = 0 if previous is None else previous.version
    if (replaces_version or 0) != current:
        raise SheetHasChanged(current_version=current)


def lock_sheet(
    previous: ScoreSheet | None,
    marks: Marks,
    *,
    sheet_id: UUID,
    assignment: Assignment,
    reason: str | None,
    now: datetime,
) -> ScoreSheet:
    """Lock a member's marks as the first version, or as the next one with the reason for the change."""
    if min(marks.technical_score, marks.site_score, marks.bonus) < 0 or marks.score > FULL_SCORE:
        raise ScoreOutOfRange(score=marks.score)
    if previous is not None and not (reason or "").strip():
        raise ReasonMissing(version=previous.version, field="/reason")
    return ScoreSheet(
        id=sheet_id,
        application_id=assignment.application_id,
        member_id=assignment.member_id,
        version=1 if previous is None else previous.version + 1,
        marks=marks,
        reason=None if previous is None else reason,
        locked_at=now,
    )


def is_complete(marks: Sequence[Marks], rule: PanelRule) -> bool:
    """Tell whether enough members have scored a case for it to be ranked."""
    return len(marks) >= rule.size_min


def consolidate(application_id: UUID, marks: Sequence[Marks], rule: PanelRule) -> Consolidated:
    """Make one score of the latest marks of each member who may judge the case."""
    scores = sorted(each.score for each in marks)
    trimmed = is_trimmed(len(scores), rule)
    return Consolidated(
        application_id=application_id,
        score=trimmed_mean(scores, rule),
        site_score=trimmed_mean([each.site_score for each in marks], rule),
        bonus=trimmed_mean([min(each.bonus, rule.bonus_cap) for each in marks], rule),
        sheet_scores=tuple(scores),
        dropped=(scores[0], scores[-1]) if trimmed else (),
    )


def is_trimmed(evaluators: int, rule: PanelRule) -> bool:
    """Tell whether one high and one low score are dropped; never when nothing would be left."""
    return evaluators >= max(rule.trim_from, _ONE_HIGH_AND_ONE_LOW + 1)


def trimmed_mean(scores: Sequence[int], rule: PanelRule) -> int:
    """The mean without one highest and one lowest from `trim_from` scores on; the third decimal is cut off."""
    counted = sorted(scores)
    if is_trimmed(len(counted), rule):
        counted = counted[1:-1]
    return sum(counted) // len(counted)
