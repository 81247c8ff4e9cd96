"""What is done in an inspection, one file for each kind and one for what is overdue."""

from applicant.inspections.commands.completion import (
    audit_completion,
    check_completion,
    conclude_completion,
    report_completion,
)
from applicant.inspections.commands.interim import (
    conclude_inspection,
    confirm_fix,
    plan_inspection,
    record_visit,
)
from applicant.inspections.commands.overdue import fail_completion, fail_interim, overdue_completions, overdue_interims
from applicant.inspections.domain.completion import Audit, CompletionResult
from applicant.inspections.domain.evidence import Evidence, EvidenceKind
from applicant.inspections.domain.interim import InterimResult

__all__ = [
    "Audit",
    "CompletionResult",
    "Evidence",
    "EvidenceKind",
    "InterimResult",
    "audit_completion",
    "check_completion",
    "conclude_completion",
    "conclude_inspection",
    "confirm_fix",
    "fail_completion",
    "fail_interim",
    "overdue_completions",
    "overdue_interims",
    "plan_inspection",
    "record_visit",
    "report_completion",
]
