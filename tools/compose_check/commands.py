"""Running other programs: what they say is kept for when they fail, and a deadline ends them."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CheckFailed(Exception):
    """A claim of the check does not hold, or what it needs went wrong; the message says which and what was seen."""


def run(
    argv: Sequence[str],
    *,
    seconds: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
) -> str:
    """What the program wrote, both ways together; raises CheckFailed when it fails or takes longer."""
    try:
        ended = subprocess.run(
            argv,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode("utf-8", "replace")
        raise CheckFailed(f"{argv[0]} {argv[1]} took longer than {seconds:.0f} s\n{_end(said)}") from late
    said = ended.stdout.decode("utf-8", "replace")
    if ended.returncode:
        raise CheckFailed(f"{' '.join(argv)} ended with {ended.returncode}\n{_end(said)}")
    return said


def succeeds(argv: Sequence[str], *, seconds: float, env: Mapping[str, str] | None = None) -> bool:
    """Whether the program ends well in time; what it says does not matter."""
    try:
        run(argv, seconds=seconds, env=env)
    except (CheckFailed, OSError):
        return False
    return True


def _end(said: str) -> str:
    return "\n".join(said.splitlines()[-40:])
