"""Teams reside: they come on a Monday, find what to improve, the firm agrees and confirms, they leave on a Friday."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from common.clock import KST
from smartfactory.season import people
from smartfactory.season.documents import hash_of
from smartfactory.season.options import DoneAtFirms
from smartfactory.season.origin import Json, Person, for_each
from smartfactory.season.stage import Stage

_COMES_AT, _LEAVES_AT = time(10, tzinfo=KST), time(16, tzinfo=KST)
_LAST_FRIDAY = timedelta(days=-3)
"""Before the Monday after the last week."""
_FIRST, _ACCEPTED, _STARTED = 1, 2, 3
"""Versions of what nobody else acts on: played again, the requests are the same."""
_MINUTES_A_DAY = 420
_KPIS = ("PRODUCTIVITY", "DEFECTS", "ON_TIME_DELIVERY")
_REJECTED_ONE_IN = 4


async def reside(
    stage: Stage,
    residencies: Sequence[Json],
    teams: Sequence[Json],
    owners: Mapping[str, Person],
    *,
    ended: Collection[str],
    ends_on: date,
) -> None:
    """Put the weeks of every team on the season's agenda.

    `owners` are by project. From `ends_on` on nobody comes to the projects that have `ended`, or leaves them in order.
    """
    coming: defaultdict[date, list[Json]] = defaultdict(list)
    leaving: defaultdict[date, list[Json]] = defaultdict(list)
    for each in residencies:
        goes_on = each["project_id"] not in ended
        if goes_on or _comes_on(each) < ends_on:
            coming[_comes_on(each)].append(each)
        if goes_on or _leaves_on(each) < ends_on:
            leaving[_leaves_on(each)].append(each)
    acting = _Teams(stage, owners, await _leads(stage, teams))
    for day, some in coming.items():
        stage.note(datetime.combine(day, _COMES_AT), "teams come to their firms", some, acting.come)
    for day, some in leaving.items():
        stage.note(datetime.combine(day, _LEAVES_AT), "teams leave, improvements closed", some, acting.leave)


async def done_at_firms(stage: Stage, residencies: Sequence[Json]) -> DoneAtFirms:
    """What all teams did, as the mentoring service tells it."""
    visits: list[Json] = []

    async def read(residency: Json) -> None:
        visits.append(await stage.origin.get(people.AUDITOR, f"/mentoring/v1/residencies/{residency['id']}/visits"))

    await for_each(residencies, read, at_once=stage.options.concurrency)
    items = Counter(item["state"] for each in visits for item in each["items"])
    return DoneAtFirms(
        residencies_ended=sum(each["state"] == "ENDED" for each in residencies),
        know_how_minutes=sum(each["know_how_minutes"] for each in visits),
        items_found=items.total(),
        items_closed=items["CLOSED"],
        items_rejected=items["REJECTED"],
    )


async def _leads(stage: Stage, teams: Sequence[Json]) -> dict[str, tuple[Person, Sequence[str]]]:
    """By team: who records what it does, and all who are in it."""
    found = {}
    for team in teams:
        lead = await stage.origin.get(people.AUDITOR, f"/mentoring/v1/mentors/{team['lead_id']}")
        found[team["id"]] = (people.mentor(lead["subject"]), team["mentor_ids"])
    return found


class _Teams:
    """What a team does on the day it comes, and on the day it leaves."""

    def __init__(
        self, stage: Stage, owners: Mapping[str, Person], leads: Mapping[str, tuple[Person, Sequence[str]]]
    ) -> None:
        self._stage = stage
        self._owners = owners
        self._leads = leads
        self._items: dict[str, Json] = {}

    async def come(self, residency: Json) -> None:
        origin, lead = self._stage.origin, self._lead(residency)
        path, project = f"/mentoring/v1/residencies/{residency['id']}", residency["project_id"]
        owner = self._owners[project]
        await origin.post(
            people.MENTOR_LEAD, f"{path}/starts", None, step="start-residency", entity=project, version=_ACCEPTED
        )
        await self._visit(residency, _comes_on(residency), step="first-session")
        number = int(hash_of(f"kpi/{residency['municipality_code']}/{residency['first_week']}"), 16)
        item = await self._find(residency, _KPIS[number % len(_KPIS)], step="find-item")
        if number % _REJECTED_ONE_IN == 0:
            other = await self._find(residency, "COST", step="find-second-item")
            said = {"reason": "TOO_COSTLY"}
            await self._of_item(owner, other, "rejections", said, step="reject-item", entity=project)
        item = await self._of_item(owner, item, "agreements", None, step="agree-item", entity=project)
        self._items[residency["id"]] = await self._of_item(
            lead, item, "beginnings", None, step="begin-item", entity=project
        )

    async def leave(self, residency: Json) -> None:
        project = residency["project_id"]
        await self._visit(residency, _leaves_on(residency), step="last-session")
        said = {"after_sha256": hash_of(f"after/{project}")}
        item = self._items[residency["id"]]
        await self._of_item(self._lead(residency), item, "closings", said, step="close-item", entity=project)
        path = f"/mentoring/v1/residencies/{residency['id']}/ends"
        await self._stage.origin.post(
            people.MENTOR_LEAD, path, None, step="end-residency", entity=project, version=_STARTED
        )

    async def _visit(self, residency: Json, day: date, *, step: str) -> None:
        """The whole team is at the firm for a day, and the firm confirms it."""
        origin, project = self._stage.origin, residency["project_id"]
        body = {
            "held_on": day.isoformat(),
            "minutes": _MINUTES_A_DAY,
            "place": "AT_FIRM",
            "mentor_ids": self._leads[residency["team_id"]][1],
        }
        path = f"/mentoring/v1/residencies/{residency['id']}/sessions"
        session = await origin.post(self._lead(residency), path, body, step=step, entity=project)
        path = f"/mentoring/v1/mentor-sessions/{session['id']}/confirmations"
        await origin.post(self._owners[project], path, None, step=f"confirm-{step}", entity=project, version=_FIRST)

    async def _find(self, residency: Json, kpi: str, *, step: str) -> Json:
        project = residency["project_id"]
        body = {"kpi": kpi, "before_sha256": hash_of(f"before/{kpi}/{project}")}
        path = f"/mentoring/v1/residencies/{residency['id']}/improvement-items"
        return await self._stage.origin.post(self._lead(residency), path, body, step=step, entity=project)

    async def _of_item(self, by: Person, item: Json, what: str, body: Json, *, step: str, entity: str) -> Json:
        path = f"/mentoring/v1/improvement-items/{item['id']}/{what}"
        return await self._stage.origin.post(by, path, body, step=step, entity=entity, version=item["version"])

    def _lead(self, residency: Json) -> Person:
        return self._leads[residency["team_id"]][0]


def _comes_on(residency: Json) -> date:
    return date.fromisoformat(residency["first_week"])


def _leaves_on(residency: Json) -> date:
    return _comes_on(residency) + timedelta(weeks=residency["weeks"]) + _LAST_FRIDAY
