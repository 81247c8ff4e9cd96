"""Formats what was written: a name's length decides where a line breaks and how imports are sorted."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def tidy(root: Path, written: Sequence[str]) -> None:
    """Sort imports and format the Python among these files."""
    files = [path for path in written if path.endswith(".py")]
    ruff = str(Path(sys.executable).with_name("ruff"))
    subprocess.run((ruff, "check", "--quiet", "--select", "I", "--fix", *files), cwd=root, check=True)
    subprocess.run((ruff, "format", "--quiet", *files), cwd=root, check=True)
