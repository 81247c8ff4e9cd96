"""The Forum's members and visits, and the checklists, which are data that comes with the program."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, Index, RowMapping, UniqueConstraint, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.forum.domain.courses import Member, MemberAlreadyAdmitted, MemberHasChanged, MemberNotFound
from applicant.forum.domain.visits import (
    Checklist,
    Readiness,
    Report,
    Visit,
    VisitHasChanged,
    VisitNotFound,
    VisitState,
)
from applicant.forum.store.campaigns import LetterRow
from applicant.tables import Tables
from common.data_files import json_files
from common.db import Transaction
from common.versions import save_next_row

_CHECKLISTS = tuple(
    msgspec.json.decode(content, type=Checklist) for content in json_files("applicant", "readiness_checklists").values()
)


class ForumMemberRow(Tables):
    __tablename__ = "forum_member"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    name: Mapped[str]
    firm_name: Mapped[str]
    admitted_by: Mapped[str]
    admitted_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        Index("forum_member_subject_idx", "subject", unique=True, postgresql_where=text("left_at IS NULL")),
    )


class ForumVisitRow(Tables):
    __tablename__ = "forum_visit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    letter_id: Mapped[UUID] = mapped_column(ForeignKey(LetterRow.id))
    company_id: Mapped[UUID]
    municipality_code: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey(ForumMemberRow.id), index=True)
    coach_subject: Mapped[str]
    mentor_subject: Mapped[str | None]
    planned_on: Mapped[date]
    assigned_by: Mapped[str]
    assigned_at: Mapped[datetime]
    state: Mapped[str]
    visited_on: Mapped[date | None]
    findings: Mapped[str | None]
    checklist_version: Mapped[str | None]
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reported_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("letter_id"),
        Index("forum_visit_company_id_id_idx", "company_id", "id"),
        Index("forum_visit_municipality_code_id_idx", "municipality_code", "id"),
    )


def checklist_in_force(day: date) -> Checklist:
    """The newest checklist whose first day has come."""
    return max((each for each in _CHECKLISTS if each.valid_from <= day), key=lambda each: each.valid_from)


async def add_member(tx: Transaction, member: Member) -> None:
    """Store a new member; raises MemberAlreadyAdmitted for somebody who is one."""
    statement = insert_or_skip(ForumMemberRow).values(
        id=member.id,
        subject=member.subject,
        name=member.name,
        firm_name=member.firm_name,
        admitted_by=member.admitted_by,
        admitted_at=member.admitted_at,
        version=member.version,
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(ForumMemberRow.id))
    if added.one_or_none() is None:
        raise MemberAlreadyAdmitted


async def get_member(tx: Transaction, member_id: UUID, *, present: bool = False) -> Member:
    """One member, with `present` one who has not left; it cannot leave before commit. Raises MemberNotFound."""
    statement = select(*ForumMemberRow.__table__.columns).where(ForumMemberRow.id == member_id)
    if present:
        statement = statement.where(ForumMemberRow.left_at.is_(None)).with_for_update(read=True)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise MemberNotFound
    return Member(**row)


async def save_departure(tx: Transaction, member: Member) -> Member:
    """Write a member's departure; raises MemberHasChanged when somebody else was first."""
    row = await save_next_row(tx, ForumMemberRow, member.id, member.version, {"left_at": member.left_at})
    if row is None:
        raise MemberHasChanged(current_version=(await get_member(tx, member.id)).version)
    return Member(**row)


async def add_visit(tx: Transaction, visit: Visit) -> None:
    """Store a new visit, whose letter is held."""
    await tx.execute(
        insert(ForumVisitRow).values(
            id=visit.id,
            letter_id=visit.letter_id,
            company_id=visit.company_id,
            municipality_code=visit.municipality_code,
            member_id=visit.member_id,
            coach_subject=visit.coach_subject,
            mentor_subject=visit.mentor_subject,
            planned_on=visit.planned_on,
            assigned_by=visit.assigned_by,
            assigned_at=visit.assigned_at,
            state=visit.state.value,
            version=visit.version,
        )
    )


async def get_visit(tx: Transaction, visit_id: UUID) -> Visit:
    """One visit; raises VisitNotFound."""
    statement = select(*ForumVisitRow.__table__.columns).where(ForumVisitRow.id == visit_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise VisitNotFound
    return _visit(row)


async def save_report(tx: Transaction, visit: Visit, report: Report) -> Visit:
    """Write a visit's report; raises VisitHasChanged when somebody else was first."""
    values = {
        "state": visit.state.value,
        "visited_on": report.visited_on,
        "findings": report.findings,
        "checklist_version": report.checklist_version,
        "answers": {item: answer.value for item, answer in report.answers.items()},
        "reported_at": visit.reported_at,
    }
    row = await save_next_row(tx, ForumVisitRow, visit.id, visit.version, values)
    if row is None:
        raise VisitHasChanged(current_version=(await get_visit(tx, visit.id)).version)
    return _visit(row)


def _visit(row: RowMapping) -> Visit:
    report = None
    if row["state"] == VisitState.REPORTED:
        answers = {item: Readiness(answer) for item, answer in row["answers"].items()}
        report = Report(row["visited_on"], row["findings"], row["checklist_version"], answers)
    return Visit(
        id=row["id"],
        letter_id=row["letter_id"],
        company_id=row["company_id"],
        municipality_code=row["municipality_code"],
        member_id=row["member_id"],
        coach_subject=row["coach_subject"],
        mentor_subject=row["mentor_subject"],
        planned_on=row["planned_on"],
        assigned_by=row["assigned_by"],
        assigned_at=row["assigned_at"],
        state=VisitState(row["state"]),
        report=report,
        reported_at=row["reported_at"],
        version=row["version"],
    )
