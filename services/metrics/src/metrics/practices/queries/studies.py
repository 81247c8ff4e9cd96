"""Who studied which case, as both sides see it, with what was adopted; and for everybody how many, unless few."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from operator import eq
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, cast, func, or_, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, paginate
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from metrics.practices.domain.studies import DeclineReason, PracticeStudyUnknown, StudyKind, StudyState
from metrics.practices.store.studies import PracticeAdoptionRow, PracticeStudyRow

__all__ = ["PracticeStudyView", "StudyState", "get_study", "held_and_adopted", "list_studies"]


class AdoptionView(View):
    """What one project took over from the case."""

    project_id: UUID
    company_id: UUID
    municipality_code: str
    processes: list[str]
    technologies: list[str]
    adopted_on: date


class PracticeStudyView(View):
    """One visit or request for papers; the visitor is a firm, or an office by its code."""

    id: UUID
    good_practice_id: UUID
    practice_company_id: UUID
    practice_municipality_code: str
    visitor_company_id: UUID | None
    visitor_office: str | None
    kind: StudyKind
    wanted_on: date
    requested_at: datetime
    state: StudyState
    held_on: date | None
    decline_reason: DeclineReason | None
    settled_at: datetime | None
    adoptions: list[AdoptionView]
    version: int


async def list_studies(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    good_practice_id: UUID | None,
    state: StudyState | None,
) -> Page[PracticeStudyView]:
    """Studies in the order in which they were asked for."""
    row = PracticeStudyRow
    conditions = narrowed((row.good_practice_id, eq, good_practice_id), (row.state, eq, state and state.value))
    statement = select(*row.__table__.columns).where(_visible(by), *conditions)
    rows, turns = await paginate(tx, statement, page, by=[row.id])
    return Page[PracticeStudyView](items=await _views(tx, rows), **turns)


async def get_study(tx: Transaction, study_id: UUID, *, by: Principal) -> PracticeStudyView:
    """One study, if it is the caller's to see."""
    row = PracticeStudyRow
    found = (await tx.execute(select(*row.__table__.columns).where(row.id == study_id, _visible(by)))).one_or_none()
    if found is None:
        raise PracticeStudyUnknown
    (view,) = await _views(tx, [found])
    return view


async def held_and_adopted(
    tx: Transaction, practice_ids: Collection[UUID], *, minimum: int
) -> dict[UUID, tuple[int | None, int | None]]:
    """For everybody, by case: how often it was studied and adopted; fewer than the minimum could point at a firm."""
    held = await tx.execute(
        select(PracticeStudyRow.good_practice_id, func.count())
        .where(PracticeStudyRow.good_practice_id.in_(practice_ids), PracticeStudyRow.state == StudyState.HELD.value)
        .group_by(PracticeStudyRow.good_practice_id)
    )
    adopted = await tx.execute(
        select(PracticeAdoptionRow.good_practice_id, func.count())
        .where(PracticeAdoptionRow.good_practice_id.in_(practice_ids))
        .group_by(PracticeAdoptionRow.good_practice_id)
    )
    counts = [{row[0]: row[1] for row in rows} for rows in (held, adopted)]

    def told(at: int, practice_id: UUID) -> int | None:
        count = int(counts[at].get(practice_id, 0))
        return count if count >= minimum else None

    return {each: (told(0, each), told(1, each)) for each in practice_ids}


async def _views(tx: Transaction, rows: Collection[Row[Any]]) -> list[PracticeStudyView]:
    row = PracticeAdoptionRow
    statement = select(*row.__table__.columns).where(row.study_id.in_([each.id for each in rows])).order_by(row.id)
    by_study: dict[UUID, list[AdoptionView]] = defaultdict(list)
    for found in await tx.execute(statement):
        by_study[found.study_id].append(AdoptionView.model_validate(found))
    return [
        PracticeStudyView.model_validate({**each._mapping, "adoptions": by_study[each.id]})  # noqa: SLF001  documented access
        for each in rows
    ]


def _visible(by: Principal) -> ColumnElement[bool]:
    row = PracticeStudyRow
    if by.role in COMPANY_ROLES:
        # As text: a company token's tenant is a UUID by agreement, and anything else simply owns nothing.
        return or_(cast(row.visitor_company_id, Text) == by.tenant, cast(row.practice_company_id, Text) == by.tenant)
    if by.role in MUNICIPALITY_ROLES:
        return or_(row.visitor_office == by.tenant, row.practice_municipality_code == by.tenant)
    return true()
