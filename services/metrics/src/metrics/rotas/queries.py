"""The rota as the mentoring service shows it to its reader: teams to those who plan them, residencies to more."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.neighbours.queries import Asking, Away, Closed, Found, Neighbour, Reply, Rows, goes_on, rows_of
from metrics.rotas.domain import (
    FreeWeeks,
    Residency,
    Row,
    Stay,
    Team,
    Trouble,
    WaitingProject,
    by_due_day,
    calendar_of,
    monday_of,
    titles_of,
)

__all__ = [
    "READERS",
    "FreeWeeks",
    "Residency",
    "Rota",
    "Row",
    "Stay",
    "Team",
    "Trouble",
    "WaitingProject",
    "monday_of",
    "read_rota",
]

T = TypeVar("T")

READERS = (
    Role.SAMSUNG_CLIENT,
    Role.MENTOR_LEAD,
    Role.MENTOR,
    Role.TECHNOPARK_OPERATOR,
    Role.AUDITOR,
    *sorted(PROVINCE_ROLES),
    *sorted(MUNICIPALITY_ROLES),
)
"""Who has a rota: those who plan it or answer for teams, a mentor the own part, a municipality that of its firms."""

_ROWS = {"page_size": "100"}
_PAGES_MOST = 5
_OF = Neighbour.MENTORING


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Some weeks of the calendar, what Samsung has not answered, and who waits for a team.

    `tells_teams` and `tells_waiting` say whether the reader is told of these at all; `more` that a list goes on.
    """

    first: date
    ends_before: date
    rows: list[Row]
    unanswered: list[Residency]
    waiting: tuple[WaitingProject, ...]
    titles: Mapping[UUID, str]
    tells_teams: bool
    tells_waiting: bool
    more: bool
    away: tuple[Away, ...]

    @property
    def troubled(self) -> list[tuple[Row, Stay]]:
        """What does not fit, as it stands in the calendar."""
        return [(row, stay) for row in self.rows for stay in row.stays if stay.troubles]

    @property
    def free(self) -> list[tuple[Row, FreeWeeks]]:
        """The weeks that no firm has, the soonest first."""
        found = [(row, each) for row in self.rows for each in row.free]
        return sorted(found, key=lambda each: (each[1].first, each[0].team_id))


async def read_rota(asking: Asking, *, first: date, weeks: int, today: date) -> Rota:
    """The rota of so many weeks from a Monday on; what Samsung has not answered is told whatever its weeks are."""
    ends_before = first + timedelta(weeks=weeks)
    days = {"from_day": first.isoformat(), "until_day": (ends_before - timedelta(days=1)).isoformat()}
    residencies, unanswered, teams, waiting = await asyncio.gather(
        _all(asking, "/v1/residencies", Rows[Residency], days),
        _all(asking, "/v1/residencies", Rows[Residency], {"state": "ASSIGNED"}),
        _all(asking, "/v1/mentor-teams", Rows[Team], {}),
        asking.ask(_OF, "/v1/waiting-projects", Rows[WaitingProject], params=_ROWS),
    )
    asked = (residencies, unanswered, teams, waiting)
    return Rota(
        first=first,
        ends_before=ends_before,
        rows=calendar_of(rows_of(residencies), rows_of(teams), first=first, ends_before=ends_before, today=today),
        unanswered=by_due_day(rows_of(unanswered)),
        waiting=rows_of(waiting),
        titles=titles_of(rows_of(teams)),
        tells_teams=isinstance(teams, Found),
        tells_waiting=isinstance(waiting, Found),
        more=goes_on(residencies) or goes_on(unanswered) or goes_on(teams) or goes_on(waiting),
        away=tuple(each for each in asked if isinstance(each, Away)),
    )


async def _all(asking: Asking, path: str, shape: type[Rows[T]], filters: Mapping[str, str]) -> Reply[Rows[T]]:
    """Page after page of a list, up to so many; what it says last is whether it goes on."""
    rows: tuple[T, ...] = ()
    cursor: dict[str, str] = {}
    for _ in range(_PAGES_MOST):
        reply = await asking.ask(_OF, path, shape, params={**_ROWS, **filters, **cursor})
        if isinstance(reply, Away | Closed):
            return reply
        rows += reply.body.items
        if reply.body.next is None:
            return Found(Rows(rows))
        cursor = {"cursor": reply.body.next}
    return Found(Rows(rows, cursor["cursor"]))
