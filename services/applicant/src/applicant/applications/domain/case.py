"""An application's life: DRAFT to ELIGIBLE, INELIGIBLE or WITHDRAWN (domain.md 2.2 C), one function per step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text
from contracts.types import BusinessNumber, MunicipalityCode, Won


class ApplicationStatus(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    UNDER_SCREENING = "UNDER_SCREENING"
    SUPPLEMENT_REQUESTED = "SUPPLEMENT_REQUESTED"
    RESUBMITTED = "RESUBMITTED"
    ELIGIBLE = "ELIGIBLE"
    INELIGIBLE = "INELIGIBLE"
    WITHDRAWN = "WITHDRAWN"


class Outcome(StrEnum):
    """What the province decided on a ranked case; the last word told stands."""

    SELECTED = "SELECTED"
    RESERVE = "RESERVE"
    NOT_SELECTED = "NOT_SELECTED"


class ApplicationNotFound(NotFound):
    code = "application-not-found"
    title = Text("신청을 찾을 수 없습니다", "There is no such application")
    detail = Text(
        "신청 번호와, 볼 수 있는 신청인지를 확인해 주세요.", "Check its id, and whether it is one that you may see."
    )


class ApplicationHasChanged(StaleVersion):
    code = "application-has-changed"
    title = Text("그사이 신청이 바뀌었습니다", "The application has changed meanwhile")
    detail = Text(
        "읽으신 뒤 신청이 바뀌었습니다(현재 {current_version}판). 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "It changed after you read it (now version {current_version}). Nothing was changed. Read it again.",
    )


class NotInThisState(RuleRefused):
    """The step does not follow from the state the application is in."""

    code = "application-not-in-this-state"
    title = Text("지금 상태에서는 할 수 없습니다", "Not possible in the present state")
    detail = Text(
        "신청이 {status} 상태여서 처리할 수 없습니다. 바뀐 것은 없습니다.",
        "The application is {status}, so this step is not open to it. Nothing was changed.",
    )


class WindowNotOpen(RuleRefused):
    code = "window-not-open"
    title = Text("아직 접수 기간이 아닙니다", "The window is not open yet")
    detail = Text(
        "접수는 {opens_at}에 시작합니다. 바뀐 것은 없습니다.", "The window opens at {opens_at}. Nothing was changed."
    )


class WindowClosed(RuleRefused):
    """The window is half-open: the second of the deadline is late (decisions.md, Time)."""

    code = "window-closed"
    title = Text("접수가 마감되었습니다", "The window has closed")
    detail = Text(
        "접수는 {closes_at}에 마감되었습니다. 바뀐 것은 없습니다.",
        "The window closed at {closes_at}. Nothing was changed.",
    )


class CostBelowMinimum(RuleRefused):
    code = "cost-below-minimum"
    title = Text("총사업비가 최소 금액보다 적습니다", "The total cost is below the type's minimum")
    detail = Text(
        "이 유형의 총사업비는 {min_cost_won}원 이상이어야 합니다. 바뀐 것은 없습니다.",
        "This type asks for a total cost of at least {min_cost_won} won. Nothing was changed.",
    )


class ConsentMissing(RuleRefused):
    """Data use and credit information need the company's consent; the two pledges are the call's (domain.md 2.2 C)."""

    code = "consent-missing"
    title = Text("동의와 서약이 필요합니다", "A consent or pledge is missing")
    detail = Text(
        "제출하려면 정보 활용 동의와 서약이 모두 필요합니다: {missing}. 바뀐 것은 없습니다.",
        "Submitting needs every consent and pledge; missing: {missing}. Nothing was changed.",
    )


class WorksiteHasLiveApplication(RuleRefused):
    """Rule R-09: one live application per worksite and fiscal year."""

    code = "worksite-has-live-application"
    title = Text("이 사업장은 올해 이미 신청했습니다", "This worksite has a live application for the fiscal year")
    detail = Text(
        "같은 사업장은 한 회계연도에 한 건만 신청할 수 있습니다(R-09). 바뀐 것은 없습니다.",
        "A worksite may have one live application per fiscal year (rule R-09). Nothing was changed.",
    )


class SupplementLate(RuleRefused):
    code = "supplement-late"
    title = Text("보완 기한이 지났습니다", "The supplement is late")
    detail = Text(
        "보완 기한은 {due_at}까지였습니다. 바뀐 것은 없습니다.",
        "The supplement was due before {due_at}. Nothing was changed.",
    )


class SupplementNotDue(RuleRefused):
    """The firm still has time to answer; nobody decides over its head."""

    code = "supplement-not-due"
    title = Text("보완 기한이 남아 있습니다", "The firm still has time to supplement")
    detail = Text(
        "보완 기한({due_at})이 지나야 결정할 수 있습니다. 바뀐 것은 없습니다.",
        "The firm may supplement until {due_at}; decide after that. Nothing was changed.",
    )


@dataclass(frozen=True, slots=True)
class Consents:
    """What the company agrees to and pledges; all four are needed to submit."""

    data_use: bool
    credit_information: bool
    no_duplicate_aid: bool
    no_kickback: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What the company writes: the project plan (사업계획서) and what the screening rules need to know of it."""

    total_cost_won: Won
    project_title: str
    plan_summary: str
    plan_sha256: str
    supplier_business_number: BusinessNumber
    self_pay_capacity_won: Won
    concurrent_project: bool
    consents: Consents


