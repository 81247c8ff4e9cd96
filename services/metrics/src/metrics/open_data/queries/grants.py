"""A year's awards as 360Giving has them: what of a project's cost public sources have committed, and to whom as far as
that may be said.

A municipality is named where so many awards of the same call and day are its own that the number may be shown, by the
rule of every other public table; the others are of the region. Below the minimum in all, none is listed. It has no
code here: the standard's `geoCode` is one of the United Kingdom, whose type its codelist names.

An award is the sum of what several budgets bear, so all of them are its funders, the province, whose programme it is,
first: as they stand in all awards that are told to be of one call, day and place, so that a budget that bears nothing
of one project does not say which it is.

Partners know each project by its id, its municipality, and the moments of its selection and agreement, and must not
learn its money. So an award has an id that is told to nobody else, the order of the list follows from it, times are
told to the day, and of the agreement and the completion no day is told at all. Where fewer than the minimum of a call
were made on a day, as when a reserve moved up, that day alone would say whose they are: those are not listed.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import RowMapping

from common.acting import as_service
from common.clock import KST
from common.db import Transaction
from contracts.types import MUNICIPALITIES
from metrics.open_data import store
from metrics.open_data.domain import Funder, OpenDataRule, TooFewOpenGrants
from metrics.open_data.queries.wording import StandardView
from metrics.practices.queries.published import published_names
from metrics.progress.queries.hiding import hide_small, hide_small_total
from metrics.progress.queries.money import awards_of_year

_Round = tuple[UUID, date]
"""The awards of one call that were made on the same day."""
_Group = tuple[_Round, str | None]
"""Of these, those that are told to be of one place, or of no particular one."""

_STANDARD = "1.4"
_LONGEST_TITLE = 140
"""Characters that the standard gives the title of a grant; that of a call may be longer."""
_NAMES = {str(each.code): f"{each.ko} ({each.en})" for each in MUNICIPALITIES}


class GrantOrganisation(StandardView):
    """Who gives or receives; the id of an unnamed firm is of this award alone."""

    id: str
    name: str


class GrantLocation(StandardView):
    """Where the factory stands, as far as the number of awards there may be shown."""

    name: str
    country_code: str


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
        names = await published_names(tx)
    listed = [row for row in found if row["amount_won"] >= rule.least_won]
    made = Counter(_round(row) for row in listed)
    awards = [row for row in listed if made[_round(row)] >= minimum]
    if hide_small_total(len(awards), minimum=minimum) is None:
        raise TooFewOpenGrants(fiscal_year=fiscal_year, minimum=minimum)
    places: dict[_Round, Counter[str]] = defaultdict(Counter)
    for row in awards:
        places[_round(row)][row["municipality_code"]] += 1
    shown = {each: hide_small(counts, minimum=minimum) for each, counts in places.items()}
    told = {row["commitment_id"]: _told_place(row, shown[_round(row)]) for row in awards}
    bearing: dict[_Group, set[str]] = defaultdict(set)
    for row in awards:
        bearing[_round(row), told[row["commitment_id"]]].update(row["sources"])
    grants = [
        Grant(
            id=rule.grant_id(row["commitment_id"]),
            title=_title(row["title_ko"]),
            description=f"스마트공장 구축 지원, 공공 재원의 몫 (public share of a smart factory), {row['track']}",
            currency=rule.currency,
            amount_awarded=row["amount_won"],
            award_date=_day(row),
            recipient_organization=[
                GrantOrganisation(
                    id=rule.recipient_id(row["commitment_id"]), name=names.get(row["project_id"], rule.unnamed)
                )
            ],
            funding_organization=_funders(
                bearing[_round(row), told[row["commitment_id"]]], told[row["commitment_id"]], rule
            ),
            beneficiary_location=[_location(told[row["commitment_id"]], rule)],
            grant_programme=[GrantProgramme(code=f"{row['track']}-{fiscal_year}", title=row["title_ko"])],
            from_open_call="Yes",
            date_modified=datetime.combine(_day(row), time(), tzinfo=KST),
        )
        for row in awards
    ]
    return Grants(version=_STANDARD, grants=sorted(grants, key=lambda grant: (grant.award_date, grant.id)))


def _title(said: str) -> str:
    return said if len(said) < _LONGEST_TITLE else said[: _LONGEST_TITLE - 2] + "…"


def _round(award: RowMapping) -> _Round:
    return award["call_id"], _day(award)


def _told_place(award: RowMapping, shown: Mapping[str, int | None]) -> str | None:
    """The municipality's code, where the number of awards there may be shown."""
    place: str = award["municipality_code"]
    return None if shown.get(place) is None else place


def _location(place: str | None, rule: OpenDataRule) -> GrantLocation:
    return GrantLocation(name=rule.region if place is None else _NAMES[place], country_code=rule.country_code)


def _funders(bearing: Collection[str], place: str | None, rule: OpenDataRule) -> list[GrantOrganisation]:
    """Whose budgets bear the awards of a place, or of several that are not told."""
    local = rule.municipalities if place is None else Funder(rule.municipality_id(place), _NAMES[place])
    funders = {"PROVINCE": Funder(rule.funder_id, rule.funder_name), "NATIONAL": rule.state, "MUNICIPALITY": local}
    return [GrantOrganisation(id=each.id, name=each.name) for source, each in funders.items() if source in bearing]


def _day(award: RowMapping) -> date:
    day: date = award["changed_at"].astimezone(KST).date()
    return day
