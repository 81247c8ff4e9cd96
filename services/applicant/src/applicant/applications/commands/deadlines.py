"""Legal deadlines by the Korean calendar: counted from the next day, rolled over when the last day is no working day.

The Civil Act's rule covers Saturdays as well as public holidays, substitute and election days included.
"""

from datetime import date, datetime, time, timedelta

import holidays

from common.clock import KST

_SATURDAY = 5
# Made when the program starts, since making it reads files; it then works out each year that is asked for by itself.
_HOLIDAYS = holidays.country_holidays("KR")


def last_day(start: datetime, days: int) -> date:
    """The last day of a period of so many days that began at `start`."""
    day = start.astimezone(KST).date() + timedelta(days=days)
    while not _is_working_day(day):
        day += timedelta(days=1)
    return day


def end_of(day: date) -> datetime:
    """When that day is over in Korea: a deadline holds before this moment."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=KST)


def _is_working_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in _HOLIDAYS
