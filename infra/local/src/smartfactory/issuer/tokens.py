"""What a local access token says: the claims of RFC 9068 that `common.tokens` checks, and nothing about the person."""

import secrets
from dataclasses import dataclass

from joserfc import jwt
from joserfc.jwk import ECKey

LIFETIME_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token is for: one person or machine, in one role, of one tenant."""

    subject: str
    role: str
    tenant: str


def sign(bearer: Bearer, key: ECKey, *, issuer: str, audience: str, now: float) -> str:
    """Sign an access token that lives ten minutes from now (real time)."""
    issued_at = int(now)
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": audience,
        "sub": bearer.subject,
        "client_id": "smartfactory-local",
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "role": bearer.role,
        "tenant": bearer.tenant,
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=["ES256"])
