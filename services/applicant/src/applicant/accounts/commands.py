"""What is decided about accounts; each decision is journalled, and told to all services where tokens end with it."""

import base64
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from applicant.accounts import domain, store
from applicant.accounts.domain import (
    OWNER,
    STAFF,
    Appointment,
    AppointmentNotFound,
    Invitation,
    InvitationNotFound,
    InvitationState,
    Revocation,
    RevocationReason,
    State,
)
from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.denials import deny
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import TokensRevoked
from contracts.roles import Role, tenant_fits

_CODE_BYTES = 15


async def revoke_tokens(
    tx: Transaction,
    *,
    issuer: str,
    subject: str | None,
    role: str | None,
    tenant: str | None,
    token_id: str | None,
    reason: RevocationReason,
    by: Principal,
    now: datetime,
) -> TokensRevoked:
    """Refuse these tokens here and tell every service to refuse them too."""
    revocation = domain.checked_scope(Revocation(new_id(), issuer, subject, role, tenant, token_id))
    event = TokensRevoked(
        revocation_id=revocation.id,
        issuer=issuer,
        issued_until=await deny(tx, revocation),
        subject=subject,
        role=role,
        tenant=tenant,
        token_id=token_id,
    )
    await outbox.record(tx, event, at=now)
    # Whose they are is in the event: a tenant may be anything that a provider's tokens say.
    facts = {"reason": reason.value, "role": role, "one_token": token_id is not None}
    chain = f"revocation/{revocation.id}"
    await journal.record(tx, chain=chain, decision="tokens-revoked", by=by, at=now, facts=facts)
    return event


async def record_owner(tx: Transaction, company_id: UUID, *, by: Principal, now: datetime) -> None:
    """Whoever registers a company by its business number is its owner."""
    owner = Appointment(
        id=new_id(),
        issuer=by.issuer,
        subject=by.subject,
        role=OWNER,
        tenant=str(company_id),
        state=State.HELD,
        proposed_by=by.subject,
        confirmed_by=by.subject,
        version=1,
    )
    await store.add_appointment(tx, owner)
    await _journal(tx, owner, "owner-recorded", by=by, now=now)


async def propose_appointment(
    tx: Transaction, *, subject: str, role: Role, tenant: str, by: Principal, now: datetime
) -> Appointment:
    """The first person names who shall act for a public body or partner."""
    domain.check_appointed(role, fits=tenant_fits(role, tenant))
    domain.check_may_appoint(role, tenant, by_role=by.role, by_tenant=by.tenant)
    domain.check_proposer(subject=subject, by=by.subject)
    proposed = Appointment(
        id=new_id(),
        issuer=by.issuer,
        subject=subject,
        role=role.value,
        tenant=tenant,
        state=State.PROPOSED,
        proposed_by=by.subject,
        version=1,
    )
    await store.add_appointment(tx, proposed)
    await _journal(tx, proposed, "appointment-proposed", by=by, now=now)
    return proposed


async def confirm_appointment(
    tx: Transaction, appointment_id: UUID, *, version: int, by: Principal, now: datetime
) -> Appointment:
    """The second person's yes; from now on the identity provider may issue tokens for it."""
    found = await _own(tx, appointment_id, by)
    held = await store.save_appointment(tx, domain.confirm(found, version=version, by=by.subject))
    await _journal(tx, held, "appointment-confirmed", by=by, now=now)
    return held


async def propose_appointment_end(
    tx: Transaction, appointment_id: UUID, *, version: int, by: Principal, now: datetime
) -> Appointment:
    """The first person of two says that the role shall end; what was never confirmed is withdrawn with that."""
    found = await _own(tx, appointment_id, by)
    changed = await store.save_appointment(tx, domain.propose_end(found, version=version, by=by.subject))
    await _journal(tx, changed, "appointment-end-proposed", by=by, now=now)
    return changed


async def confirm_appointment_end(
    tx: Transaction, appointment_id: UUID, *, version: int, by: Principal, now: datetime
) -> Appointment:
    """The second person ends it: no service takes the tokens of this role any longer."""
    found = await _own(tx, appointment_id, by)
    return await _end(tx, domain.confirm_end(found, version=version, by=by.subject), by=by, now=now)


