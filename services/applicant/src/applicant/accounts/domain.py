"""Who may act for whom: appointments that two people decide, invitations that one code accepts, tokens taken back."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text

STAFF = "company.staff"
OWNER = "company.owner"
_MUNICIPALITY = "municipality."
_PROVINCE = "province."
_NOT_APPOINTED = frozenset({OWNER, STAFF, "person", "municipality.client", "samsung.client", "identity.provider"})


class State(StrEnum):
    """Where an appointment stands; it is held in the two middle ones."""

    PROPOSED = "PROPOSED"
    HELD = "HELD"
    END_PROPOSED = "END_PROPOSED"
    ENDED = "ENDED"


class InvitationState(StrEnum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    WITHDRAWN = "WITHDRAWN"


class RevocationReason(StrEnum):
    """Why tokens are refused before they end; a code and no free text, since it is told to all services."""

    STOLEN = "STOLEN"
    ROLE_ENDED = "ROLE_ENDED"
    MISTAKE = "MISTAKE"


class RevocationUnclear(InvalidInput):
    code = "revocation-unclear"
    title = Text("무효화 대상이 분명하지 않습니다", "It is not clear which tokens are meant")
    detail = Text(
        "토큰 id 하나만 적거나, 계정(subject)과 필요하면 역할·소속을 적어 주세요. 무효화된 것은 없습니다.",
        "Name one token id alone, or a subject, with role and tenant if needed. Nothing was revoked.",
    )


class CompanyUnknown(NotFound):
    code = "company-unknown"
    title = Text("기업을 찾을 수 없습니다", "There is no such company")
    detail = Text(
        "등록된 자기 기업의 id인지 확인해 주세요.", "Check that it is the id of your own, registered company."
    )


class AppointmentNotFound(NotFound):
    code = "appointment-not-found"
    title = Text("임명 건을 찾을 수 없습니다", "There is no such appointment")
    detail = Text(
        "번호를 확인해 주세요. 자기 기관의 임명 건만 볼 수 있습니다.", "Check its id: only your own body's are shown."
    )


class AppointmentExists(RuleRefused):
    code = "appointment-exists"
    title = Text("이미 임명되었거나 제안된 역할입니다", "The role is held or proposed already")
    detail = Text(
        "이 계정은 같은 소속에서 {role} 역할을 이미 맡았거나 제안받았습니다. 새로 저장된 것은 없습니다.",
        "This account already holds {role} there, or is proposed for it. Nothing was stored.",
    )


class AppointmentStale(StaleVersion):
    code = "appointment-stale"
    title = Text("임명 건이 그 사이 변경되었습니다", "The appointment has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class AppointmentNotThere(RuleRefused):
    code = "appointment-in-another-state"
    title = Text("지금은 할 수 없는 처리입니다", "This cannot be done now")
    detail = Text(
        "임명 건은 현재 {state} 상태입니다. 바뀐 것은 없습니다.", "The appointment is {state}. Nothing was changed."
    )


class AnotherPersonNeeded(RuleRefused):
    """Two people decide, and neither decides about themselves."""

    code = "another-person-needed"
    title = Text("다른 사람이 처리해야 합니다", "Another person must do this")
    detail = Text(
        "제안한 사람과 본인은 확정할 수 없고, 자기 자신을 제안할 수도 없습니다. 바뀐 것은 없습니다.",
        "Neither who proposed it nor the person concerned may do this. Nothing was changed.",
    )


class RoleNotYours(NotPermitted):
    code = "role-not-yours-to-appoint"
    title = Text("임명할 수 없는 역할입니다", "You do not appoint this role")
    detail = Text(
        "시·군은 자기 시·군의 담당자와 결재자만, 도는 모든 기관의 담당자를 임명합니다.",
        "A municipality appoints its own officers and approvers, the province those of every body.",
    )


class RoleNotAppointed(InvalidInput):
    code = "role-not-appointed"
    title = Text("임명하는 역할이 아닙니다", "This role is not appointed")
    detail = Text(
        "기업 역할은 등록과 초대로, 시스템 계정은 인증기관 등록으로 생깁니다. 소속도 역할에 맞아야 합니다.",
        "Company roles come by registration and invitation, machines by the provider; the tenant must fit the role.",
    )


class InvitationNotFound(NotFound):
    code = "invitation-not-found"
    title = Text("초대를 찾을 수 없습니다", "There is no such invitation")
    detail = Text("초대 번호나 코드를 확인해 주세요.", "Check the invitation's id or its code.")


class InvitationNotOpen(RuleRefused):
    code = "invitation-not-open"
    title = Text("더 이상 유효하지 않은 초대입니다", "The invitation is not open")
    detail = Text(
        "이미 사용되었거나 취소되었거나 기한이 지났습니다. 대표에게 새 초대를 요청해 주세요.",
        "It was used, withdrawn or has expired. Ask the owner for a new one.",
    )


class InvitationStale(StaleVersion):
    code = "invitation-stale"
    title = Text("초대가 그 사이 변경되었습니다", "The invitation has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다.",
        "It is at version {current_version}. Nothing was changed.",
    )


@dataclass(frozen=True, slots=True)
class Revocation:
    """Which tokens are refused from now on."""

    id: UUID
    issuer: str
    subject: str | None
    role: str | None
    tenant: str | None
    token_id: str | None


@dataclass(frozen=True, slots=True)
class Appointment:
    """One subject in one role of one tenant; the four names are subjects too."""

    id: UUID
    issuer: str
    subject: str
    role: str
    tenant: str
    state: State
    proposed_by: str
    version: int
    confirmed_by: str | None = None
    end_proposed_by: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open door for one person into one company; the code itself is never kept."""

    id: UUID
    company_id: UUID
    code_hash: bytes
    state: InvitationState
    invited_by: str
    expires_at: datetime
    version: int
    accepted_by: str | None = None


