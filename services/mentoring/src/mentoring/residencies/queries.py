"""Reading residencies, and what Samsung has declined, for plans not to propose it again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, Role
from mentoring.matching.queries import is_of_company
from mentoring.residencies.domain import BARS_THE_TEAM, DeclineReason, ResidencyState, ResidencyUnknown
from mentoring.residencies.store import ResidencyRow
from mentoring.teams.queries import get_team, has_account


class ResidencyView(View):
    """A team's weeks at one firm. `answer_due_at` is when Samsung's time to answer is over."""

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
    started_on: date | None
    ended_on: date | None
    changed_at: datetime
    version: int

    @property
    def ends_before(self) -> date:
        """The Monday after its last week."""
        return self.first_week + timedelta(weeks=self.weeks)


@dataclass(frozen=True, slots=True)
class Declined:
    """What a project is not planned for again."""

    teams: frozenset[UUID] = frozenset()
    rotations: frozenset[UUID] = frozenset()


_COLUMNS = ResidencyRow.__table__.c
_SHOWN = select(*(_COLUMNS[name] for name in ResidencyView.model_fields))


async def get_residency(tx: Transaction, residency_id: UUID, *, by: Principal) -> ResidencyView:
    """One residency that the caller may see, or ResidencyUnknown."""
    row = (await tx.execute(_SHOWN.where(_COLUMNS.id == residency_id, _reach(by)))).one_or_none()
    if row is None:
        raise ResidencyUnknown(residency_id=residency_id)
    return ResidencyView.model_validate(row)


async def list_residencies(
    tx: Transaction,
    page: PageRequest,
    *,
    state: ResidencyState | None,
    team_id: UUID | None,
    municipality_code: str | None,
    by: Principal,
) -> Page[ResidencyView]:
    """The residencies that the caller may see, in the order in which they were assigned."""
    wanted = {"state": state, "team_id": team_id, "municipality_code": municipality_code}
    statement = _SHOWN.where(
        _reach(by), *(_COLUMNS[name] == value for name, value in wanted.items() if value is not None)
    )
    rows, turns = await paginate(tx, statement, page, by=[_COLUMNS.id])
    return Page(items=[ResidencyView.model_validate(row) for row in rows], **turns)


async def residencies_of_team(tx: Transaction, team_id: UUID) -> list[ResidencyView]:
    """All of one team, those that fell away too, by id; raises TeamUnknown for one that the caller cannot know of."""
    rows = (await tx.execute(_SHOWN.where(_COLUMNS.team_id == team_id).order_by(_COLUMNS.id))).all()
    if not rows:
        await get_team(tx, team_id)
    return [ResidencyView.model_validate(row) for row in rows]


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


def _reach(by: Principal) -> ColumnElement[bool]:
    """A municipality reaches its own firms', a firm and a mentor their own; everybody else who may ask at all, all."""
    if by.role in MUNICIPALITY_ROLES:
        return ResidencyRow.municipality_code == by.tenant
    if by.role in COMPANY_ROLES:
        return is_of_company(ResidencyRow.project_id, by.tenant)
    if by.role == Role.MENTOR:
        return has_account(ResidencyRow.team_id, by.subject)
    return true()
