"""HTTP: taking tokens back before they end."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from applicant.accounts import commands
from applicant.accounts.commands import RevocationReason
from common.auth import Principal
from common.web import Body, Now, Tx, View, allowed, router
from contracts.roles import Role

routes = router(tags=["accounts"])

_Subject = Annotated[str, Field(min_length=1, max_length=255, pattern="^[!-~]+$")]


class RevokeTokens(Body):
    """One token by its id, or all tokens of a subject that were issued until now."""

    subject: _Subject | None = Field(None, description="Whose tokens; `role` and `tenant` narrow them.")
    role: Role | None = None
    tenant: _Subject | None = None
    token_id: _Subject | None = Field(None, description="The `jti` of the one token that is meant.")
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
