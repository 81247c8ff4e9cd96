"""Deadlines in the Korean calendar: how they are counted, when they are told of, and what their passing means."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from applicant.deadlines import domain
from applicant.deadlines.domain import Deadline, DeadlineKind, DeadlineState, Subject
from applicant.deadlines.store.calendar import is_working_day, rules_in_force
from common.clock import KST

THURSDAY = datetime(2024, 5, 16, 10, tzinfo=KST)
RULES = rules_in_force(THURSDAY)


def opened(kind: DeadlineKind, *, last_day: date, now: datetime = THURSDAY) -> Deadline:
    case = uuid4()
    subject = Subject(id=case, application_id=case, company_id=uuid4(), call_id=uuid4(), municipality_code="52110")
    return domain.opened(uuid4(), subject, RULES, kind, last_day=last_day, now=now)


def at(day: date, *, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=KST)


@pytest.mark.parametrize(
    ("start", "days", "last_day"),
    [
        ("2024-04-12T10:00", 20, "2024-05-02"),  # an ordinary Thursday
        ("2024-04-12T23:59", 20, "2024-05-02"),  # the first day never counts, however late in it
        ("2024-05-16T10:00", 30, "2024-06-17"),  # Saturday 15 June
        ("2024-04-25T09:00", 20, "2024-05-16"),  # 15 May is Buddha's birthday
        ("2024-08-27T09:00", 20, "2024-09-19"),  # Chuseok, 16 to 18 September
        ("2024-04-16T09:00", 20, "2024-05-07"),  # the 6th takes the place of Children's day on a Sunday
        ("2024-03-21T09:00", 20, "2024-04-11"),  # 10 April is an election
    ],
)
def test_the_last_day_counts_from_the_next_and_rolls_over(start: str, days: int, last_day: str) -> None:
    began = datetime.fromisoformat(start).replace(tzinfo=KST)
    assert domain.last_day_of(began, days, is_working_day) == date.fromisoformat(last_day)


def test_a_deadline_holds_to_the_last_microsecond_of_its_last_day() -> None:
    due_at = domain.end_of(date(2024, 5, 2))
    assert due_at == datetime(2024, 5, 3, tzinfo=KST)
    assert domain.last_day_before(due_at) == date(2024, 5, 2)
    assert domain.days_left(due_at, due_at - timedelta(microseconds=1)) == 0
    assert domain.days_left(due_at, due_at) == -1


def test_working_days_leave_out_weekends_and_holidays() -> None:
    due_at = domain.end_of(date(2024, 5, 8))
    friday = datetime(2024, 5, 3, 12, tzinfo=KST)
    # Saturday, Sunday and the substitute of Children's day lie between.
    assert domain.days_left(due_at, friday) == 5
    assert domain.working_days_left(due_at, friday, is_working_day) == 2


def test_each_alert_is_given_once_at_its_hour() -> None:
    deadline = opened(DeadlineKind.AGREEMENT_SIGNATURES, last_day=date(2024, 6, 17))
    told = []
    now = THURSDAY
    while now < deadline.due_at:
        if deadline.work_at <= now:
            step = domain.look(deadline, RULES, now=now)
            told.append((now, step.near_days))
            deadline = step.deadline
        now += timedelta(hours=1)
    assert told == [(at(date(2024, 6, 10), hour=9), 7), (at(date(2024, 6, 16), hour=9), 1)]
    assert deadline.work_at == deadline.due_at


def test_a_worker_that_was_away_gives_the_most_urgent_alert_and_no_other() -> None:
    deadline = opened(DeadlineKind.AGREEMENT_SIGNATURES, last_day=date(2024, 6, 17))
    step = domain.look(deadline, RULES, now=deadline.due_at - timedelta(hours=2))
    assert (step.near_days, step.deadline.alerted_days) == (0, 1)
    assert step.deadline.work_at == deadline.due_at


def test_a_deadline_shorter_than_its_first_alert_begins_with_the_next() -> None:
    deadline = opened(DeadlineKind.SUPPLEMENT, last_day=date(2024, 5, 21))
    assert deadline.work_at == at(date(2024, 5, 20), hour=9)


def test_an_offices_duty_is_told_of_again_and_again_and_never_ends_by_itself() -> None:
    deadline = opened(DeadlineKind.AGREEMENT_ISSUE, last_day=date(2024, 5, 30))
    repeat = timedelta(days=RULES.deadline(DeadlineKind.AGREEMENT_ISSUE).repeat_days or 0)
    for number in range(1, 4):
        step = domain.look(deadline, RULES, now=deadline.due_at + (number - 1) * repeat)
        assert (step.escalated, step.deadline.escalations) == (True, number)
        deadline = step.deadline
    assert (deadline.state, deadline.settled_at) == (DeadlineState.OVERDUE, None)
    assert not domain.look(deadline, RULES, now=deadline.work_at - timedelta(seconds=1)).escalated


def test_however_late_the_worker_looks_the_end_is_the_same() -> None:
    deadline = opened(DeadlineKind.AGREEMENT_ISSUE, last_day=date(2024, 5, 30))
    end = deadline.due_at + timedelta(days=40)
    often = deadline
    now = deadline.due_at
    while now <= end:
        often = domain.look(often, RULES, now=now).deadline
        now += timedelta(days=1)
    once = domain.look(deadline, RULES, now=end).deadline
    assert replace(once, alerted_days=often.alerted_days) == often


def test_a_right_that_nobody_used_lapses_and_a_case_is_acted_on() -> None:
    window = opened(DeadlineKind.OBJECTION_WINDOW, last_day=date(2024, 6, 5))
    assert domain.look(window, RULES, now=window.due_at).deadline.state is DeadlineState.LAPSED
    signatures = opened(DeadlineKind.AGREEMENT_SIGNATURES, last_day=date(2024, 6, 5))
    assert domain.acts_on_its_case(signatures, RULES, now=signatures.due_at)
    assert not domain.acts_on_its_case(signatures, RULES, now=signatures.due_at - timedelta(microseconds=1))
    assert not domain.acts_on_its_case(window, RULES, now=window.due_at)


def test_every_kind_has_a_rule_that_names_its_source() -> None:
    for kind in DeadlineKind:
        rule = RULES.deadline(kind)
        assert rule.rule
        assert "[" in rule.source or rule.source.startswith("assumed")
        assert (rule.repeat_days is not None) == (rule.on_miss is domain.OnMiss.ESCALATE)


def test_what_is_closed_stays_closed() -> None:
    deadline = opened(DeadlineKind.SUPPLEMENT, last_day=date(2024, 5, 21))
    met = domain.settled(deadline, DeadlineState.MET, at=THURSDAY)
    assert domain.settled(met, DeadlineState.MISSED, at=THURSDAY + timedelta(days=30)) is met
