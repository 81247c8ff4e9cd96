"""The queue of waiting projects, as those who plan teams and the municipalities see it, and what projects need."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Uuid, cast, select
from sqlalchemy.orm import InstrumentedAttribute

from common.db import Transaction
from common.web import Page, PageRequest, View, page_of
from mentoring.matching.domain import ConflictKind, NeedsNotStated, Pause
from mentoring.matching.store import ProjectNeedRow, WaitingProjectRow, pauses_of
from mentoring.teams.queries import is_assigned


class WaitingProjectView(View):
    """A project that waits for a team of mentors."""

    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    waiting_since: datetime


class ConflictView(View):
    """A mentor who may not come, and why."""

    mentor_id: UUID
    kind: ConflictKind


class ProjectNeedsView(View):
    """What a project needs of its team."""

    project_id: UUID
    processes: list[str]
    technologies: list[str]
    ksic_division: str
    residency_weeks: int
    conflicts: list[ConflictView]
    stated_at: datetime
    version: int


class PauseView(View):
    """A time in which the project is suspended: nobody works there after the first day and before the last."""

    cause: str
    suspended_on: date
    resumed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectToPlace:
    """A waiting project with its needs, for planning."""

    project_id: UUID
    municipality_code: str
    needs: ProjectNeedsView | None


async def get_needs(tx: Transaction, project_id: UUID) -> ProjectNeedsView:
    """What one project needs; raises NeedsNotStated."""
    row = ProjectNeedRow
    found = (await tx.execute(select(*row.__table__.c).where(row.project_id == project_id))).one_or_none()
    if found is None:
        raise NeedsNotStated(project_id=project_id)
    return _needs(found._mapping)  # noqa: SLF001  SQLAlchemy's documented access by column name


def is_of_company(project_id: InstrumentedAttribute[UUID], company_id: str | None) -> ColumnElement[bool]:
    """Whether a project is this company's, which is known once its agreement is signed."""
    row = WaitingProjectRow
    own = row.company_id == cast(company_id, Uuid)
    return select(row.project_id).where(row.project_id == project_id, own).exists()


async def projects_to_place(tx: Transaction, *, also: Collection[UUID]) -> list[ProjectToPlace]:
    """Every project that waits and has no team, and of those that have one these also, by id."""
    row, need = WaitingProjectRow, ProjectNeedRow
    statement = (
        select(*need.__table__.c, row.project_id.label("waiting_id"), row.municipality_code)
        .join_from(row, need, need.project_id == row.project_id, isouter=True)
        .where(row.state == "WAITING", ~is_assigned(row.project_id) | row.project_id.in_(also))
        .order_by(row.project_id)
    )
    return [
        ProjectToPlace(
            project_id=found.waiting_id,
            municipality_code=found.municipality_code,
            needs=None if found.project_id is None else _needs(found._mapping),  # noqa: SLF001  documented access
        )
        for found in await tx.execute(statement)
    ]


async def suspended_unplaced(tx: Transaction) -> list[UUID]:
    """Projects that would wait for a team if they were not suspended, by id."""
    row = WaitingProjectRow
    resting = select(row.project_id).where(row.state == "SUSPENDED", ~is_assigned(row.project_id))
    return list((await tx.execute(resting.order_by(row.project_id))).scalars())


async def waiting_among(tx: Transaction, project_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these that are planned for: neither suspended, nor completed, nor ended."""
    row = WaitingProjectRow
    found = select(row.project_id).where(row.project_id.in_(project_ids), row.state == "WAITING")
    return frozenset((await tx.execute(found)).scalars())


async def pauses_by_project(tx: Transaction, project_ids: Collection[UUID]) -> Mapping[UUID, list[Pause]]:
    """When each was suspended, as far as the caller sees it, the earliest first."""
    found = defaultdict(list)
    for pause in await pauses_of(tx, project_ids):
        found[pause.project_id].append(pause)
    return found


def _needs(columns: RowMapping) -> ProjectNeedsView:
    conflicts = [{"mentor_id": mentor, "kind": kind} for mentor, kind in sorted(columns["conflicts"].items())]
    return ProjectNeedsView.model_validate({**columns, "conflicts": conflicts})


async def list_waiting(
    tx: Transaction, page: PageRequest, *, municipality_code: str | None
) -> Page[WaitingProjectView]:
    """The waiting projects, longest wait first; of one municipality if one is named."""
    statement = select(
        WaitingProjectRow.project_id,
        WaitingProjectRow.application_id,
        WaitingProjectRow.call_id,
        WaitingProjectRow.type_code,
        WaitingProjectRow.municipality_code,
        WaitingProjectRow.waiting_since,
    ).where(WaitingProjectRow.state == "WAITING", ~is_assigned(WaitingProjectRow.project_id))
    if municipality_code is not None:
        statement = statement.where(WaitingProjectRow.municipality_code == municipality_code)
    by = (WaitingProjectRow.waiting_since, WaitingProjectRow.project_id)
    return await page_of(WaitingProjectView, tx, statement, page, by=by)
