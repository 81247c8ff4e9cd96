"""The issuer of the benchmark's tokens: signs them as production's would, and publishes its key where services look."""

import asyncio
import json
import time
import uuid

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from smartfactory.stack.ports import LOOPBACK

_LIFETIME_SECONDS = 840
_KID = "bench"


class BenchIssuer:
    """One key, one page."""

    name = "http://issuer.bench"

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": _KID}, private=True)
        self._server: asyncio.Server | None = None
        self.jwks_url = ""

    async def start(self) -> None:
        """Serve the key set on a free port."""
        self._server = await asyncio.start_server(self._answer, LOOPBACK, 0)
        port = self._server.sockets[0].getsockname()[1]
        self.jwks_url = f"http://{LOOPBACK}:{port}/jwks.json"

    def close(self) -> None:
        """Serve it no more."""
        if self._server is not None:
            self._server.close()

    def token(self, *, role: str, tenant: str, subject: str) -> str:
        """An access token of this moment."""
        now = int(time.time())
        claims = {
            "iss": self.name,
            "aud": "smartfactory",
            "sub": subject,
            "role": role,
            "tenant": tenant,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + _LIFETIME_SECONDS,
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": _KID}, claims, self._key)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(KeySet([self._key]).as_dict(private=False)).encode()
        while (await reader.readline()).strip():
            while (await reader.readline()).strip():
                pass
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
        writer.close()
