"""What is decided about accounts; each decision is journalled, and told to all services where tokens end with it."""

from datetime import datetime

from applicant.accounts.domain import Revocation, RevocationReason, checked_scope
from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.denials import deny
from common.event import new_id
from contracts.applicant import TokensRevoked

__all__ = ["RevocationReason", "revoke_tokens"]


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
    revocation = checked_scope(Revocation(new_id(), issuer, subject, role, tenant, token_id))
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
    await journal.record(
        tx,
        chain=f"revocation/{revocation.id}",
        decision="tokens-revoked",
        by=by,
        at=now,
        facts={"reason": reason.value, "role": role, "tenant": tenant, "one_token": token_id is not None},
    )
    return event