async def end_staff(
    tx: Transaction, company_id: UUID, appointment_id: UUID, *, version: int, by: Principal, now: datetime
) -> Appointment:
    """The owner ends a staff membership, and with it the tokens."""
    found = await store.get_appointment(tx, appointment_id, lock=True)
    if found.role != STAFF or found.tenant != str(company_id):
        raise AppointmentNotFound
    return await _end(tx, domain.end_staff(found, version=version, by=by.subject), by=by, now=now)


async def invite_staff(
    tx: Transaction, company_id: UUID, *, valid_days: int, by: Principal, now: datetime
) -> tuple[Invitation, str]:
    """Open a door for one person; returns the code, which is not kept and cannot be read again."""
    code = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
    invitation = Invitation(
        id=new_id(),
        company_id=company_id,
        code_hash=domain.hash_of_code(code),
        state=InvitationState.OPEN,
        invited_by=by.subject,
        expires_at=now + timedelta(days=valid_days),
        version=1,
    )
    await store.add_invitation(tx, invitation)
    await _journal_invitation(tx, invitation, "staff-invited", by=by, now=now)
    return invitation, "-".join(code[start : start + 4] for start in range(0, len(code), 4))


async def withdraw_invitation(
    tx: Transaction, company_id: UUID, invitation_id: UUID, *, version: int, by: Principal, now: datetime
) -> Invitation:
    """Close the door again."""
    found = await store.get_invitation(tx, invitation_id)
    if found.company_id != company_id:
        raise InvitationNotFound
    closed = await store.save_invitation(tx, domain.withdraw(found, version=version))
    await _journal_invitation(tx, closed, "invitation-withdrawn", by=by, now=now)
    return closed


async def accept_invitation(tx: Transaction, code: str, *, by: Principal, now: datetime) -> Appointment:
    """The invited person becomes staff of the company; the code is used up."""
    async with as_service(tx):
        found = await store.find_invitation(tx, domain.hash_of_code(code))
        accepted = await store.save_invitation(tx, domain.accept(found, by=by.subject, now=now))
        staff = Appointment(
            id=new_id(),
            issuer=by.issuer,
            subject=by.subject,
            role=STAFF,
            tenant=str(accepted.company_id),
            state=State.HELD,
            proposed_by=accepted.invited_by,
            confirmed_by=by.subject,
            version=1,
        )
        await store.add_appointment(tx, staff)
    await _journal_invitation(tx, accepted, "invitation-accepted", by=by, now=now)
    await _journal(tx, staff, "staff-joined", by=by, now=now)
    return staff


async def _own(tx: Transaction, appointment_id: UUID, by: Principal) -> Appointment:
    found = await store.get_appointment(tx, appointment_id, lock=True)
    if not domain.is_visible(found, by_role=by.role, by_tenant=by.tenant):
        raise AppointmentNotFound
    return found


async def _end(tx: Transaction, ended: Appointment, *, by: Principal, now: datetime) -> Appointment:
    saved = await store.save_appointment(tx, ended)
    await _journal(tx, saved, "appointment-ended", by=by, now=now)
    await revoke_tokens(
        tx,
        issuer=saved.issuer,
        subject=saved.subject,
        role=saved.role,
        tenant=saved.tenant,
        token_id=None,
        reason=RevocationReason.ROLE_ENDED,
        by=by,
        now=now,
    )
    return saved


async def _journal(tx: Transaction, appointment: Appointment, decision: str, *, by: Principal, now: datetime) -> None:
    facts: dict[str, JsonValue] = {
        "role": appointment.role,
        "tenant": appointment.tenant,
        "state": appointment.state.value,
    }
    await journal.record(tx, chain=f"appointment/{appointment.id}", decision=decision, by=by, at=now, facts=facts)


async def _journal_invitation(
    tx: Transaction, invitation: Invitation, decision: str, *, by: Principal, now: datetime
) -> None:
    facts: dict[str, JsonValue] = {"company_id": str(invitation.company_id), "state": invitation.state.value}
    await journal.record(tx, chain=f"invitation/{invitation.id}", decision=decision, by=by, at=now, facts=facts)
