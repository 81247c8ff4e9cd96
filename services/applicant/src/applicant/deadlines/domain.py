"""A legal deadline: how it is counted in the Korean calendar, who is told when, and what its passing means.

OPEN -> MET | MISSED (the worker acts on the case) | LAPSED (a right that nobody used) | DROPPED (its case has ended).
A duty of the programme's own offices becomes OVERDUE and is told of again and again until it is MET: whose fault it is
not must not lose by it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")

IsWorkingDay = Callable[[date], bool]


class DeadlineKind(StrEnum):
    """What must have happened by a deadline."""

    SUPPLEMENT = "SUPPLEMENT"
    SCREENING_DECISION = "SCREENING_DECISION"
    OBJECTION_WINDOW = "OBJECTION_WINDOW"
    OBJECTION_DECISION = "OBJECTION_DECISION"
    AGREEMENT_ISSUE = "AGREEMENT_ISSUE"
    AGREEMENT_SIGNATURES = "AGREEMENT_SIGNATURES"
    AGREEMENT_OPERATOR_SIGNATURE = "AGREEMENT_OPERATOR_SIGNATURE"
    AGREEMENT_COVERAGE = "AGREEMENT_COVERAGE"
    AMENDMENT_CONSENT = "AMENDMENT_CONSENT"
    AMENDMENT_DECISION = "AMENDMENT_DECISION"
    SUPPORT_TICKET = "SUPPORT_TICKET"


class DeadlineState(StrEnum):
    """An open deadline is kept, missed, let lapse, or dropped because what it was about has ended."""

    OPEN = "OPEN"
    OVERDUE = "OVERDUE"
    MET = "MET"
    MISSED = "MISSED"
    LAPSED = "LAPSED"
    DROPPED = "DROPPED"


RUNNING = frozenset({DeadlineState.OPEN, DeadlineState.OVERDUE})
"""What somebody still has to do."""


class Duty(StrEnum):
    """Whose it is to act in time."""

    FIRM = "FIRM"
    OPERATOR = "OPERATOR"
    PROVINCE = "PROVINCE"
    MUNICIPALITY = "MUNICIPALITY"


class OnMiss(StrEnum):
    """What its passing means: the case moves on, a superior is told, or a right ends."""

    ACT = "ACT"
    ESCALATE = "ESCALATE"
    END = "END"


@dataclass(frozen=True, slots=True)
class Named:
    """One name in both languages."""

    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """One deadline as data; `days` is none where what opens it says how many. Alerts leave so many days before."""

    kind: DeadlineKind
    duty: Duty
    on_miss: OnMiss
    days: int | None
    alert_days: tuple[int, ...]
    repeat_days: int | None
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """A version of all rules, in force from a day on; alerts leave at `alert_hour` in Korea."""

    version: str
    valid_from: date
    note: str
    alert_hour: int
    appeal_body: Named
    deadlines: tuple[DeadlineRule, ...]

    def deadline(self, kind: DeadlineKind) -> DeadlineRule:
        """The rule of one kind; every version has all kinds."""
        return {each.kind: each for each in self.deadlines}[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a deadline is about, by its id, and whose case that is: who may see it follows from here."""

    id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    municipality_code: str
    project_id: UUID | None = None
    supplier_business_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A legal deadline: it holds before `due_at`. `work_at` is when the worker has to look at it next."""

    id: UUID
    subject: Subject
    kind: DeadlineKind
    duty: Duty
    opened_at: datetime
    due_at: datetime
    rule: str
    rule_version: str
    source_note: str
    work_at: datetime
    state: DeadlineState = DeadlineState.OPEN
    settled_at: datetime | None = None
    alerted_days: int | None = None
    escalations: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What looking at a deadline comes to: the deadline afterwards, and what somebody must be told."""

    deadline: Deadline
    near_days: int | None = None
    escalated: bool = False


