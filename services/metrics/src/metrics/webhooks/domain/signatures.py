"""Secrets and signatures by the Standard Webhooks specification 1.0.0 (symmetric, `v1`).

A secret is kept nowhere: it follows from the installation's key, the endpoint and a salt. So neither a copy of the
database nor whoever reads it can sign in our name.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

_PREFIX = "whsec_"
_PURPOSE = b"smartfactory webhook secret v1"


def secret_of(key: bytes, endpoint_id: UUID, salt: bytes) -> bytes:
    """The 32 bytes that sign for an endpoint."""
    return hmac.digest(key, b"\0".join((_PURPOSE, endpoint_id.bytes, salt)), hashlib.sha256)


def shown(secret: bytes) -> str:
    """The secret as its owner is told it, once."""
    return _PREFIX + base64.b64encode(secret).decode()


def headers(webhook_id: str, body: bytes, secrets: Sequence[bytes], *, at: datetime) -> Mapping[str, str]:
    """What a delivery bears: its id, the moment of this attempt, and a signature by each live secret."""
    moment = str(int(at.timestamp()))
    content = b".".join((webhook_id.encode(), moment.encode(), body))
    signed = (base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{each}" for each in signed),
    }
