"""When each wave may be reported, for which period, and by when: counted in the Korean calendar.

"Within n days" counts from the next day and rolls over when the last day is no working day.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from metrics.outcomes.domain.definitions import WaveRule

KST = ZoneInfo("Asia/Seoul")
_MONTHS = 12

IsWorkingDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Window:
    """One wave of one project. A report names a period inside `period_from` and `period_to`, all of it if `whole`."""

    opens_on: date
    due_on: date
    period_from: date
    period_to: date | None
    months_min: int

    @property
    def due_at(self) -> datetime:
        """When the last day is over in Korea: what comes later is late."""
        return datetime.combine(self.due_on + timedelta(days=1), time(), tzinfo=KST)


def day_of(moment: datetime) -> date:
    """The day in Korea."""
    return moment.astimezone(KST).date()


def end_of(day: date) -> datetime:
    """The last moment of a day in Korea."""
    return datetime.combine(day, time.max, tzinfo=KST)


def window_of(completed_at: datetime, rule: WaveRule, is_working_day: IsWorkingDay) -> Window:
    """When a project's wave is, once it was completed."""
    completed_on = day_of(completed_at)
    if not rule.years:
        opens_on = add_months(completed_on, rule.stable_months)
        due_on = _last_day(opens_on, rule.due_days, is_working_day)
        return Window(opens_on, due_on, completed_on, None, rule.stable_months)
    last = date(completed_on.year + rule.years, _MONTHS, 31)
    due_on = _last_day(last, rule.due_days, is_working_day)
    return Window(last + timedelta(days=1), due_on, date(last.year, 1, 1), last, _MONTHS)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the month's last where it has no such day."""
    years, month = divmod(day.month - 1 + months, _MONTHS)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def covers_months(first: date, last: date, months: int) -> bool:
    """Whether a period, its last day included, is at least so many months long."""
    return add_months(first, months) <= last + timedelta(days=1)


def _last_day(start: date, days: int, is_working_day: IsWorkingDay) -> date:
    day = start + timedelta(days=days)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
