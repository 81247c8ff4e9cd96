"""HTTP: a company's owner invites staff by a code that is shown once, and ends a membership."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from applicant.accounts import commands, queries
from applicant.accounts.queries import AppointmentView, InvitationList, InvitationView, StaffList
from applicant.settings import Settings
from common.auth import Principal
from common.web import Body, IfMatch, Now, ShownOnce, Tx, allowed, etag, router
from common.web.runtime import runtime_of
from contracts.roles import Role

routes = router(tags=["accounts"])

Owner = Annotated[Principal, allowed(Role.COMPANY_OWNER)]


class NewInvitation(InvitationView):
    """A fresh invitation with its code. The code is not kept: a repeated request is answered without it."""

    invitation_code: str | None = Field(description="To be handed to the invited person; shown this one time.")


class AcceptInvitation(Body):
    invitation_code: str = Field(min_length=1, max_length=64, description="With or without hyphens.")


@routes.post(
    "/v1/companies/{company_id}/invitations",
    status_code=201,
    operation_id="inviteStaff",
    summary="담당자 초대 (Invite staff)",
)
async def invite_staff(
    company_id: UUID, by: Owner, tx: Tx, now: Now, once: ShownOnce, request: Request, response: Response
) -> NewInvitation:
    """The code is in this answer and nowhere else; who loses it withdraws the invitation and makes another."""
    await queries.check_own_company(tx, company_id, by=by)
    settings = runtime_of(request).settings
    valid_days = settings.invitation_valid_days if isinstance(settings, Settings) else 0
    invitation, code = await commands.invite_staff(tx, company_id, valid_days=valid_days, by=by, now=now)
    once.hide("invitation_code")
    etag(response, invitation.version)
    return NewInvitation(**queries.invitation_view(invitation).model_dump(), invitation_code=code)


@routes.get(
    "/v1/companies/{company_id}/invitations",
    operation_id="listInvitations",
    summary="초대 목록 (List invitations)",
)
async def list_invitations(company_id: UUID, by: Owner, tx: Tx) -> InvitationList:
    """Open, accepted and withdrawn ones, without their codes."""
    await queries.check_own_company(tx, company_id, by=by)
    return await queries.list_invitations(tx, company_id)


@routes.post(
    "/v1/companies/{company_id}/invitations/{invitation_id}/withdrawals",
    status_code=201,
    operation_id="withdrawInvitation",
    summary="초대 취소 (Withdraw an invitation)",
)
async def withdraw_invitation(
    company_id: UUID,
    invitation_id: UUID,
    by: Owner,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> InvitationView:
    """Its code opens nothing from now on."""
    await queries.check_own_company(tx, company_id, by=by)
    closed = await commands.withdraw_invitation(tx, company_id, invitation_id, version=version, by=by, now=now)
    etag(response, closed.version)
    return queries.invitation_view(closed)


@routes.post(
    "/v1/invitation-acceptances",
    status_code=201,
    operation_id="acceptInvitation",
    summary="초대 수락 (Accept an invitation)",
)
async def accept_invitation(
    body: AcceptInvitation, by: Annotated[Principal, allowed(Role.PERSON)], tx: Tx, now: Now
) -> AppointmentView:
    """The next token may be one of the company's staff."""
    return queries.appointment_view(await commands.accept_invitation(tx, body.invitation_code, by=by, now=now))


@routes.get("/v1/companies/{company_id}/staff", operation_id="listStaff", summary="소속 담당자 목록 (List the staff)")
async def list_staff(company_id: UUID, by: Owner, tx: Tx) -> StaffList:
    """The owner and everybody who is or was staff."""
    await queries.check_own_company(tx, company_id, by=by)
    return await queries.list_staff(tx, company_id)


@routes.post(
    "/v1/companies/{company_id}/staff/{appointment_id}/ends",
    status_code=201,
    operation_id="endStaff",
    summary="소속 종료 (End a staff membership)",
)
async def end_staff(
    company_id: UUID,
    appointment_id: UUID,
    by: Owner,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> AppointmentView:
    """The tokens of the membership are refused by all services from now on."""
    await queries.check_own_company(tx, company_id, by=by)
    ended = await commands.end_staff(tx, company_id, appointment_id, version=version, by=by, now=now)
    etag(response, ended.version)
    return queries.appointment_view(ended)
