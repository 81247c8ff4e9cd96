"""What the applicant service tells: calls, applications, projects, and the standing of their firms.

Events carry ids, codes and amounts, never a person and never a score.
"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from common.event import DomainEvent, event

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""An instant with its offset: a time without one is refused on reading."""


class SeatLine(msgspec.Struct, frozen=True, kw_only=True):
    """Places of one type that one municipality funds."""

    type_code: str
    municipality_code: str
    seats: int


class ProjectType(msgspec.Struct, frozen=True, kw_only=True):
    """A type of project in a call and the most public money one firm may get in it, in won."""

    type_code: str
    cap_won: int


class CallRate(msgspec.Struct, frozen=True, kw_only=True):
    """The share of a project's cost that one source pays by a call; capped ones share the type's cap between them."""

    source: str
    rate_bp: int
    capped: bool


class PlannedBudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """Money the call expects from one source; `municipality_code` is set for source MUNICIPALITY only."""

    source: str
    municipality_code: str | None = None
    amount_won: int


@event(service="applicant", aggregate="call", happened="published", version=1, key="call_id")
class CallPublished(DomainEvent, frozen=True, kw_only=True):
    """A call is open to the public and can no longer change.

    `rates` are what each source pays by it; an event from before they were told has none.
    """

    call_id: UUID
    track: str
    title_ko: str
    fiscal_year: int
    opens_at: Moment
    closes_at: Moment
    split_rule_version: str
    types: list[ProjectType]
    seat_lines: list[SeatLine]
    planned_budget_lines: list[PlannedBudgetLine]
    rates: list[CallRate] = msgspec.field(default_factory=list)


class _ApplicationFact(DomainEvent, frozen=True, kw_only=True):
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


@event(service="applicant", aggregate="application", happened="submitted", version=1, key="application_id")
class ApplicationSubmitted(_ApplicationFact, frozen=True, kw_only=True):
    """A firm has applied in time; from here the case is the programme's."""

    company_id: UUID
    total_cost_won: int
    submitted_at: Moment
    worksite_id: UUID | None = None
    """Where the factory is to stand; events from before it was told have none."""


@event(service="applicant", aggregate="application", happened="supplement-requested", version=1, key="application_id")
class SupplementRequested(_ApplicationFact, frozen=True, kw_only=True):
    """The operator asked for more papers until a date (보완요청)."""

    due_at: Moment


@event(service="applicant", aggregate="application", happened="supplemented", version=1, key="application_id")
class ApplicationSupplemented(_ApplicationFact, frozen=True, kw_only=True):
    """The firm answered the request in time; screening goes on."""


@event(service="applicant", aggregate="application", happened="found-eligible", version=1, key="application_id")
class ApplicationFoundEligible(_ApplicationFact, frozen=True, kw_only=True):
    """Every screening rule passed; the panel may score it."""

    rule_version: str


@event(service="applicant", aggregate="application", happened="found-ineligible", version=1, key="application_id")
class ApplicationFoundIneligible(_ApplicationFact, frozen=True, kw_only=True):
    """At least one screening rule failed; `failed_rules` are their ids (R-01 .. R-13)."""

    rule_version: str
    failed_rules: list[str]


@event(service="applicant", aggregate="application", happened="withdrawn", version=1, key="application_id")
class ApplicationWithdrawn(_ApplicationFact, frozen=True, kw_only=True):
    """The firm took its application back."""


@event(service="applicant", aggregate="application", happened="ranked", version=1, key="application_id")
class ApplicationRanked(_ApplicationFact, frozen=True, kw_only=True):
    """The province decided the ranking: `outcome` is SELECTED, RESERVE or NOT_SELECTED."""

    outcome: str


@event(service="applicant", aggregate="application", happened="objection-filed", version=1, key="application_id")
class ObjectionFiled(_ApplicationFact, frozen=True, kw_only=True):
    """A firm objected in time (이의신청): `against` is INELIGIBLE, NOT_SELECTED or RESERVE; decided before `due_at`."""

    objection_id: UUID
    against: str
    due_at: Moment


@event(service="applicant", aggregate="application", happened="objection-decided", version=1, key="application_id")
class ObjectionDecided(_ApplicationFact, frozen=True, kw_only=True):
    """An objection was UPHELD or DISMISSED; what became of its case is told by the events around this one."""

    objection_id: UUID
    against: str
    verdict: str
    consequence: str


class _ProjectFact(DomainEvent, frozen=True, kw_only=True):
    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


