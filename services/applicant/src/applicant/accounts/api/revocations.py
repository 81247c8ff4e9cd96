"""HTTP: the platform's operator takes tokens back; the identity provider asks what may be issued."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from applicant.accounts import commands, queries
from applicant.accounts.queries import HeldRoles, RevocationReason
from common.auth import Principal
from common.web import Body, Now, Tx, View, allowed, router
from contracts.roles import Role

routes = router(tags=["accounts"])

Subject = Annotated[str, Field(min_length=1, max_length=255, pattern="^[!-~]+$")]


class RevokeTokens(Body):
    """One token by its id, or all tokens of a subject that were issued until now."""

    subject: Subject | None = Field(None, description="Whose tokens; `role` and `tenant` narrow them.")
    role: Role | None = None
    tenant: Subject | None = None
    token_id: Subject | None = Field(
        None,
        description="The `jti` of the one token that is meant; a session of the pages that has had it ends with it.",
    )
    reason: RevocationReason


class RevocationView(View):
    id: UUID
    issued_until: datetime = Field(description="Tokens issued until this moment of real time are refused.")


@routes.post(
    "/v1/token-revocations",
    status_code=201,
    operation_id="revokeTokens",
    summary="토큰 무효화 (Take tokens back before they end)",
)
async def revoke_tokens(
    body: RevokeTokens, by: Annotated[Principal, allowed(Role.PLATFORM_OPERATOR)], tx: Tx, now: Now
) -> RevocationView:
    """Every service refuses them within about two seconds."""
    revoked = await commands.revoke_tokens(
        tx,
        issuer=by.issuer,
        subject=body.subject,
        role=body.role,
        tenant=body.tenant,
        token_id=body.token_id,
        reason=body.reason,
        by=by,
        now=now,
    )
    return RevocationView(id=revoked.revocation_id, issued_until=revoked.issued_until)


@routes.get(
    "/v1/held-roles",
    operation_id="listHeldRoles",
    summary="계정이 맡은 역할 (Roles that an account holds)",
)
async def list_held_roles(
    subject: Annotated[str, Query(min_length=1, max_length=255, pattern="^[!-~]+$")],
    by: Annotated[Principal, allowed(Role.IDENTITY_PROVIDER)],
    tx: Tx,
) -> HeldRoles:
    """The provider asks this before it issues a token for a role."""
    return await queries.held_roles(tx, issuer=by.issuer, subject=subject)
