"""Inspections as those who see their build, and the mentor who checks it, see them; who it was stays in the journal."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from applicant.builds.queries import BuildNotFound, is_visible
from applicant.inspections.domain.completion import CompletionNotFound, CompletionState
from applicant.inspections.domain.evidence import EvidenceKind
from applicant.inspections.domain.interim import InspectionNotFound, InterimState
from applicant.inspections.store.completions import CompletionRow
from applicant.inspections.store.interims import InterimInspectionRow
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of
from contracts.roles import Role

__all__ = [
    "CompletionView",
    "InspectionView",
    "completions_of_project",
    "inspections_of_project",
    "list_completions",
    "list_inspections",
    "view_completion",
    "view_inspection",
]


class EvidenceView(View):
    """One piece of evidence, by its hash."""

    kind: EvidenceKind
    sha256: str
    taken_at: datetime | None
    latitude_microdegrees: int | None
    longitude_microdegrees: int | None


class InspectionView(View):
    """An interim inspection; `fix_due_at` is set where a fix was asked for."""

    id: UUID
    project_id: UUID
    state: InterimState
    planned_on: date
    visited_at: datetime | None
    evidence: list[EvidenceView]
    fix_due_at: datetime | None
    concluded_at: datetime | None
    rule_version: str
    version: int


class CompletionView(View):
    """A report of completion with what audit and mentor found."""

    id: UUID
    project_id: UUID
    round: int
    state: CompletionState
    reported_at: datetime
    evidence: list[EvidenceView]
    installed_as_planned: bool | None
    functions_work: bool | None
    demonstrated_by_own_staff: bool | None
    demonstrated_on: date | None
    audited_at: datetime | None
    targets_reached: bool | None
    checked_at: datetime | None
    rework_due_at: datetime | None
    concluded_at: datetime | None
    rule_version: str
    version: int


async def list_inspections(
    tx: Transaction, page: PageRequest, project_id: UUID, *, by: Principal
) -> Page[InspectionView]:
    """A build's interim inspections, oldest first; raises BuildNotFound."""
    if not await is_visible(tx, project_id, by=by):
        raise BuildNotFound
    statement = select(*InterimInspectionRow.__table__.columns).where(InterimInspectionRow.project_id == project_id)
    return await page_of(InspectionView, tx, statement, page, by=[InterimInspectionRow.id])


async def inspections_of_project(tx: Transaction, project_id: UUID, portion: Portion) -> list[InspectionView]:
    """A part of the interim inspections of a project that the caller has been shown."""
    statement = select(*InterimInspectionRow.__table__.columns).where(InterimInspectionRow.project_id == project_id)
    rows = await tx.execute(portion.of(statement.order_by(InterimInspectionRow.id)))
    return [InspectionView.model_validate(row) for row in rows]


async def completions_of_project(tx: Transaction, project_id: UUID, portion: Portion) -> list[CompletionView]:
    """A part of the reports of completion of a project that the caller has been shown."""
    statement = select(*CompletionRow.__table__.columns).where(CompletionRow.project_id == project_id)
    rows = await tx.execute(portion.of(statement.order_by(CompletionRow.id)))
    return [CompletionView.model_validate(row) for row in rows]


async def view_inspection(tx: Transaction, inspection_id: UUID, *, by: Principal) -> InspectionView:
    """One interim inspection, if its build is the caller's to see."""
    statement = select(*InterimInspectionRow.__table__.columns).where(InterimInspectionRow.id == inspection_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise InspectionNotFound
    if not await is_visible(tx, row["project_id"], by=by):
        raise InspectionNotFound
    return InspectionView.model_validate(row)


async def list_completions(
    tx: Transaction, page: PageRequest, project_id: UUID, *, by: Principal
) -> Page[CompletionView]:
    """A build's reports of completion, oldest first; raises BuildNotFound."""
    if not await is_visible(tx, project_id, by=by):
        raise BuildNotFound
    statement = select(*CompletionRow.__table__.columns).where(CompletionRow.project_id == project_id)
    return await page_of(CompletionView, tx, statement, page, by=[CompletionRow.id])


async def view_completion(tx: Transaction, completion_id: UUID, *, by: Principal) -> CompletionView:
    """One report of completion; a mentor sees those that name it to check."""
    statement = select(*CompletionRow.__table__.columns).where(CompletionRow.id == completion_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CompletionNotFound
    named = by.role == Role.MENTOR and row["mentor_subject"] == by.subject
    if not named and (by.role == Role.MENTOR or not await is_visible(tx, row["project_id"], by=by)):
        raise CompletionNotFound
    return CompletionView.model_validate(row)
