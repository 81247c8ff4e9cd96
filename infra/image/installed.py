"""Lays one service into its environment while an image is built: `installed.py VENV SOURCES SERVICE`.

Our own packages stay source trees, found by a path file: a service looks for its migrations beside its sources. What is
written here is the same whenever it is written: no times, neither in byte code nor on files, which must not change in a
read-only container anyway.
"""

import compileall
import os
import sys
import sysconfig
from pathlib import Path
from py_compile import PycInvalidationMode

_ENTRY = """#!{venv}/bin/python
import sys

from {service}.main import cli

sys.exit(cli())
"""


def install(venv: Path, sources: Path, service: str | None) -> None:
    """Make our packages importable there, with `bin/service` as the service's command if one is named."""
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)}))
    folders = sorted(str(path) for path in sources.glob("*/*/src"))
    (packages / "smartfactory.pth").write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")
    if service is not None:
        entry = venv / "bin" / "service"
        entry.write_text(_ENTRY.format(venv=venv, service=service), encoding="utf-8")
        entry.chmod(0o755)
    for folder in (packages, sources):
        # By a hash that is not looked at again: nothing beside these files ever changes.
        if not compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH):
            raise SystemExit(f"{folder} holds what does not compile")
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    for top in (venv, sources):
        for folder, _, files in os.walk(top):
            for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118  as os.walk gives them
                os.utime(path, (moment, moment), follow_symlinks=False)


if __name__ == "__main__":
    install(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)  # noqa: PLR2004
