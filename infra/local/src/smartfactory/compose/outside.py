"""Issuer, registers, bank and mail port as a container: `smartfactory.outside` with its secret out of a file."""

import os
from pathlib import Path

from smartfactory.outside import cli

SECRET_FILE = "OUTSIDE_SECRET_FILE"  # noqa: S105  the name of a variable


def outside() -> int:
    """Serve until told to stop."""
    os.environ["OUTSIDE_SECRET"] = secret()
    return cli()


def secret() -> str:
    """What opens the issuer's local door; whoever has it may be anybody."""
    return Path(os.environ[SECRET_FILE]).read_text(encoding="utf-8").strip()
