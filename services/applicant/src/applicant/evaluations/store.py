"""Panels, assignments, conflicts and sheets in PostgreSQL. Sheets and conflicts are only added; triggers keep it so."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Select,
    UniqueConstraint,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, aggregate_order_by, distinct_on, insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.evaluations.domain import (
    Assignment,
    Coaching,
    ConflictKind,
    Marks,
    Panel,
    PanelNotFound,
    ScoreSheet,
)
from applicant.tables import Tables
from common.db import Transaction, one_of
from common.event import new_id

_KINDS = ", ".join(f"'{kind}'" for kind in ConflictKind)


class EvaluationRoundRow(Tables):
    """One per call that has panels; its lock lets scores and the end of scoring see each other."""

    __tablename__ = "evaluation_round"
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"), primary_key=True)
    closed_at: Mapped[datetime | None]


class PanelRow(Tables):
    __tablename__ = "panel"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey(EvaluationRoundRow.call_id), index=True)
    name: Mapped[str]
    type_code: Mapped[str | None]
    created_at: Mapped[datetime]


class PanelMemberRow(Tables):
    """An evaluator's name and affiliation stay here: events and the journal carry the member's id only."""

    __tablename__ = "panel_member"
    __table_args__ = (UniqueConstraint("panel_id", "subject"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    panel_id: Mapped[UUID] = mapped_column(ForeignKey(PanelRow.id))
    subject: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    affiliation: Mapped[str]


class PanelCaseRow(Tables):
    __tablename__ = "panel_case"
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey(EvaluationRoundRow.call_id), index=True)
    panel_id: Mapped[UUID] = mapped_column(ForeignKey(PanelRow.id), index=True)
    assigned_at: Mapped[datetime]


class ConflictRow(Tables):
    __tablename__ = "conflict_of_interest"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        UniqueConstraint("application_id", "member_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey(PanelCaseRow.application_id))
    member_id: Mapped[UUID] = mapped_column(ForeignKey(PanelMemberRow.id))
    kind: Mapped[str]
    statement: Mapped[str]
    declared_at: Mapped[datetime]


class CoachingRow(Tables):
    """Who coached which firm. Triggers take such a person off the firm's cases, and keep them off: coached or seated or
    assigned first, or at the same moment.
    """

    __tablename__ = "coaching"
    __table_args__ = (
        CheckConstraint("source IN ('VISIT', 'COURSE')", name="source"),
        UniqueConstraint("subject", "company_id", "source_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    company_id: Mapped[UUID] = mapped_column(index=True)
    source: Mapped[str]
    source_id: Mapped[UUID]
    since: Mapped[datetime]


class ScoreSheetRow(Tables):
    __tablename__ = "score_sheet"
    __table_args__ = (
        UniqueConstraint("application_id", "member_id", "version"),
        CheckConstraint(
            "technical_score >= 0 AND site_score >= 0 AND technical_score + site_score <= 10000 AND bonus >= 0",
            name="range",
        ),
        CheckConstraint("version = 1 OR reason IS NOT NULL", name="reason"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey(PanelCaseRow.application_id))
    member_id: Mapped[UUID] = mapped_column(ForeignKey(PanelMemberRow.id))
    version: Mapped[int]
    technical_score: Mapped[int]
    site_score: Mapped[int]
    bonus: Mapped[int]
    reason: Mapped[str | None]
    locked_at: Mapped[datetime]


async def open_round(tx: Transaction, call_id: UUID) -> None:
    """Let a call have panels; nothing happens when it has."""
    await tx.execute(insert(EvaluationRoundRow).values(call_id=call_id).on_conflict_do_nothing())


async def is_round_open(tx: Transaction, call_id: UUID) -> bool:
    """Tell whether scores still count, and keep it so until the transaction ends."""
    row = await tx.execute(
        select(EvaluationRoundRow.closed_at).where(EvaluationRoundRow.call_id == call_id).with_for_update(read=True)
    )
    found = row.one_or_none()
    return found is not None and found.closed_at is None


async def close_round(tx: Transaction, call_id: UUID, *, at: datetime) -> None:
    """End scoring of a call, after waiting for the scores that are being locked."""
    await tx.execute(
        update(EvaluationRoundRow)
        .where(EvaluationRoundRow.call_id == call_id, EvaluationRoundRow.closed_at.is_(None))
        .values(closed_at=at)
    )


async def add_panel(tx: Transaction, panel: Panel, *, at: datetime) -> None:
    await tx.execute(
        insert(PanelRow).values(
            id=panel.id, call_id=panel.call_id, name=panel.name, type_code=panel.type_code, created_at=at
        )
    )


async def add_members(tx: Transaction, panel_id: UUID, members: Sequence[tuple[str, str, str]]) -> list[UUID]:
    """Seat evaluators (subject, name, affiliation) in a panel; who is in it already is left alone."""
    rows = [
        {"id": new_id(), "panel_id": panel_id, "subject": subject, "name": name, "affiliation": affiliation}
        for subject, name, affiliation in members
    ]
    added = await tx.execute(insert(PanelMemberRow).values(rows).on_conflict_do_nothing().returning(PanelMemberRow.id))
    return list(added.scalars())


async def get_panels(tx: Transaction, call_id: UUID) -> list[Panel]:
    """The panels of a call."""
    rows = await tx.execute(
        select(PanelRow.id, PanelRow.call_id, PanelRow.name, PanelRow.type_code)
        .where(PanelRow.call_id == call_id)
        .order_by(PanelRow.id)
    )
    return [Panel(row.id, row.call_id, row.name, row.type_code) for row in rows]


async def get_panel(tx: Transaction, panel_id: UUID) -> Panel:
    """One panel; raises PanelNotFound."""
    rows = await tx.execute(
        select(PanelRow.id, PanelRow.call_id, PanelRow.name, PanelRow.type_code).where(PanelRow.id == panel_id)
    )
    row = rows.one_or_none()
    if row is None:
        raise PanelNotFound
    return Panel(row.id, row.call_id, row.name, row.type_code)


async def get_assigned(tx: Transaction, call_id: UUID) -> dict[UUID, UUID]:
    """The panel of each assigned case of a call."""
    rows = await tx.execute(
        select(PanelCaseRow.application_id, PanelCaseRow.panel_id).where(PanelCaseRow.call_id == call_id)
    )
    return {row.application_id: row.panel_id for row in rows}


async def assign(tx: Transaction, call_id: UUID, given: Mapping[UUID, UUID], *, at: datetime) -> dict[UUID, UUID]:
    """Give cases to panels; returns those given. One that somebody else has assigned meanwhile keeps its panel.

    Many in one statement: who coached which firm is looked up once a statement, not once a case.
    """
    rows = list(given.items())
    assigned: dict[UUID, UUID] = {}
    for first in range(0, len(rows), _CASES_AT_ONCE):
        some = rows[first : first + _CASES_AT_ONCE]
        said = {"applications": [case for case, _ in some], "panels": [panel for _, panel in some]}
        made = await tx.execute(_ASSIGN, said | {"call_id": call_id, "at": at})
        assigned |= {row.application_id: row.panel_id for row in made}
    return assigned


# A statement has three seconds, however many cases a call has.
_CASES_AT_ONCE = 5_000
_ASSIGN = text(
    """
    INSERT INTO panel_case (application_id, call_id, panel_id, assigned_at)
    SELECT application_id, :call_id, panel_id, :at
    FROM unnest(:applications, :panels) AS given (application_id, panel_id)
    ON CONFLICT DO NOTHING
    RETURNING application_id, panel_id
    """
).bindparams(
    bindparam("applications", type_=ARRAY(Uuid)),
    bindparam("panels", type_=ARRAY(Uuid)),
    bindparam("call_id", type_=Uuid),
    bindparam("at", type_=TIMESTAMP(timezone=True)),
)


async def has_panel(tx: Transaction, application_id: UUID) -> bool:
    """Whether a case was given to a panel."""
    statement = select(exists().where(PanelCaseRow.application_id == application_id))
    return bool((await tx.execute(statement)).scalar_one())


async def get_assignment(
    tx: Transaction, application_id: UUID, subject: str, *, lock: bool = False
) -> Assignment | None:
    """One person's seat at a case, with the conflict that ended it if there is one; `lock` holds the case."""
    statement = (
        select(PanelMemberRow.id, ConflictRow.kind)
        .join_from(PanelCaseRow, PanelMemberRow, PanelMemberRow.panel_id == PanelCaseRow.panel_id)
        .outerjoin(
            ConflictRow,
            and_(ConflictRow.member_id == PanelMemberRow.id, ConflictRow.application_id == PanelCaseRow.application_id),
        )
        .where(PanelCaseRow.application_id == application_id, PanelMemberRow.subject == subject)
    )
    if lock:
        held = select(PanelCaseRow.panel_id).where(PanelCaseRow.application_id == application_id)
        await tx.execute(held.with_for_update(key_share=True))
    row = (await tx.execute(statement)).one_or_none()
    return Assignment(application_id, row.id, ConflictKind(row.kind) if row.kind else None) if row else None


