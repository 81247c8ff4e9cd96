"""Appointments and invitations in PostgreSQL: subjects and roles, no names; two people is checked here too."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.accounts.domain import (
    Appointment,
    AppointmentExists,
    AppointmentNotFound,
    Invitation,
    InvitationNotFound,
    InvitationState,
    State,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_locked


class AppointmentRow(Tables):
    __tablename__ = "appointment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[str]
    confirmed_by: Mapped[str | None]
    end_proposed_by: Mapped[str | None]
    ended_by: Mapped[str | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("state IN ('PROPOSED', 'HELD', 'END_PROPOSED', 'ENDED')", name="state"),
        CheckConstraint("state IN ('PROPOSED', 'ENDED') OR confirmed_by IS NOT NULL", name="confirmed"),
        CheckConstraint("state <> 'ENDED' OR ended_by IS NOT NULL", name="ended"),
        CheckConstraint(
            "role LIKE 'company.%' OR confirmed_by IS NULL"
            " OR (confirmed_by <> proposed_by AND subject NOT IN (confirmed_by, proposed_by))",
            name="two_people",
        ),
        CheckConstraint(
            "role LIKE 'company.%' OR confirmed_by IS NULL OR ended_by IS NULL"
            " OR (end_proposed_by IS NOT NULL AND ended_by <> end_proposed_by)",
            name="two_people_end",
        ),
        Index(
            "appointment_living_idx", "issuer", "subject", "role", "tenant",
            unique=True, postgresql_where=text("state <> 'ENDED'"),
        ),
        Index("appointment_tenant_idx", "tenant", "role", "id"),
    )  # fmt: skip


class InvitationRow(Tables):
    __tablename__ = "invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    state: Mapped[str]
    invited_by: Mapped[str]
    accepted_by: Mapped[str | None]
    expires_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("state IN ('OPEN', 'ACCEPTED', 'WITHDRAWN')", name="state"),
        CheckConstraint("(state = 'ACCEPTED') = (accepted_by IS NOT NULL)", name="accepted"),
        CheckConstraint("octet_length(code_hash) = 32", name="code_hash"),
    )


_APPOINTMENT = select(*AppointmentRow.__table__.columns)
_INVITATION = select(*InvitationRow.__table__.columns)


async def add_appointment(tx: Transaction, appointment: Appointment) -> None:
    """Store a new one; raises AppointmentExists when the subject holds, or is proposed for, the same."""
    added = await tx.execute(
        insert(AppointmentRow).values(**asdict(appointment)).on_conflict_do_nothing().returning(AppointmentRow.id)
    )
    if added.one_or_none() is None:
        raise AppointmentExists(role=appointment.role)


async def get_appointment(tx: Transaction, appointment_id: UUID, *, lock: bool = False) -> Appointment:
    """One appointment; raises AppointmentNotFound."""
    wanted = _APPOINTMENT.where(AppointmentRow.id == appointment_id)
    row = (await tx.execute(wanted.with_for_update() if lock else wanted)).mappings().one_or_none()
    if row is None:
        raise AppointmentNotFound
    return Appointment(**{**row, "state": State(row["state"])})


async def save_appointment(tx: Transaction, appointment: Appointment) -> Appointment:
    """Write a locked appointment as its next version."""
    row = await save_locked(tx, AppointmentRow, appointment.id, appointment.version, asdict(appointment))
    return Appointment(**{**row, "state": State(row["state"])})


async def add_invitation(tx: Transaction, invitation: Invitation) -> None:
    """Store a new invitation."""
    await tx.execute(insert(InvitationRow).values(**asdict(invitation)))


async def get_invitation(tx: Transaction, invitation_id: UUID) -> Invitation:
    """One invitation, locked; raises InvitationNotFound."""
    return await _invitation(tx, InvitationRow.id == invitation_id)


async def find_invitation(tx: Transaction, code_hash: bytes) -> Invitation:
    """The invitation of this code, locked; raises InvitationNotFound."""
    return await _invitation(tx, InvitationRow.code_hash == code_hash)


async def save_invitation(tx: Transaction, invitation: Invitation) -> Invitation:
    """Write a locked invitation as its next version."""
    row = await save_locked(tx, InvitationRow, invitation.id, invitation.version, asdict(invitation))
    return Invitation(**{**row, "state": InvitationState(row["state"])})


async def _invitation(tx: Transaction, which: ColumnElement[bool]) -> Invitation:
    row = (await tx.execute(_INVITATION.where(which).with_for_update())).mappings().one_or_none()
    if row is None:
        raise InvitationNotFound
    return Invitation(**{**row, "state": InvitationState(row["state"])})
