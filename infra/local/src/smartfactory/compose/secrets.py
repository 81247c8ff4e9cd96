"""The secrets of one installation: made once, at its first start, and handed out on a volume per reader.

No file of the repository holds one and nobody has to think of one. A service reads its own as files (SECRETS_DIR) and
sees nobody else's; the owner's address goes to the migration alone. The SQL that makes databases and roles is the local
stack's own (`smartfactory.stack.provision`), written down here for `psql` of the PostgreSQL image to run.
"""

import secrets as randomness
from collections.abc import Mapping
from pathlib import Path

from smartfactory.stack.provision import SERVICES, Passwords, app_role, owner_role, script

FOLDER = Path("/var/lib/smartfactory/secrets")
KEPT = Path("/var/lib/smartfactory/passwords")
SUPERUSER = "postgres"
DATABASE_HOST = "postgres:5432"
# Of one reader's own volume, which no other container has: the user inside differs from image to image.
_READABLE = 0o444


def secrets() -> int:
    """Make what is missing and hand everything out again; a second start hands out the same."""
    hand_out(FOLDER, Passwords(KEPT / "passwords.json"))
    return 0


def hand_out(folder: Path, passwords: Passwords) -> None:
    """Write each reader's files into the folder of its volume."""
    databases = {service: service for service in SERVICES}
    _write(
        folder / "postgres",
        {"superuser_password": passwords.of(SUPERUSER), "provision.sql": script(passwords, databases)},
    )
    sign_in = passwords.of("sign-in")
    _write(folder / "outside", {"secret": passwords.of("outside"), "sign_in_client_secret": sign_in})
    for service in SERVICES:
        application = _address(app_role(service), passwords.of(app_role(service)), service)
        own = {"database_url": application, "cursor_secret": passwords.of(f"{service}-cursors")}
        if service == "metrics":
            own |= {"webhook_secret_key": passwords.of("webhooks"), "sign_in_client_secret": sign_in}
            own["session_key"] = passwords.of("sessions")
        _write(folder / service, own)
        owner = _address(owner_role(service), passwords.of(owner_role(service)), service)
        _write(folder / f"{service}-owner", {"database_url": application, "migrations_database_url": owner})


def _address(role: str, password: str, database: str) -> str:
    return f"postgresql+asyncpg://{role}:{password}@{DATABASE_HOST}/{database}"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        fresh = folder / f".{name}.{randomness.token_hex(4)}"
        fresh.touch(mode=_READABLE)
        fresh.chmod(0o600)
        fresh.write_text(content, encoding="utf-8")
        fresh.chmod(_READABLE)
        fresh.replace(folder / name)