@dataclass(frozen=True, slots=True)
class SupplementItem:
    """One thing to mend, with the rule it would satisfy when there is one."""

    rule: str | None
    request: str


@dataclass(frozen=True, slots=True)
class Supplement:
    """What the operator asked for (보완요청); the answer counts while `now < due_at`."""

    items: tuple[SupplementItem, ...]
    requested_at: datetime
    due_at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The screening's end: on which rules, by which findings, and until when the firm may object (이의신청).

    `decided_by` is issuer and subject, for who decides on an objection is another person. `overruled` are rules that
    had failed before an objection was upheld.
    """

    rule_version: str
    failed_rules: tuple[str, ...]
    decided_at: datetime
    appeal_until: date | None
    decided_by: str | None = None
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """One worksite's application to one call.

    `fiscal_year` is the call's and `municipality_code` the worksite's, both taken over when the draft was made.
    `outcome` is set by `announce_outcome` once the province has decided the ranking.
    """

    id: UUID
    company_id: UUID
    call_id: UUID
    fiscal_year: int
    type_code: str
    worksite_id: UUID
    municipality_code: MunicipalityCode
    plan: Plan
    status: ApplicationStatus
    created_at: datetime
    version: int
    submitted_at: datetime | None = None
    first_timer: bool | None = None
    supplement: Supplement | None = None
    eligibility: Eligibility | None = None
    outcome: Outcome | None = None
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None


SCREENABLE = frozenset({ApplicationStatus.SUBMITTED, ApplicationStatus.RESUBMITTED})
IN_SCREENING = frozenset({ApplicationStatus.UNDER_SCREENING, ApplicationStatus.RESUBMITTED})
FINAL = frozenset({ApplicationStatus.INELIGIBLE, ApplicationStatus.WITHDRAWN})


def check_version(application: Application, read_version: int) -> None:
    """Refuse a change decided on another version than the present one."""
    if application.version != read_version:
        raise ApplicationHasChanged(current_version=application.version)


def draft(application: Application, *, closes_at: datetime, now: datetime) -> Application:
    """A draft may be begun before the window opens, not after it has closed."""
    if now >= closes_at:
        raise WindowClosed(closes_at=closes_at)
    return application


def revise(application: Application, changes: Mapping[str, object]) -> Application:
    """Change some fields of a draft's plan."""
    _require(application, {ApplicationStatus.DRAFT})
    return replace(application, plan=_changed(application.plan, changes))


def against_submission(
    application: Application,
    *,
    opens_at: datetime,
    closes_at: datetime,
    min_cost_won: Won | None,
    other_live_applications: int,
    now: datetime,
) -> list[RuleRefused]:
    """Everything that stands against handing a draft in. The window is half-open: at `closes_at` it is late."""
    if application.status is not ApplicationStatus.DRAFT:
        return [NotInThisState(status=application.status.value)]
    missing = _missing(application.plan.consents)
    found: list[RuleRefused] = []
    if now < opens_at:
        found.append(WindowNotOpen(opens_at=opens_at))
    if now >= closes_at:
        found.append(WindowClosed(closes_at=closes_at))
    if missing:
        found.append(ConsentMissing(missing=", ".join(missing)))
    if min_cost_won is not None and application.plan.total_cost_won < min_cost_won:
        found.append(CostBelowMinimum(min_cost_won=min_cost_won))
    if other_live_applications:
        found.append(WorksiteHasLiveApplication())
    return found


def submit(
    application: Application,
    *,
    opens_at: datetime,
    closes_at: datetime,
    min_cost_won: Won | None,
    other_live_applications: int,
    first_timer: bool,
    now: datetime,
) -> Application:
    """Hand the draft in; from here the case is the programme's."""
    for refusal in against_submission(
        application,
        opens_at=opens_at,
        closes_at=closes_at,
        min_cost_won=min_cost_won,
        other_live_applications=other_live_applications,
        now=now,
    ):
        raise refusal
    return replace(application, status=ApplicationStatus.SUBMITTED, submitted_at=now, first_timer=first_timer)


