"""An officer's day as one answer."""

from datetime import date, datetime

from common.auth import Principal
from common.db import Transaction
from common.web import View
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.today import domain, store
from metrics.today.queries.reports import ReportsDue, read_reports
from metrics.today.queries.seats import UnusedSeats, read_unused_seats

READERS = (Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES), *sorted(MUNICIPALITY_ROLES))
"""Who has a day here: those who oversee all, and municipalities of their own."""


class Today(View):
    """What is open on a day in Korea, and by which version of the rule."""

    on: date
    rule_version: str
    reports_due: ReportsDue
    unused_seats: UnusedSeats


def area_of(by: Principal) -> str | None:
    """The municipality whose day it is, or none of those who see all."""
    return by.tenant if by.role in MUNICIPALITY_ROLES else None


async def read_today(
    tx: Transaction, *, now: datetime, by: Principal, municipality_code: str | None, most: int
) -> Today:
    """Everything, or one municipality's own."""
    today = domain.today_of(now)
    rule = store.rule_in_force(today)
    return Today(
        on=today,
        rule_version=rule.version,
        reports_due=await read_reports(tx, today, rule, by=by, municipality_code=municipality_code, most=most),
        unused_seats=await read_unused_seats(tx, now=now, by=by, municipality_code=municipality_code, most=most),
    )