def last_day_of(start: datetime, days: int, is_working_day: IsWorkingDay) -> date:
    """The last day of a period of so many days that began at `start`, which itself does not count."""
    day = start.astimezone(KST).date() + timedelta(days=days)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def end_of(day: date) -> datetime:
    """When that day is over in Korea: a deadline holds before this moment."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=KST)


def last_day_before(due_at: datetime) -> date:
    """The last day on which a deadline still holds."""
    return (due_at - timedelta(microseconds=1)).astimezone(KST).date()


def days_left(due_at: datetime, now: datetime) -> int:
    """D-day as Koreans count it: 0 on the last day, negative after it."""
    return (last_day_before(due_at) - now.astimezone(KST).date()).days


def working_days_left(due_at: datetime, now: datetime, is_working_day: IsWorkingDay) -> int:
    """Working days from tomorrow to the last day, which is one itself; 0 once it has come."""
    today = now.astimezone(KST).date()
    return sum(is_working_day(today + timedelta(days=ahead)) for ahead in range(1, days_left(due_at, now) + 1))


def opened(
    id_: UUID, subject: Subject, rules: DeadlineRules, kind: DeadlineKind, *, last_day: date, now: datetime
) -> Deadline:
    """Begin a deadline that ends with its last day."""
    rule = rules.deadline(kind)
    deadline = Deadline(
        id=id_,
        subject=subject,
        kind=kind,
        duty=rule.duty,
        opened_at=now,
        due_at=end_of(last_day),
        rule=rule.rule,
        rule_version=rules.version,
        source_note=rule.source,
        work_at=now,
    )
    return replace(deadline, work_at=_next_look(deadline, rule, rules.alert_hour, now))


def look(deadline: Deadline, rules: DeadlineRules, *, now: datetime) -> Step:
    """What the worker does about a deadline at `now`, short of acting on its case: however late it looks, once each."""
    rule = rules.deadline(deadline.kind)
    if now < deadline.due_at:
        near = [days for days in _alerts(deadline, rule, rules.alert_hour) if _alert_at(deadline, days, rules) <= now]
        told = replace(deadline, alerted_days=min(near)) if near else deadline
        moved = replace(told, work_at=_next_look(told, rule, rules.alert_hour, now))
        return Step(moved, near_days=days_left(deadline.due_at, now) if near else None)
    if rule.on_miss is OnMiss.END:
        return Step(settled(deadline, DeadlineState.LAPSED, at=now))
    repeat = timedelta(days=rule.repeat_days or 1)
    due_by_now = 1 + (now - deadline.due_at) // repeat
    overdue = replace(
        deadline,
        state=DeadlineState.OVERDUE,
        escalations=due_by_now,
        work_at=deadline.due_at + due_by_now * repeat,
    )
    return Step(overdue, escalated=due_by_now > deadline.escalations)


def acts_on_its_case(deadline: Deadline, rules: DeadlineRules, *, now: datetime) -> bool:
    """Whether its passing changes its case."""
    return now >= deadline.due_at and rules.deadline(deadline.kind).on_miss is OnMiss.ACT


def settled(deadline: Deadline, state: DeadlineState, *, at: datetime) -> Deadline:
    """Close a running deadline; one that is closed stays as it is."""
    if deadline.state not in RUNNING:
        return deadline
    return replace(deadline, state=state, settled_at=at)


def _next_look(deadline: Deadline, rule: DeadlineRule, alert_hour: int, now: datetime) -> datetime:
    alerts = (_at_hour(deadline, days, alert_hour) for days in _alerts(deadline, rule, alert_hour))
    return min((moment for moment in alerts if moment > now), default=deadline.due_at)


def _alerts(deadline: Deadline, rule: DeadlineRule, alert_hour: int) -> list[int]:
    """The alerts that are still to come: not given yet, and not before it was opened."""
    return [
        days
        for days in rule.alert_days
        if (deadline.alerted_days is None or days < deadline.alerted_days)
        and _at_hour(deadline, days, alert_hour) > deadline.opened_at
    ]


def _alert_at(deadline: Deadline, days: int, rules: DeadlineRules) -> datetime:
    return _at_hour(deadline, days, rules.alert_hour)


def _at_hour(deadline: Deadline, days: int, hour: int) -> datetime:
    return datetime.combine(last_day_before(deadline.due_at) - timedelta(days=days), time(hour), tzinfo=KST)