def begin_screening(application: Application) -> Application:
    """Take the case up, the first time or after a supplement."""
    _require(application, SCREENABLE)
    return replace(application, status=ApplicationStatus.UNDER_SCREENING)


def request_supplement(
    application: Application, *, items: tuple[SupplementItem, ...], due_at: datetime, now: datetime
) -> Application:
    """Ask the firm for more, until a moment."""
    _require(application, IN_SCREENING)
    asked = Supplement(items, requested_at=now, due_at=due_at)
    return replace(application, status=ApplicationStatus.SUPPLEMENT_REQUESTED, supplement=asked)


def supplement(application: Application, changes: Mapping[str, object], *, now: datetime) -> Application:
    """Answer the request in time, changing some fields of the plan."""
    _require(application, {ApplicationStatus.SUPPLEMENT_REQUESTED})
    asked = _asked(application)
    if now >= asked.due_at:
        raise SupplementLate(due_at=asked.due_at)
    answered = replace(asked, answered_at=now)
    plan = _changed(application.plan, changes)
    return replace(application, status=ApplicationStatus.RESUBMITTED, plan=plan, supplement=answered)


def pass_over_supplement(application: Application, *, now: datetime) -> Application:
    """The firm did not answer in time: its case is judged as it stands. Nothing changes before that moment."""
    if application.status is not ApplicationStatus.SUPPLEMENT_REQUESTED or now < _asked(application).due_at:
        return application
    return replace(application, status=ApplicationStatus.UNDER_SCREENING)


def check_decidable(application: Application, *, now: datetime) -> None:
    """A case is decided out of screening, or when its supplement stayed out; raises otherwise."""
    if application.status is ApplicationStatus.SUPPLEMENT_REQUESTED:
        asked = _asked(application)
        if now < asked.due_at:
            raise SupplementNotDue(due_at=asked.due_at)
        return
    _require(application, IN_SCREENING)


def decide(
    application: Application,
    *,
    rule_version: str,
    failed_rules: tuple[str, ...],
    appeal_until: date,
    by: str,
    now: datetime,
) -> Application:
    """ELIGIBLE when no rule failed; else INELIGIBLE, with the last day to object."""
    check_decidable(application, now=now)
    if not failed_rules:
        eligible = Eligibility(rule_version, (), decided_at=now, appeal_until=None, decided_by=by)
        return replace(application, status=ApplicationStatus.ELIGIBLE, eligibility=eligible)
    refused = Eligibility(rule_version, failed_rules, decided_at=now, appeal_until=appeal_until, decided_by=by)
    return replace(application, status=ApplicationStatus.INELIGIBLE, eligibility=refused)


def find_eligible_after_all(application: Application, *, by: str, now: datetime) -> Application:
    """An objection was upheld: the refusal does not stand."""
    _require(application, {ApplicationStatus.INELIGIBLE})
    refused = application.eligibility
    if refused is None:
        raise NotInThisState(status=application.status.value)
    eligible = Eligibility(
        refused.rule_version, (), decided_at=now, appeal_until=None, decided_by=by, overruled=refused.failed_rules
    )
    return replace(application, status=ApplicationStatus.ELIGIBLE, eligibility=eligible)


def withdraw(application: Application, *, reason: str, now: datetime) -> Application:
    """The firm takes its application back, in any state that still runs."""
    if application.status in FINAL:
        raise NotInThisState(status=application.status.value)
    return replace(application, status=ApplicationStatus.WITHDRAWN, withdrawn_at=now, withdrawal_reason=reason)


def announce_outcome(application: Application, outcome: Outcome) -> Application:
    """Keep what the province decided on the ranked case."""
    _require(application, {ApplicationStatus.ELIGIBLE})
    return replace(application, outcome=outcome)


def submitted_at(application: Application) -> datetime:
    """The moment of application, on which R-02 to R-07 look; a draft has none."""
    if application.submitted_at is None:
        raise NotInThisState(status=application.status.value)
    return application.submitted_at


def _changed(plan: Plan, changes: Mapping[str, object]) -> Plan:
    return replace(plan, **changes)  # type: ignore[arg-type]


def _require(application: Application, allowed: frozenset[ApplicationStatus] | set[ApplicationStatus]) -> None:
    if application.status not in allowed:
        raise NotInThisState(status=application.status.value)


def _asked(application: Application) -> Supplement:
    if application.supplement is None:
        raise NotInThisState(status=application.status.value)
    return application.supplement


def _missing(consents: Consents) -> list[str]:
    return [name for name in Consents.__slots__ if not getattr(consents, name)]
