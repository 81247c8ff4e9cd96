"""What the applicant and mentoring services tell of a case, as far as a page shows it, under the names they give it.

Whatever else they answer is passed over, so that their interfaces may grow.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A place and what became of it."""

    id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str
    promoted: bool
    state: str
    state_reason: str | None
    selected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """What screening decided, by which rules, and until which day an objection is heard."""

    rule_version: str
    failed_rules: tuple[str, ...]
    decided_at: datetime
    appeal_until: date | None


@dataclass(frozen=True, slots=True)
class SupplementItem:
    """A paper that is wanted."""

    request: str
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """What was asked for during screening, and until when."""

    items: tuple[SupplementItem, ...]
    requested_at: datetime
    due_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application, from its draft to its outcome."""

    id: UUID
    company_id: UUID
    call_id: UUID
    fiscal_year: int
    type_code: str
    municipality_code: str
    total_cost_won: int
    project_title: str
    plan_sha256: str
    status: str
    created_at: datetime
    submitted_at: datetime | None
    supplement: Supplement | None
    eligibility: Eligibility | None
    outcome: str | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Signature:
    """A party that has signed."""

    party: str
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A legal deadline. `duty` says whose; the lists of a project do not tell it."""

    kind: str
    due_at: datetime
    rule: str
    rule_version: str
    state: str
    settled_at: datetime | None
    duty: str | None = None
    application_id: UUID | None = None
    project_id: UUID | None = None
    last_day: date | None = None
    days_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The agreement of the parties."""

    project_id: UUID
    plan_sha256: str | None
    state: str
    signatures: tuple[Signature, ...]
    deadlines: tuple[Deadline, ...]
    drafted_at: datetime
    effective_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildChange:
    """A suspension, a resumption or a termination, proposed and decided."""

    kind: str
    cause: str
    evidence: tuple[str, ...]
    state: str
    proposed_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The building of what was agreed."""

    project_id: UUID
    state: str
    began_at: datetime
    completed_at: datetime | None
    terminated_at: datetime | None
    changes: tuple[BuildChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document by its hash; its content is elsewhere."""

    id: UUID
    kind: str
    media_type: str
    sha256: str
    size_bytes: int
    edition: int
    state: str
    refused_because: str | None
    announced_at: datetime
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an inspection rests on."""

    kind: str
    sha256: str
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The inspection half way."""

    state: str
    planned_on: date
    visited_at: datetime | None
    evidence: tuple[Evidence, ...]
    fix_due_at: datetime | None
    concluded_at: datetime | None
    rule_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A round of the inspection at the end."""

    round: int
    state: str
    reported_at: datetime
    evidence: tuple[Evidence, ...]
    audited_at: datetime | None
    checked_at: datetime | None
    rework_due_at: datetime | None
    concluded_at: datetime | None
    rule_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A change of the agreement."""

    cause: str
    evidence_sha256: tuple[str, ...]
    requested_party: str
    requested_at: datetime
    rule_version: str
    state: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A firm's objection, and what came of it."""

    application_id: UUID
    against: str
    filed_at: datetime
    due_at: datetime
    state: str
    consequence: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Residency:
    """A mentor team's weeks at the firm."""

    project_id: UUID
    first_week: date
    weeks: int
    state: str
    assigned_at: datetime
    answered_at: datetime | None
    started_on: date | None
    ended_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry of a case's journal: who decided what, when, by which rules, on what evidence."""

    position: int
    decision: str
    actor: str
    rule_version: str | None
    evidence: tuple[str, ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a case's hash chain stood."""

    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class Journal:
    """A part of a case's decisions, oldest first; `more` names the lists that go on."""

    decisions: tuple[Decision, ...]
    chain: Chain
    more: tuple[str, ...]
