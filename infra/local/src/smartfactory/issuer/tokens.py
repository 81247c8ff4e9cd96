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


def sign(
    bearer: Bearer, key: ECKey, *, issuer: str, audience: str, now: float, client_id: str = "smartfactory-local"
) -> str:
    """Sign an access token that lives ten minutes from now (real time)."""
    issued_at = int(now)
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": audience,
        "sub": bearer.subject,
        "client_id": client_id,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "role": bearer.role,
        "tenant": bearer.tenant,
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=["ES256"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What an ID token tells the client it is for: who signed in, when, and in answer to which request."""

    name: str
    subject: str
    client_id: str
    auth_time: float
    nonce: str | None


def sign_id_token(told: SignedIn, key: ECKey, *, issuer: str, now: float) -> str:
    """Sign an ID token (OpenID Connect Core, 2); its type keeps it from passing as an access token."""
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": told.client_id,
        "sub": told.subject,
        "name": told.name,
        "iat": int(now),
        "exp": int(now) + LIFETIME_SECONDS,
        "auth_time": int(told.auth_time),
    }
    if told.nonce is not None:
        claims["nonce"] = told.nonce
    return jwt.encode({"alg": "ES256", "typ": "JWT", "kid": key.kid}, claims, key, algorithms=["ES256"])
