"""An application's states, its window and its legal days, without a server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from applicant.applications.domain import case
from applicant.applications.domain.case import Application, ApplicationStatus, Consents, Outcome, Plan
from applicant.deadlines.commands import end_of, last_day
from common.clock import KST
from contracts.types import BusinessNumber, MunicipalityCode, Won

OPENS = datetime(2024, 3, 20, 9, 0, tzinfo=KST)
CLOSES = datetime(2024, 4, 3, 17, 0, tzinfo=KST)
DURING = datetime(2024, 4, 1, tzinfo=KST)
STATES = frozenset(ApplicationStatus)


def an_application(status: ApplicationStatus = ApplicationStatus.DRAFT) -> Application:
    agreed = Consents(data_use=True, credit_information=True, no_duplicate_aid=True, no_kickback=True)
    plan = Plan(
        total_cost_won=Won(60_000_000),
        project_title="자동 집계",
        plan_summary="바코드",
        plan_sha256="a" * 64,
        supplier_business_number=BusinessNumber("1234567891"),
        self_pay_capacity_won=Won(10_000_000),
        concurrent_project=False,
        consents=agreed,
    )
    application = Application(
        id=UUID(int=1),
        company_id=UUID(int=2),
        call_id=UUID(int=3),
        fiscal_year=2024,
        type_code="JS2",
        worksite_id=UUID(int=4),
        municipality_code=MunicipalityCode("52130"),
        plan=plan,
        status=status,
        created_at=OPENS,
        version=1,
        submitted_at=None if status is ApplicationStatus.DRAFT else OPENS,
    )
    if status is ApplicationStatus.INELIGIBLE:
        refused = case.Eligibility("2024-1", ("R-05",), decided_at=OPENS, appeal_until=date(2024, 5, 7))
        return replace(application, eligibility=refused)
    if status is not ApplicationStatus.SUPPLEMENT_REQUESTED:
        return application
    asked = case.Supplement((case.SupplementItem("R-13", "등록증"),), requested_at=OPENS, due_at=DURING)
    return replace(application, supplement=asked)


def submit(application: Application, now: datetime, **changes: object) -> Application:
    terms: dict[str, object] = {"min_cost_won": None, "other_live_applications": 0, "first_timer": True}
    return case.submit(application, opens_at=OPENS, closes_at=CLOSES, now=now, **(terms | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "refusal"),
    [
        (OPENS - timedelta(microseconds=1), case.WindowNotOpen),
        (OPENS, None),
        (CLOSES - timedelta(seconds=1), None),
        (CLOSES - timedelta(microseconds=1), None),
        (CLOSES, case.WindowClosed),
        (CLOSES.astimezone(UTC), case.WindowClosed),
        (CLOSES + timedelta(seconds=1), case.WindowClosed),
    ],
)
def test_the_window_is_half_open(now: datetime, refusal: type[Exception] | None) -> None:
    if refusal is None:
        assert submit(an_application(), now).submitted_at == now
    else:
        with pytest.raises(refusal):
            submit(an_application(), now)


STEPS: dict[str, tuple[Callable[[Application], Application], set[ApplicationStatus], ApplicationStatus]] = {
    "revise": (
        lambda application: case.revise(application, {"project_title": "다른 이름"}),
        {ApplicationStatus.DRAFT},
        ApplicationStatus.DRAFT,
    ),
    "submit": (lambda application: submit(application, DURING), {ApplicationStatus.DRAFT}, ApplicationStatus.SUBMITTED),
    "screen": (
        case.begin_screening,
        {ApplicationStatus.SUBMITTED, ApplicationStatus.RESUBMITTED},
        ApplicationStatus.UNDER_SCREENING,
    ),
    "ask": (
        lambda application: case.request_supplement(application, items=(), due_at=CLOSES, now=DURING),
        {ApplicationStatus.UNDER_SCREENING, ApplicationStatus.RESUBMITTED},
        ApplicationStatus.SUPPLEMENT_REQUESTED,
    ),
    "supplement": (
        lambda application: case.supplement(application, {}, now=DURING - timedelta(microseconds=1)),
        {ApplicationStatus.SUPPLEMENT_REQUESTED},
        ApplicationStatus.RESUBMITTED,
    ),
    "decide": (
        lambda application: case.decide(
            application,
            rule_version="2024-1",
            failed_rules=(),
            appeal_until=date(2024, 5, 7),
            by="issuer officer",
            now=DURING,
        ),
        {ApplicationStatus.UNDER_SCREENING, ApplicationStatus.RESUBMITTED, ApplicationStatus.SUPPLEMENT_REQUESTED},
        ApplicationStatus.ELIGIBLE,
    ),
    "lift the refusal": (
        lambda application: case.find_eligible_after_all(application, by="issuer approver", now=DURING),
        {ApplicationStatus.INELIGIBLE},
        ApplicationStatus.ELIGIBLE,
    ),
    "withdraw": (
        lambda application: case.withdraw(application, reason="철회", now=DURING),
        set(STATES - {ApplicationStatus.INELIGIBLE, ApplicationStatus.WITHDRAWN}),
        ApplicationStatus.WITHDRAWN,
    ),
    "announce": (
        lambda application: case.announce_outcome(application, Outcome.RESERVE),
        {ApplicationStatus.ELIGIBLE},
        ApplicationStatus.ELIGIBLE,
    ),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", sorted(STATES))
def test_each_step_follows_from_its_states_and_from_no_other(step: str, status: ApplicationStatus) -> None:
    take, allowed, reached = STEPS[step]
    if status in allowed:
        assert take(an_application(status)).status is reached
    else:
        with pytest.raises(case.NotInThisState):
            take(an_application(status))


def test_a_refusal_needs_a_failed_rule_and_carries_the_last_day_to_object() -> None:
    screened = an_application(ApplicationStatus.UNDER_SCREENING)
    refused = case.decide(
        screened,
        rule_version="2024-1",
        failed_rules=("R-05",),
        appeal_until=date(2024, 5, 7),
        by="issuer officer",
        now=DURING,
    )
    assert refused.status is ApplicationStatus.INELIGIBLE
    assert refused.eligibility is not None
    assert (refused.eligibility.failed_rules, refused.eligibility.appeal_until) == (("R-05",), date(2024, 5, 7))


def test_the_supplement_is_late_from_its_due_moment_on_and_may_be_decided_over_then() -> None:
    asked = an_application(ApplicationStatus.SUPPLEMENT_REQUESTED)
    with pytest.raises(case.SupplementLate):
        case.supplement(asked, {}, now=DURING)
    with pytest.raises(case.SupplementNotDue):
        case.check_decidable(asked, now=DURING - timedelta(microseconds=1))
    case.check_decidable(asked, now=DURING)
    assert case.pass_over_supplement(asked, now=DURING - timedelta(microseconds=1)) is asked
    assert case.pass_over_supplement(asked, now=DURING).status is ApplicationStatus.UNDER_SCREENING


def test_a_submission_names_every_missing_consent() -> None:
    application = an_application()
    half = Consents(data_use=True, credit_information=False, no_duplicate_aid=True, no_kickback=False)
    application = replace(application, plan=replace(application.plan, consents=half))
    with pytest.raises(case.ConsentMissing) as refused:
        submit(application, DURING)
    assert refused.value.facts["missing"] == "credit_information, no_kickback"


@pytest.mark.parametrize(("min_cost_won", "refused"), [(60_000_000, False), (60_000_001, True)])
def test_the_types_least_cost_is_allowed(min_cost_won: int, *, refused: bool) -> None:
    if refused:
        with pytest.raises(case.CostBelowMinimum):
            submit(an_application(), DURING, min_cost_won=Won(min_cost_won))
    else:
        assert submit(an_application(), DURING, min_cost_won=Won(min_cost_won)).status is ApplicationStatus.SUBMITTED


def test_a_worksite_with_a_live_application_gets_no_second() -> None:
    with pytest.raises(case.WorksiteHasLiveApplication):
        submit(an_application(), DURING, other_live_applications=1)


@pytest.mark.parametrize(
    ("decided", "last"),
    [
        # Weekdays, a Saturday, a Sunday.
        (datetime(2024, 6, 3, 9, 0, tzinfo=KST), date(2024, 6, 24)),
        (datetime(2024, 6, 10, 9, 0, tzinfo=KST), date(2024, 7, 1)),
        (datetime(2024, 6, 11, 23, 59, tzinfo=KST), date(2024, 7, 1)),
        (datetime(2024, 6, 12, 0, 0, tzinfo=KST), date(2024, 7, 2)),
        # The day in Korea counts, not the day in UTC.
        (datetime(2024, 6, 3, 15, 0, tzinfo=UTC), date(2024, 6, 24)),
        # Children's Day 2024 is a Sunday, so Monday 6 May is off; Chuseok from Saturday to Wednesday.
        (datetime(2024, 4, 14, 9, 0, tzinfo=KST), date(2024, 5, 7)),
        (datetime(2024, 4, 16, 9, 0, tzinfo=KST), date(2024, 5, 7)),
        (datetime(2024, 8, 25, 9, 0, tzinfo=KST), date(2024, 9, 19)),
        # Over the new year into the next one's holidays.
        (datetime(2025, 1, 8, 9, 0, tzinfo=KST), date(2025, 1, 31)),
        (datetime(2024, 12, 12, 9, 0, tzinfo=KST), date(2025, 1, 2)),
    ],
)
def test_twenty_days_end_on_a_working_day(decided: datetime, last: date) -> None:
    assert last_day(decided, 20) == last


def test_a_day_ends_with_its_last_moment_in_korea() -> None:
    assert end_of(date(2024, 4, 8)) == datetime(2024, 4, 8, 15, 0, tzinfo=UTC)
