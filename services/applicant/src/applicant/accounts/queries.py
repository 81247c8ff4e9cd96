"""Who holds which role, for those who look after it, and for the identity provider that asks before it issues."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select

from applicant.accounts import store
from applicant.accounts.domain import (
    OWNER,
    STAFF,
    Appointment,
    AppointmentNotFound,
    CompanyUnknown,
    Invitation,
    InvitationState,
    RevocationReason,
    State,
    is_visible,
)
from applicant.accounts.store import AppointmentRow, InvitationRow
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of
from contracts.roles import MUNICIPALITY_ROLES

__all__ = [
    "AppointmentView",
    "HeldRoles",
    "InvitationList",
    "InvitationView",
    "RevocationReason",
    "StaffList",
    "appointment_view",
    "check_own_company",
    "held_roles",
    "invitation_view",
    "list_appointments",
    "list_invitations",
    "list_staff",
    "view_appointment",
]

_COLUMNS = AppointmentRow.__table__.columns
_HELD = (State.HELD.value, State.END_PROPOSED.value)


class AppointmentView(View):
    """One account in one role; the people are subjects, whose names the identity provider keeps."""

    id: UUID
    subject: str
    role: str
    tenant: str
    state: State
    proposed_by: str
    confirmed_by: str | None
    end_proposed_by: str | None
    ended_by: str | None
    version: int


class StaffList(View):
    """Everybody who holds or held a role of one company; there are few, so the list has no pages."""

    items: list[AppointmentView]


class InvitationView(View):
    """An invitation without its code, which nobody can read again."""

    id: UUID
    company_id: UUID
    state: InvitationState
    expires_at: datetime
    version: int


class InvitationList(View):
    """All invitations of one company; there are few, so the list has no pages."""

    items: list[InvitationView]


class HeldRole(View):
    role: str
    tenant: str


class HeldRoles(View):
    """What tokens may be issued for this account, besides the role `person` that everybody has."""

    subject: str
    items: list[HeldRole]


async def check_own_company(tx: Transaction, company_id: UUID, *, by: Principal) -> None:
    """Raise CompanyUnknown unless the caller's token speaks for this company, and it is registered."""
    registered = select(exists().where(AppointmentRow.role == OWNER, AppointmentRow.tenant == str(company_id)))
    if by.tenant != str(company_id) or not (await tx.execute(registered)).scalar_one():
        raise CompanyUnknown


def invitation_view(invitation: Invitation) -> InvitationView:
    return InvitationView.model_validate(invitation)


def appointment_view(appointment: Appointment) -> AppointmentView:
    return AppointmentView.model_validate(appointment)


async def view_appointment(tx: Transaction, appointment_id: UUID, *, by: Principal) -> AppointmentView:
    """One appointment; another municipality's does not exist for a municipality."""
    found = await store.get_appointment(tx, appointment_id)
    if not is_visible(found, by_role=by.role, by_tenant=by.tenant):
        raise AppointmentNotFound
    return appointment_view(found)


async def list_appointments(tx: Transaction, page: PageRequest, *, by: Principal) -> Page[AppointmentView]:
    """Appointments of public bodies and partners, oldest first; a municipality sees its own."""
    statement = select(*_COLUMNS).where(AppointmentRow.role.not_in((OWNER, STAFF)))
    if by.role in MUNICIPALITY_ROLES:
        own = AppointmentRow.role.startswith("municipality.") & (AppointmentRow.tenant == by.tenant)
        statement = statement.where(own)
    return await page_of(AppointmentView, tx, statement, page, by=[AppointmentRow.id])


async def list_staff(tx: Transaction, company_id: UUID) -> StaffList:
    """The company's people, oldest first."""
    wanted = select(*_COLUMNS).where(AppointmentRow.tenant == str(company_id), AppointmentRow.role.in_((OWNER, STAFF)))
    rows = await tx.execute(wanted.order_by(AppointmentRow.id))
    return StaffList(items=[AppointmentView.model_validate(row) for row in rows])


async def list_invitations(tx: Transaction, company_id: UUID) -> InvitationList:
    """The company's invitations, oldest first."""
    wanted = select(*InvitationRow.__table__.columns).where(InvitationRow.company_id == company_id)
    rows = await tx.execute(wanted.order_by(InvitationRow.id))
    return InvitationList(items=[InvitationView.model_validate(row) for row in rows])


async def held_roles(tx: Transaction, *, issuer: str, subject: str) -> HeldRoles:
    """What the account holds now; nothing for one that nobody knows."""
    wanted = select(AppointmentRow.role, AppointmentRow.tenant).where(
        AppointmentRow.issuer == issuer, AppointmentRow.subject == subject, AppointmentRow.state.in_(_HELD)
    )
    rows = await tx.execute(wanted.order_by(AppointmentRow.role, AppointmentRow.tenant))
    return HeldRoles(subject=subject, items=[HeldRole.model_validate(row) for row in rows])
