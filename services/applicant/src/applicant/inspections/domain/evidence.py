"""What an inspection rests on: papers and photos by their hashes, of the kinds that the rules in force ask for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from common.errors import RuleRefused, Text


class Step(StrEnum):
    """At which step evidence is given."""

    INTERIM_VISIT = "INTERIM_VISIT"
    INTERIM_FIX = "INTERIM_FIX"
    COMPLETION_REPORT = "COMPLETION_REPORT"
    COMPLETION_AUDIT = "COMPLETION_AUDIT"
    MENTOR_CHECK = "MENTOR_CHECK"


class EvidenceKind(StrEnum):
    """What a piece of evidence is."""

    PHOTO = "PHOTO"
    LOGIN_STATISTICS = "LOGIN_STATISTICS"
    INVOICE = "INVOICE"
    DELIVERY_NOTE = "DELIVERY_NOTE"
    DEMONSTRATION_RECORD = "DEMONSTRATION_RECORD"
    KPI_MEASUREMENT = "KPI_MEASUREMENT"


class FixKind(StrEnum):
    """What is to be set right by a date."""

    INTERIM_FIX = "INTERIM_FIX"
    COMPLETION_REWORK = "COMPLETION_REWORK"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece, by its hash; a photo says when and where it was taken, in millionths of a degree."""

    kind: EvidenceKind
    sha256: str
    taken_at: datetime | None = None
    latitude_microdegrees: int | None = None
    longitude_microdegrees: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """The kinds that one step needs at least one piece of, and who says so."""

    step: Step
    kinds: tuple[EvidenceKind, ...]
    source: str


@dataclass(frozen=True, slots=True)
class FixRule:
    """The most days that may be left to set something right."""

    kind: FixKind
    days_max: int
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class InspectionRules:
    """A version of the rules of inspections, in force from a day on."""

    version: str
    valid_from: date
    note: str
    evidence: tuple[EvidenceRule, ...]
    deadlines: tuple[FixRule, ...]

    def kinds(self, step: Step) -> tuple[EvidenceKind, ...]:
        """What this step needs; every version says it of all steps."""
        return {each.step: each.kinds for each in self.evidence}[step]

    def fix(self, kind: FixKind) -> FixRule:
        """How long one kind of fix may take; every version has all kinds."""
        return {each.kind: each for each in self.deadlines}[kind]


class EvidenceMissing(RuleRefused):
    """The rules ask for a kind of evidence that was not given."""

    code = "inspection-evidence-missing"
    title = Text("증빙이 부족합니다", "Evidence is missing")
    detail = Text(
        "이 단계에는 {missing} 증빙이 더 필요합니다. 기록되지 않았습니다.",
        "This step also needs {missing}. Nothing was recorded.",
    )


class PhotoWithoutTimeAndPlace(RuleRefused):
    """A photo proves when and where, and not before it happened."""

    code = "photo-without-time-and-place"
    title = Text("사진의 시각과 위치가 필요합니다", "A photo needs its time and place")
    detail = Text(
        "사진마다 지난 촬영 시각(taken_at)과 위도·경도가 있어야 합니다. 기록되지 않았습니다.",
        "Each photo needs when it was taken, in the past, and its latitude and longitude. Nothing was recorded.",
    )


class FixDateNotPossible(RuleRefused):
    """What is to be set right gets a date ahead, within the time that the rules leave."""

    code = "fix-date-not-possible"
    title = Text("보완 기한을 정할 수 없는 날입니다", "Not a possible date to fix by")
    detail = Text(
        "보완 기한(fix_by)은 오늘 다음 날부터 {last} 사이여야 합니다. 바뀐 것은 없습니다.",
        "The date (fix_by) lies after today and not after {last}. Nothing was changed.",
    )


class InspectorIsParty(RuleRefused):
    """Whoever signed for the adopter or the supplier does not inspect their work."""

    code = "inspector-is-party"
    title = Text("당사자는 점검할 수 없습니다", "A party cannot inspect")
    detail = Text(
        "도입기업이나 공급기업을 대표해 협약에 서명한 사람은 점검할 수 없습니다. 다른 사람이 점검해야 합니다.",
        "Whoever signed for the adopter or the supplier cannot inspect; another person must.",
    )


class FixDeadlinePassed(RuleRefused):
    """The time to set it right is over; two people now look at the agreement."""

    code = "fix-deadline-passed"
    title = Text("보완 기한이 지났습니다", "The time to fix is over")
    detail = Text(
        "보완 기한은 {due_at}이었습니다. 기록되지 않았고, 해지 검토로 넘어갑니다.",
        "It had to be done before {due_at}. Nothing was recorded; the agreement is reviewed.",
    )


def check_evidence(kinds: Sequence[EvidenceKind], given: Sequence[Evidence], *, now: datetime) -> None:
    """At least one piece of each kind, and every photo with its time and place."""
    missing = sorted(set(kinds) - {each.kind for each in given})
    if missing:
        raise EvidenceMissing(missing=", ".join(missing))
    if not all(_placed(each, now) for each in given if each.kind is EvidenceKind.PHOTO):
        raise PhotoWithoutTimeAndPlace


def check_inspector(person: str, parties: Collection[str]) -> None:
    """The inspector is neither the adopter nor the supplier."""
    if person in parties:
        raise InspectorIsParty


def check_fix_by(fix_by: date | None, *, today: date, last: date) -> date:
    """The date a fix is due, if it may be that."""
    if fix_by is None or not today < fix_by <= last:
        raise FixDateNotPossible(last=last.isoformat())
    return fix_by


def _placed(photo: Evidence, now: datetime) -> bool:
    where = photo.latitude_microdegrees is not None and photo.longitude_microdegrees is not None
    return where and photo.taken_at is not None and photo.taken_at <= now
