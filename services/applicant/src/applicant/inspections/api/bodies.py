"""What a request says in an inspection."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from applicant.inspections import commands
from common.web import Body


class EvidenceBody(Body):
    """A piece of evidence by its SHA-256; a photo also says when and where, in millionths of a degree."""

    kind: commands.EvidenceKind
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    taken_at: AwareDatetime | None = None
    latitude_microdegrees: int | None = Field(default=None, ge=-90_000_000, le=90_000_000)
    longitude_microdegrees: int | None = Field(default=None, ge=-180_000_000, le=180_000_000)


class _Shown(Body):
    evidence: Annotated[list[EvidenceBody], Field(min_length=1, max_length=50)]

    def pieces(self) -> list[commands.Evidence]:
        """The evidence as commands take it."""
        return [commands.Evidence(**piece.model_dump()) for piece in self.evidence]


class PlanInspection(Body):
    """The day of the visit."""

    planned_on: date


class RecordVisit(_Shown):
    """What the visit shows."""


class ConfirmFix(_Shown):
    """What shows that it was fixed."""


class ConcludeInspection(Body):
    """What was found; `fix_by` with CONDITIONAL only."""

    result: commands.InterimResult
    fix_by: date | None = None


class ReportCompletion(_Shown):
    """What the firm shows: photos with time and place, log-in statistics, invoices, delivery notes."""


class AuditCompletion(_Shown):
    """What the auditor saw on site, and the mentor who checks the targets next."""

    installed_as_planned: bool
    functions_work: bool
    demonstrated_by_own_staff: bool
    demonstrated_on: date
    mentor_subject: str = Field(min_length=1, max_length=100)

    def seen(self) -> commands.Audit:
        """It as commands take it."""
        return commands.Audit(**self.model_dump(exclude={"evidence"}))


class CheckCompletion(_Shown):
    """Whether the build reaches its targets, and by which measurement."""

    targets_reached: bool


class ConcludeCompletion(Body):
    """How it ends; `rework_by` with REWORK only."""

    result: commands.CompletionResult
    rework_by: date | None = None
