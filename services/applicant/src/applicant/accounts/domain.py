"""What is taken back: one token, or all that were issued to somebody until now."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, Text


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


@dataclass(frozen=True, slots=True)
class Revocation:
    """Which tokens are refused from now on."""

    id: UUID
    issuer: str
    subject: str | None
    role: str | None
    tenant: str | None
    token_id: str | None


def checked_scope(revocation: Revocation) -> Revocation:
    """One token, or one subject; a role or a tenant only beside a subject."""
    narrowed = revocation.role is not None or revocation.tenant is not None
    if (revocation.subject is None) == (revocation.token_id is None) or (revocation.subject is None and narrowed):
        raise RevocationUnclear
    return revocation
