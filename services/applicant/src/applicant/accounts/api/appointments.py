"""HTTP: officers of public bodies and partners are appointed, and their roles ended, by two people."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from applicant.accounts import commands, queries
from applicant.accounts.api.revocations import Subject
from applicant.accounts.queries import AppointmentView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import Role

routes = router(tags=["accounts"])

_APPROVERS = (Role.PROVINCE_APPROVER, Role.MUNICIPALITY_APPROVER)
_MANAGERS = (*_APPROVERS, Role.PROVINCE_OFFICER, Role.MUNICIPALITY_OFFICER)

Proposer = Annotated[Principal, allowed(*_MANAGERS)]
Confirmer = Annotated[Principal, allowed(*_APPROVERS)]
Reader = Annotated[Principal, allowed(*_MANAGERS, Role.AUDITOR)]


class ProposeAppointment(Body):
    """Who shall act for whom."""

    subject: Subject
    role: Role
    tenant: Subject


@routes.post(
    "/v1/appointments",
    status_code=201,
    operation_id="proposeAppointment",
    summary="담당자 임명 제안 (Propose an appointment)",
)
async def propose_appointment(
    body: ProposeAppointment, by: Proposer, tx: Tx, now: Now, response: Response
) -> AppointmentView:
    """A municipality for its own people, the province for every body."""
    made = await commands.propose_appointment(
        tx, subject=body.subject, role=body.role, tenant=body.tenant, by=by, now=now
    )
    etag(response, made.version)
    return queries.appointment_view(made)


@routes.post(
    "/v1/appointments/{appointment_id}/confirmations",
    status_code=201,
    operation_id="confirmAppointment",
    summary="임명 확정 (Confirm an appointment)",
)
async def confirm_appointment(
    appointment_id: UUID, by: Confirmer, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> AppointmentView:
    """By another person than who proposed it."""
    held = await commands.confirm_appointment(tx, appointment_id, version=version, by=by, now=now)
    etag(response, held.version)
    return queries.appointment_view(held)


@routes.post(
    "/v1/appointments/{appointment_id}/end-proposals",
    status_code=201,
    operation_id="proposeAppointmentEnd",
    summary="해임 제안 (Propose that an appointment ends)",
)
async def propose_appointment_end(
    appointment_id: UUID, by: Proposer, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> AppointmentView:
    """What is only proposed is withdrawn at once."""
    changed = await commands.propose_appointment_end(tx, appointment_id, version=version, by=by, now=now)
    etag(response, changed.version)
    return queries.appointment_view(changed)


@routes.post(
    "/v1/appointments/{appointment_id}/end-confirmations",
    status_code=201,
    operation_id="confirmAppointmentEnd",
    summary="해임 확정 (Confirm that an appointment ends)",
)
async def confirm_appointment_end(
    appointment_id: UUID, by: Confirmer, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> AppointmentView:
    """The tokens of the role are refused by all services from now on."""
    ended = await commands.confirm_appointment_end(tx, appointment_id, version=version, by=by, now=now)
    etag(response, ended.version)
    return queries.appointment_view(ended)


@routes.get("/v1/appointments", operation_id="listAppointments", summary="임명 목록 (List appointments)")
async def list_appointments(by: Reader, tx: Tx, page: PageQuery) -> Page[AppointmentView]:
    """A municipality sees its own people."""
    return await queries.list_appointments(tx, page, by=by)


@routes.get(
    "/v1/appointments/{appointment_id}", operation_id="getAppointment", summary="임명 조회 (Read an appointment)"
)
async def get_appointment(appointment_id: UUID, by: Reader, tx: Tx, response: Response) -> AppointmentView:
    """Who holds the role or shall, and who decided it."""
    view = await queries.view_appointment(tx, appointment_id, by=by)
    etag(response, view.version)
    return view
