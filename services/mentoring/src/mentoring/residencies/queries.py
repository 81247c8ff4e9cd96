"""Reading residencies, and what Samsung has declined, for plans not to propose it again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, cast, or_, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, Role
from mentoring.matching.commands import Pause
from mentoring.matching.queries import PauseView, is_of_company, pauses_by_project
from mentoring.residencies.domain import BARS_THE_TEAM, DeclineReason, ReleaseReason, ResidencyState, ResidencyUnknown
from mentoring.residencies.store import ResidencyRow
from mentoring.teams.queries import get_team, has_account


class ResidencyView(View):
    """A team's weeks at one firm. `answer_due_at` is when Samsung's time to answer is over.

    `pauses` are the times in which the project is suspended; `version` does not count them.
    """

    id: UUID
    rotation_id: UUID
    project_id: UUID
    team_id: UUID
    plan_id: UUID
    municipality_code: str
    first_week: date
    weeks: int
    state: ResidencyState
    assigned_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    decline_reason: DeclineReason | None
    release_reason: ReleaseReason | None
    started_on: date | None
    ended_on: date | None
    changed_at: datetime
    version: int
    pauses: list[PauseView]

    @property
    def ends_before(self) -> date:
        """The Monday after its last week."""
        return self.first_week + timedelta(weeks=self.weeks)


@dataclass(frozen=True, slots=True)
class Declined:
    """What a project is not planned for again."""

    teams: frozenset[UUID] = frozenset()
    rotations: frozenset[UUID] = frozenset()


_DAYS_OF_A_WEEK = 7
_COLUMNS = ResidencyRow.__table__.c
_SHOWN = select(*(_COLUMNS[name] for name in ResidencyView.model_fields if name in _COLUMNS))


async def get_residency(tx: Transaction, residency_id: UUID, *, by: Principal) -> ResidencyView:
    """One residency that the caller may see, or ResidencyUnknown."""
    row = (await tx.execute(_SHOWN.where(_COLUMNS.id == residency_id, _reach(by)))).one_or_none()
    if row is None:
        raise ResidencyUnknown(residency_id=residency_id)
    return (await _views(tx, [row]))[0]


async def list_residencies(
    tx: Transaction,
    page: PageRequest,
    *,
    state: ResidencyState | None,
    team_id: UUID | None,
    municipality_code: str | None,
    project_id: UUID | None,
    days: tuple[date | None, date | None],
    by: Principal,
) -> Page[ResidencyView]:
    """The residencies that the caller may see, in the order in which they were assigned.

    With `days`, the first and the last, only those with a team at the firm, or to come, on some day in between.
    """
    wanted = {
        "state": state,
        "team_id": team_id,
        "municipality_code": municipality_code,
        "project_id": project_id,
    }
    statement = _SHOWN.where(
        _reach(by), *_between(*days), *(_COLUMNS[name] == value for name, value in wanted.items() if value is not None)
    )
    rows, turns = await paginate(tx, statement, page, by=[_COLUMNS.id])
    return Page(items=await _views(tx, rows), **turns)


async def residencies_of_team(tx: Transaction, team_id: UUID) -> tuple[list[ResidencyView], Mapping[UUID, list[Pause]]]:
    """All of one team, those that fell away too, by id, and when their projects were suspended.

    Raises TeamUnknown for one that the caller cannot know of.
    """
    rows = (await tx.execute(_SHOWN.where(_COLUMNS.team_id == team_id).order_by(_COLUMNS.id))).all()
    if not rows:
        await get_team(tx, team_id)
    views = await _views(tx, rows)
    return views, await pauses_by_project(tx, {view.project_id for view in views})


async def declined(tx: Transaction) -> Mapping[UUID, Declined]:
    """By project what Samsung has declined: whole teams, or only some of their weeks."""
    found = select(_COLUMNS.project_id, _COLUMNS.team_id, _COLUMNS.rotation_id, _COLUMNS.decline_reason)
    teams, rotations = defaultdict(set), defaultdict(set)
    for row in await tx.execute(found.where(_COLUMNS.state == ResidencyState.DECLINED)):
        if DeclineReason(row.decline_reason) in BARS_THE_TEAM:
            teams[row.project_id].add(row.team_id)
        else:
            rotations[row.project_id].add(row.rotation_id)
    return {
        project: Declined(frozenset(teams[project]), frozenset(rotations[project]))
        for project in teams.keys() | rotations.keys()
    }


async def _views(tx: Transaction, rows: Sequence[Row[Any]]) -> list[ResidencyView]:
    pauses = await pauses_by_project(tx, {row.project_id for row in rows})
    return [
        ResidencyView.model_validate({**row._mapping, "pauses": pauses.get(row.project_id, [])})  # noqa: SLF001  documented access
        for row in rows
    ]


def _between(first: date | None, last: date | None) -> Iterator[ColumnElement[bool]]:
    if first is not None:
        # A team that stays longer than its weeks is there all the same, until somebody says that it left,
        # and has been there until that day.
        yield or_(
            _COLUMNS.first_week + cast(_COLUMNS.weeks * _DAYS_OF_A_WEEK, Integer) > first,
            _COLUMNS.state == ResidencyState.STARTED,
            _COLUMNS.ended_on >= first,
        )
    if last is not None:
        yield _COLUMNS.first_week <= last


def _reach(by: Principal) -> ColumnElement[bool]:
    """A municipality reaches its own firms', a firm and a mentor their own; everybody else who may ask at all, all."""
    if by.role in MUNICIPALITY_ROLES:
        return ResidencyRow.municipality_code == by.tenant
    if by.role in COMPANY_ROLES:
        return is_of_company(ResidencyRow.project_id, by.tenant)
    if by.role == Role.MENTOR:
        return has_account(ResidencyRow.team_id, by.subject)
    return true()
