"""Which days are working days in Korea, and the versions of the rules of deadlines: data that comes with the program.

The Civil Act's rule on last days covers Saturdays as well as public holidays, substitute and election days included.
"""

from datetime import date, datetime

import holidays
import msgspec

from applicant.deadlines.domain import DeadlineRules
from common.clock import KST
from common.data_files import json_files

_SATURDAY = 5
# Made when the program starts, since making it reads files; it then works out each year that is asked for by itself.
_HOLIDAYS = holidays.country_holidays("KR")
_RULES = {
    rules.version: rules
    for rules in (
        msgspec.json.decode(content, type=DeadlineRules)
        for content in json_files("applicant", "deadline_rules").values()
    )
}


def is_working_day(day: date) -> bool:
    """Whether a period may end on this day."""
    return day.weekday() < _SATURDAY and day not in _HOLIDAYS


def rules_in_force(now: datetime) -> DeadlineRules:
    """The newest version whose first day in Korea has come."""
    day = now.astimezone(KST).date()
    return max((each for each in _RULES.values() if each.valid_from <= day), key=lambda each: each.valid_from)


def rules_of(version: str) -> DeadlineRules:
    """The version under which a deadline was opened: a newer one does not change it."""
    return _RULES[version]
