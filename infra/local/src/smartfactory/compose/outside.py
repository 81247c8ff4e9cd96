"""Issuer, registers, bank and mail port as a container: `smartfactory.outside` with its secrets out of files."""

import os
from pathlib import Path

from smartfactory.outside import cli

SECRET_FILE = "OUTSIDE_SECRET_FILE"  # noqa: S105  the name of a variable
SIGN_IN_SECRET_FILE = "SIGN_IN_CLIENT_SECRET_FILE"  # noqa: S105  the same


def outside() -> int:
    """Serve until told to stop."""
    os.environ["OUTSIDE_SECRET"] = secret()
    os.environ["SIGN_IN_CLIENT_SECRET"] = _written_in(SIGN_IN_SECRET_FILE)
    return cli()


def secret() -> str:
    """What opens the issuer's local door; whoever has it may be anybody."""
    return _written_in(SECRET_FILE)


def _written_in(variable: str) -> str:
    return Path(os.environ[variable]).read_text(encoding="utf-8").strip()
