"""The installation of a sandbox: metrics, Kafka, the issuer and the one origin, and what to connect to."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from common.errors import Text
from smartfactory.console import GOOD, NOTE, show_fault
from smartfactory.sandbox.gathering import PARTNER_TOPICS, SAMSUNGS_GROUP
from smartfactory.stack.datadir import SANDBOX
from smartfactory.stack.faults import StackFault
from smartfactory.stack.installation import Installation, InstallationOptions
from smartfactory.stack.logs import LogStream, Loudness
from smartfactory.stack.plan import ExistingServers
from smartfactory.staying import INTERRUPTED, stay

_SERVICE = "metrics"
_ALLOWED = frozenset({"local", "test"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Where the sandbox keeps everything, and where REST and Kafka listen."""

    data_dir: Path
    port: int
    kafka_port: int
    logs: Loudness


def refuse_elsewhere(environment: Mapping[str, str]) -> None:
    """Raise StackFault where servers of somebody else would be filled with what is made up."""
    where = environment.get("APP_ENV", "local")
    if where not in _ALLOWED:
        raise StackFault(
            Text(f"APP_ENV={where}에서는 연습용 재생을 할 수 없습니다.", f"There is no sandbox with APP_ENV={where}."),
            Text("local이나 test에서 실행해 주세요.", "Run it with local or test."),
        )
    existing = ExistingServers.of(environment)
    if existing.kafka or _SERVICE in existing.databases:
        raise StackFault(
            Text(
                "연습용 재생은 자기 Kafka와 데이터베이스만 씁니다. 환경 변수가 다른 서버를 가리킵니다.",
                "A sandbox uses a Kafka and a database of its own; the environment names others.",
            ),
            Text(
                "KAFKA_BOOTSTRAP_SERVERS와 METRICS_DATABASE_URL을 비워 주세요.",
                "Unset KAFKA_BOOTSTRAP_SERVERS and METRICS_DATABASE_URL.",
            ),
        )


def serve(options: ServeOptions, console: Console) -> int:
    """Run until told to stop."""
    try:
        refuse_elsewhere(os.environ)
        return asyncio.run(_serve(options, console))
    except StackFault as fault:
        show_fault(console, fault)
        return 1


async def _serve(options: ServeOptions, console: Console) -> int:
    wanted = InstallationOptions(
        directory=options.data_dir,
        port=options.port,
        existing=ExistingServers(kafka=None, databases={}),
        services=(_SERVICE,),
        purpose=SANDBOX,
        broker_restarts=True,
        kafka_port=options.kafka_port,
    )
    await stay(wanted, lambda running, stream: _wait(running, stream, console), logs=options.logs, console=console)
    return INTERRUPTED


async def _wait(running: Installation, stream: LogStream, console: Console) -> None:
    await running.start()
    stream.starting = False
    _show_addresses(running, console)
    await asyncio.Event().wait()


def _show_addresses(running: Installation, console: Console) -> None:
    plan = running.plan
    console.print(f"{GOOD} 준비되었습니다 · the sandbox is ready at [bold]{plan.origin}[/]")
    for name, what in (
        ("Kafka", plan.bootstrap_servers),
        ("topics", ", ".join(PARTNER_TOPICS)),
        ("group", SAMSUNGS_GROUP),
        ("feed", f"{plan.origin}/metrics/v1/partner-events"),
        ("webhooks", f"{plan.origin}/metrics/v1/webhook-endpoints"),
        ("token", f"{plan.origin}/issuer/token"),
        ("clients", str(plan.data.outside / "clients.json")),
    ):
        console.print(f"  {name:<9}{what}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{NOTE} 다른 창에서 · in another window:")
    for command in ("replay --speed 1w/s --duplicates 5 --gaps 3", "replay --speed max --restarts broker", "report"):
        console.print(f"  smartfactory sandbox {command}", markup=False, highlight=False)
    console.print(f"{NOTE} 순서와 예 · step by step: docs/partner/sandbox.md", highlight=False)
    console.print(f"{NOTE} Ctrl-C로 끝냅니다. Ctrl-C stops everything; what was told is kept in {plan.data.root}.")