def checked_scope(revocation: Revocation) -> Revocation:
    """One token, or one subject; a role or a tenant only beside a subject."""
    narrowed = revocation.role is not None or revocation.tenant is not None
    if (revocation.subject is None) == (revocation.token_id is None) or (revocation.subject is None and narrowed):
        raise RevocationUnclear
    return revocation


def check_appointed(role: str, *, fits: bool) -> None:
    """People of public bodies and partners are appointed; `fits` says whether the tenant is one the role can have."""
    if role in _NOT_APPOINTED or not fits:
        raise RoleNotAppointed


def check_may_appoint(role: str, tenant: str, *, by_role: str, by_tenant: str | None) -> None:
    """The province appoints everywhere, a municipality its own people."""
    if by_role.startswith(_PROVINCE):
        return
    if not (role.startswith(_MUNICIPALITY) and tenant == by_tenant):
        raise RoleNotYours


def is_visible(appointment: Appointment, *, by_role: str, by_tenant: str | None) -> bool:
    """A municipality sees its own people, the province and the auditor those of every public body."""
    if by_role.startswith(_MUNICIPALITY):
        return appointment.role.startswith(_MUNICIPALITY) and appointment.tenant == by_tenant
    return appointment.role not in {OWNER, STAFF}


def confirm(appointment: Appointment, *, version: int, by: str) -> Appointment:
    """The second person's yes: from now on the role is held."""
    _check(appointment, version, State.PROPOSED)
    if by in {appointment.proposed_by, appointment.subject}:
        raise AnotherPersonNeeded
    return replace(appointment, state=State.HELD, confirmed_by=by)


def propose_end(appointment: Appointment, *, version: int, by: str) -> Appointment:
    """The first of two who end it; what is only proposed is withdrawn by one."""
    _check(appointment, version, State.HELD, State.PROPOSED)
    if appointment.state is State.PROPOSED:
        return replace(appointment, state=State.ENDED, ended_by=by)
    return replace(appointment, state=State.END_PROPOSED, end_proposed_by=by)


def confirm_end(appointment: Appointment, *, version: int, by: str) -> Appointment:
    """The second person ends it, and with it the tokens."""
    _check(appointment, version, State.END_PROPOSED)
    if by == appointment.end_proposed_by:
        raise AnotherPersonNeeded
    return replace(appointment, state=State.ENDED, ended_by=by)


def end_staff(appointment: Appointment, *, version: int, by: str) -> Appointment:
    """The owner ends a staff membership alone: it is the owner's own company."""
    _check(appointment, version, State.HELD)
    return replace(appointment, state=State.ENDED, ended_by=by)


def check_proposer(*, subject: str, by: str) -> None:
    """Nobody proposes themselves."""
    if subject == by:
        raise AnotherPersonNeeded


def hash_of_code(code: str) -> bytes:
    """What is kept of a code: it has a hundred random bits, so that no salt is needed."""
    return hashlib.sha256(code.strip().upper().replace("-", "").encode()).digest()


def accept(invitation: Invitation, *, by: str, now: datetime) -> Invitation:
    """Use the invitation up; raises InvitationNotOpen from the moment it expires."""
    if invitation.state is not InvitationState.OPEN or now >= invitation.expires_at:
        raise InvitationNotOpen
    return replace(invitation, state=InvitationState.ACCEPTED, accepted_by=by)


def withdraw(invitation: Invitation, *, version: int) -> Invitation:
    """Close the door again; an expired one may be closed too."""
    if invitation.version != version:
        raise InvitationStale(current_version=invitation.version)
    if invitation.state is not InvitationState.OPEN:
        raise InvitationNotOpen
    return replace(invitation, state=InvitationState.WITHDRAWN)


def _check(appointment: Appointment, version: int, *states: State) -> None:
    if appointment.version != version:
        raise AppointmentStale(current_version=appointment.version)
    if appointment.state not in states:
        raise AppointmentNotThere(state=appointment.state.value)
