"""`smartfactory rebuild`: make a service's projection anew from the first event on, while everything runs."""

import json
import os
import sys
from typing import cast

from rich.console import Console

from common.errors import Text
from smartfactory.console import GOOD
from smartfactory.running import DATA_DIR, DataDir, application_urls, owner_urls, running_data
from smartfactory.stack import kafka_users
from smartfactory.stack.faults import StackFault
from smartfactory.stack.ports import LOOPBACK
from smartfactory.stack.process import Command, ProgramFailed, run_to_end

PROJECTING = ("metrics", "mentoring")
_MOST_SECONDS = 3600


def rebuild(service: str, /, *, data_dir: DataDir = DATA_DIR) -> int:
    """Rebuild the projection of `metrics` or `mentoring`; readers see the old one until the new one is whole.

    Parameters
    ----------
    service
        Whose projection.
    """
    if service not in PROJECTING:
        raise StackFault(
            Text(f"{service}에는 다시 만들 투영이 없습니다.", f"{service} has no projection to rebuild."),
            Text(f"{', '.join(PROJECTING)} 중 하나를 쓰세요.", f"Use one of {', '.join(PROJECTING)}."),
        )
    data = running_data(data_dir)
    ports = cast("dict[str, int]", data.recall("ports"))
    env = {
        "APP_ENV": "local",
        "DATABASE_URL": application_urls(data)[service],
        "MIGRATIONS_DATABASE_URL": owner_urls(data)[service],
        "KAFKA_BOOTSTRAP_SERVERS": os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or f"{LOOPBACK}:{ports['kafka']}",
        "PROGRAMME_CLOCK_FILE": str(data.clock_file),
        **kafka_users.environment(kafka_users.running(data), service),
    }
    log = data.logs / f"{service}-rebuild.log"
    argv = (sys.executable, "-m", f"{service}.main", "rebuild")
    try:
        run_to_end(Command(name=f"{service}-rebuild", argv=argv, log=log, env=env), timeout_seconds=_MOST_SECONDS)
    except ProgramFailed as failed:
        raise StackFault(
            Text(
                f"{service}의 투영을 다시 만들지 못했고, 쓰던 것은 그대로입니다.",
                f"The projection of {service} was not rebuilt, and is as it was.",
            ),
            Text(f"{log}를 확인해 주세요.", f"See {log}."),
            detail=failed.log,
        ) from failed
    done = json.loads(log.read_text().splitlines()[-1])
    rows = ", ".join(f"{table} {count}" for table, count in done["rows"].items())
    console = Console()
    console.print(
        f"{GOOD} {service}: 이벤트 {done['events']}건으로 다시 만들었습니다 · rebuilt from {done['events']} events"
    )
    console.print(f"  {rows}", highlight=False)
    return 0