@event(service="applicant", aggregate="project", happened="selected", version=1, key="project_id")
class ProjectSelected(_ProjectFact, frozen=True, kw_only=True):
    """A firm has a place; funding must now commit its money or refuse. Carries all that the split needs."""

    company_id: UUID
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str
    promoted: bool = False
    asked_in_turn: bool = False
    """Whether its money is asked for by a `CommitmentRequested`; an event from before there were any asks by itself."""


@event(service="applicant", aggregate="selection", happened="commitment-requested", version=1, key="call_id")
class CommitmentRequested(_ProjectFact, frozen=True, kw_only=True):
    """Funding is asked for a selected project's money. A call's requests come best first, and are answered in turn."""

    company_id: UUID
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str


@event(service="applicant", aggregate="project", happened="confirmed", version=1, key="project_id")
class ProjectConfirmed(_ProjectFact, frozen=True, kw_only=True):
    """The money is committed; the project stands."""


@event(service="applicant", aggregate="project", happened="not-funded", version=1, key="project_id")
class ProjectNotFunded(_ProjectFact, frozen=True, kw_only=True):
    """Funding refused; the place is free for the next reserve."""

    reason: str


@event(service="applicant", aggregate="project", happened="withdrawn", version=1, key="project_id")
class ProjectWithdrawn(_ProjectFact, frozen=True, kw_only=True):
    """The selected firm gave its place back; funding must free the money."""


@event(service="applicant", aggregate="project", happened="agreement-signed", version=1, key="project_id")
class AgreementSigned(_ProjectFact, frozen=True, kw_only=True):
    """Adopter, supplier and operator have signed; every source must now cover its share before it is in force."""

    company_id: UUID
    commitment_id: UUID
    total_cost_won: int
    supplier_contract_won: int


@event(service="applicant", aggregate="project", happened="agreement-effective", version=1, key="project_id")
class AgreementEffective(_ProjectFact, frozen=True, kw_only=True):
    """The agreement is signed by all and covered to the won: it is in force, and the committed money is granted."""


@event(service="applicant", aggregate="project", happened="agreement-lapsed", version=1, key="project_id")
class AgreementLapsed(_ProjectFact, frozen=True, kw_only=True):
    """Adopter or supplier did not sign before `due_at`; the withdrawal of the project follows at once."""

    due_at: Moment
    rule_version: str


@event(service="applicant", aggregate="project", happened="interim-inspection-passed", version=1, key="project_id")
class InterimInspectionPassed(_ProjectFact, frozen=True, kw_only=True):
    """The build was inspected on its way and stands as planned (중간점검): what waited for this gate may go on."""

    inspection_id: UUID


@event(service="applicant", aggregate="project", happened="completed", version=1, key="project_id")
class ProjectCompleted(_ProjectFact, frozen=True, kw_only=True):
    """The completion inspection passed (완료점검): the factory stands, and counts."""

    completion_id: UUID


@event(service="applicant", aggregate="project", happened="suspended", version=1, key="project_id")
class ProjectSuspended(_ProjectFact, frozen=True, kw_only=True):
    """Two people stopped the project for a while; `cause` is a code."""

    suspension_id: UUID
    cause: str


@event(service="applicant", aggregate="project", happened="resumed", version=1, key="project_id")
class ProjectResumed(_ProjectFact, frozen=True, kw_only=True):
    """Two people let a suspended project go on."""

    resumption_id: UUID


@event(service="applicant", aggregate="project", happened="terminated", version=1, key="project_id")
class ProjectTerminated(_ProjectFact, frozen=True, kw_only=True):
    """Two people ended the agreement (협약해지), also after completion; `cause` and `fault_party` are codes."""

    termination_id: UUID
    cause: str
    fault_party: str


@event(service="applicant", aggregate="standing", happened="found", version=1, key="standing_id")
class StandingFound(DomainEvent, frozen=True, kw_only=True):
    """What the tax office said of a firm on `about`, as codes; the answer itself is kept by the applicant service.

    `status` is ACTIVE, SUSPENDED or CLOSED (rule R-05), the two others are arrears (rule R-06).
    """

    standing_id: UUID
    project_id: UUID
    company_id: UUID
    status: str
    national_tax_arrears: bool
    local_tax_arrears: bool
    about: date
    answered_at: Moment
    answer_sha256: str


@event(service="applicant", aggregate="account", happened="tokens-revoked", version=1, key="revocation_id")
class TokensRevoked(DomainEvent, frozen=True, kw_only=True):
    """Tokens issued until a moment of real time are refused by all services, though they have not ended.

    Either the one of `token_id`, or all of `subject`, in one role and tenant if these are named.
    """

    revocation_id: UUID
    issuer: str
    issued_until: Moment
    subject: str | None = None
    role: str | None = None
    tenant: str | None = None
    token_id: str | None = None
