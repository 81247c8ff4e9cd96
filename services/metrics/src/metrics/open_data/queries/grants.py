"""A year's awards as 360Giving has them: what of a project's cost public sources have committed, and to whom as far as
that may be said.

A municipality is named where so many awards of the year are its own that the number may be shown, by the rule of every
other public table; the others are of the region. Below the minimum in all, none is listed.
"""

from collections import Counter
from datetime import date, datetime
from uuid import UUID

from common.acting import as_service
from common.clock import KST
from common.db import Transaction
from contracts.types import MUNICIPALITIES
from metrics.open_data import store
from metrics.open_data.domain import OpenDataRule, TooFewOpenGrants
from metrics.open_data.queries.wording import StandardView
from metrics.outcomes.queries.cases import dates_of_projects
from metrics.practices.queries.published import published_names
from metrics.progress.queries import awards_of_year, hide_small, hide_small_total

_STANDARD = "1.4"
_NAMES = {str(each.code): f"{each.ko} ({each.en})" for each in MUNICIPALITIES}


class GrantDates(StandardView):
    """When the work was to begin, or has begun and ended."""

    start_date: date
    end_date: date | None = None


class GrantOrganisation(StandardView):
    """Who gives or receives; the id of an unnamed firm is of this award alone."""

    id: str
    name: str


class GrantLocation(StandardView):
    """Where the factory stands, as far as the number of awards there may be shown."""

    name: str
    country_code: str
    geo_code: str | None = None


class GrantProgramme(StandardView):
    """The call."""

    code: str
    title: str


class Grant(StandardView):
    """One award in won: what public sources have committed to a project, without the firm's own part."""

    id: str
    title: str
    description: str
    currency: str
    amount_awarded: int
    award_date: date
    planned_dates: list[GrantDates] | None = None
    actual_dates: list[GrantDates] | None = None
    recipient_organization: list[GrantOrganisation]
    funding_organization: list[GrantOrganisation]
    beneficiary_location: list[GrantLocation]
    grant_programme: list[GrantProgramme]
    from_open_call: str
    date_modified: datetime


class Grants(StandardView):
    """A year's awards; `version` is the standard's."""

    version: str
    grants: list[Grant]


async def read_grants(tx: Transaction, *, fiscal_year: int, now: datetime, minimum: int) -> Grants:
    """All that may be published, by the day of the award; raises TooFewOpenGrants below the minimum."""
    rule = store.rule_in_force(now.astimezone(KST).date())
    async with as_service(tx):
        found = (await tx.execute(awards_of_year(fiscal_year))).mappings().all()
        awards = [row for row in found if row["amount_won"] >= rule.least_won]
        dates = {row.project_id: row for row in await tx.execute(dates_of_projects())}
        names = await published_names(tx)
    if hide_small_total(len(awards), minimum=minimum) is None:
        raise TooFewOpenGrants(fiscal_year=fiscal_year, minimum=minimum)
    shown = hide_small(Counter(row["municipality_code"] for row in awards), minimum=minimum)
    grants = []
    for row in awards:
        known = dates.get(row["project_id"])
        agreed = _day(known.agreed_at) if known else None
        completed = _day(known.completed_at) if known else None
        grants.append(
            Grant(
                id=rule.grant_id(row["project_id"]),
                title=row["title_ko"],
                description=f"스마트공장 구축 지원, 공공 재원의 몫 (public share of a smart factory), {row['track']}",
                currency=rule.currency,
                amount_awarded=row["amount_won"],
                award_date=row["changed_at"].astimezone(KST).date(),
                planned_dates=[GrantDates(start_date=agreed)] if agreed else None,
                actual_dates=[GrantDates(start_date=agreed, end_date=completed)] if agreed and completed else None,
                recipient_organization=[_recipient(row["project_id"], rule, names)],
                funding_organization=[GrantOrganisation(id=rule.funder_id, name=rule.funder_name)],
                beneficiary_location=[_location(row["municipality_code"], rule, shown)],
                grant_programme=[GrantProgramme(code=f"{row['track']}-{fiscal_year}", title=row["title_ko"])],
                from_open_call="Yes",
                date_modified=row["changed_at"],
            )
        )
    return Grants(version=_STANDARD, grants=grants)


def _recipient(project_id: UUID, rule: OpenDataRule, names: dict[UUID, str]) -> GrantOrganisation:
    return GrantOrganisation(id=rule.recipient_id(project_id), name=names.get(project_id, rule.unnamed))


def _location(place: str, rule: OpenDataRule, shown: dict[str, int | None]) -> GrantLocation:
    if shown.get(place) is None:
        return GrantLocation(name=rule.region, country_code=rule.country_code)
    return GrantLocation(name=_NAMES[place], country_code=rule.country_code, geo_code=place)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.astimezone(KST).date()
