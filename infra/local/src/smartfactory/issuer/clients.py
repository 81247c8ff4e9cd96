"""The machine clients of a local installation: one per municipality and Samsung's, each with a random secret."""

import hmac
import json
import secrets
from pathlib import Path

from contracts.roles import Role
from contracts.types import MUNICIPALITIES
from smartfactory.issuer.keys import write_secret
from smartfactory.issuer.tokens import Bearer


class MachineClients:
    """Client id and secret to what the client may act as. Secrets are made once and kept."""

    def __init__(self, path: Path) -> None:
        self._bearers = {f"municipality-{m.code}": (Role.MUNICIPALITY_CLIENT, str(m.code)) for m in MUNICIPALITIES}
        self._bearers["samsung"] = (Role.SAMSUNG_CLIENT, "samsung")
        self._secrets: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = self._bearers.keys() - self._secrets.keys()
        if missing:
            self._secrets |= {client: secrets.token_urlsafe(24) for client in sorted(missing)}
            write_secret(path, json.dumps(self._secrets, indent=1))

    def authenticate(self, client_id: str, secret: str) -> Bearer | None:
        """Who the client is, or None for an unknown client and for a wrong secret alike."""
        known = self._secrets.get(client_id, "")
        if not known or not hmac.compare_digest(known.encode(), secret.encode()):
            return None
        role, tenant = self._bearers[client_id]
        return Bearer(subject=client_id, role=role, tenant=tenant)