async def add_conflict(
    tx: Transaction, assigned_seat: Assignment, *, kind: ConflictKind, statement: str, at: datetime
) -> UUID:
    conflict_id = new_id()
    await tx.execute(
        insert(ConflictRow).values(
            id=conflict_id,
            application_id=assigned_seat.application_id,
            member_id=assigned_seat.member_id,
            kind=kind,
            statement=statement,
            declared_at=at,
        )
    )
    return conflict_id


async def add_coachings(tx: Transaction, coachings: Sequence[Coaching]) -> None:
    """Keep ties of people to firms; the same tie of the same source is kept once."""
    rows = [
        {
            "id": each.id,
            "subject": each.subject,
            "company_id": each.company_id,
            "source": each.source.value,
            "source_id": each.source_id,
            "since": each.since,
        }
        for each in coachings
    ]
    await tx.execute(insert(CoachingRow).values(rows).on_conflict_do_nothing())


async def seats_lost_by(tx: Transaction, coaching_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """The cases that these ties took from somebody, with the seat."""
    statement = (
        select(ConflictRow.application_id, ConflictRow.member_id)
        .where(ConflictRow.statement.in_([f"coaching/{each}" for each in coaching_ids]))
        .order_by(ConflictRow.application_id, ConflictRow.member_id)
    )
    return [(row.application_id, row.member_id) for row in await tx.execute(statement)]


async def seats_barred(tx: Transaction, application_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """The seats at these cases that are empty because their members coached the firm."""
    statement = (
        select(ConflictRow.application_id, ConflictRow.member_id)
        .where(
            one_of(ConflictRow.application_id, application_ids), ConflictRow.kind == ConflictKind.COACHED_THE_FIRM.value
        )
        .order_by(ConflictRow.application_id, ConflictRow.member_id)
    )
    return [(row.application_id, row.member_id) for row in await tx.execute(statement)]


async def latest_sheet(tx: Transaction, assigned_seat: Assignment) -> ScoreSheet | None:
    found = await latest_sheets(tx, [assigned_seat.application_id])
    mine = [s for s in found[assigned_seat.application_id] if s.member_id == assigned_seat.member_id]
    return mine[0] if mine else None


async def add_sheet(tx: Transaction, sheet: ScoreSheet) -> None:
    await tx.execute(
        insert(ScoreSheetRow).values(
            id=sheet.id,
            application_id=sheet.application_id,
            member_id=sheet.member_id,
            version=sheet.version,
            technical_score=sheet.marks.technical_score,
            site_score=sheet.marks.site_score,
            bonus=sheet.marks.bonus,
            reason=sheet.reason,
            locked_at=sheet.locked_at,
        )
    )


async def latest_sheets(tx: Transaction, application_ids: Collection[UUID]) -> Mapping[UUID, Sequence[ScoreSheet]]:
    """The newest version of each member's sheet per case; sheets of members with a conflict do not count."""
    found: defaultdict[UUID, list[ScoreSheet]] = defaultdict(list)
    for row in await tx.execute(_newest(application_ids, *ScoreSheetRow.__table__.columns)):
        marks = Marks(row.technical_score, row.site_score, row.bonus)
        sheet = ScoreSheet(row.id, row.application_id, row.member_id, row.version, marks, row.reason, row.locked_at)
        found[row.application_id].append(sheet)
    return found


async def latest_marks(tx: Transaction, application_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Marks]]:
    """The marks of the sheets that count, one row a case: what scores are made of, for as many cases as there are."""
    row = ScoreSheetRow
    newest = _newest(
        application_ids, row.application_id, row.member_id, row.technical_score, row.site_score, row.bonus
    ).subquery()
    marks = (newest.c.technical_score, newest.c.site_score, newest.c.bonus)
    by_case = select(
        newest.c.application_id, *(func.array_agg(aggregate_order_by(each, newest.c.member_id)) for each in marks)
    ).group_by(newest.c.application_id)
    return {
        application_id: [Marks(*each) for each in zip(*columns, strict=True)]
        for application_id, *columns in await tx.execute(by_case)
    }


def _newest(application_ids: Collection[UUID], *columns: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401  of whatever type
    return (
        select(*columns)
        .outerjoin(
            ConflictRow,
            and_(
                ConflictRow.application_id == ScoreSheetRow.application_id,
                ConflictRow.member_id == ScoreSheetRow.member_id,
            ),
        )
        .where(one_of(ScoreSheetRow.application_id, application_ids), ConflictRow.id.is_(None))
        .ext(distinct_on(ScoreSheetRow.application_id, ScoreSheetRow.member_id))
        .order_by(ScoreSheetRow.application_id, ScoreSheetRow.member_id, ScoreSheetRow.version.desc())
    )
