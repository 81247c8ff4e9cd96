"""An issuer for tests: it signs what production would accept, and anything that production must refuse."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from common.tokens import TokenVerifier

ISSUER = "https://issuer.test"
AUDIENCE = "smartfactory"
IN_FORCE_SECONDS = 20.0
"""Until tokens that were taken back are refused. Each process looks once a second, which R24's drill measures; the rest is
what a busy machine may take."""


class Issuer:
    """One signing key under one id; `token()` is good unless told otherwise."""

    def __init__(self, kid: str = "key-1") -> None:
        self.kid = kid
        self.key = ECKey.generate_key("P-256", {"kid": kid}, private=True)

    def claims(self, *, role: str, tenant: str = "t-1", subject: str = "someone") -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "role": role,
            "tenant": tenant,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + 600,
        }

    def token(self, *, role: str, tenant: str = "t-1", subject: str = "someone", **changed: Any) -> str:
        return self.sign({**self.claims(role=role, tenant=tenant, subject=subject), **changed})

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        protected = {"alg": "ES256", "typ": "at+jwt", "kid": self.kid, **(header or {})}
        return jwt.encode(protected, dict(claims), self.key)

    def headers(self, *, role: str, tenant: str = "t-1", subject: str = "someone") -> dict[str, str]:
        """The Authorization header of a request."""
        return {"Authorization": f"Bearer {self.token(role=role, tenant=tenant, subject=subject)}"}

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))

    def verifier(self) -> TokenVerifier:
        """The verifier to hand to `build_app`: it knows this issuer's key without asking anybody."""
        return TokenVerifier(self, issuer=ISSUER, audience=AUDIENCE)

    async def find(self, kid: str) -> ECKey | None:
        return self.key if kid == self.kid else None
