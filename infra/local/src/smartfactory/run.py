"""`smartfactory run`: the whole system up, a programme year played through it, the result checked, and then yours."""

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from common.http import HttpClient
from smartfactory.archives import take_one
from smartfactory.check.audit import run_check
from smartfactory.check.hashes import table_hashes
from smartfactory.check.verdict import show_check
from smartfactory.clock import ClockFile
from smartfactory.console import BAD, GOOD, NOTE, show_fault
from smartfactory.people import Outside
from smartfactory.running import DATA_DIR
from smartfactory.scenarios.model import programme
from smartfactory.season.driver import run_season
from smartfactory.season.options import CheckOptions, SeasonOptions
from smartfactory.season.report import show
from smartfactory.settling import settle
from smartfactory.simulators.bank import BANK_BOOK
from smartfactory.stack.faults import StackFault
from smartfactory.stack.installation import Installation, InstallationOptions
from smartfactory.stack.logs import LogStream, Loudness
from smartfactory.stack.plan import ExistingServers
from smartfactory.staying import INTERRUPTED, stay

_TOKEN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asked for. Without `season` the system only comes up."""

    data_dir: Path
    port: int = 8080
    once: bool = False
    year: int = 2024
    seed: int = 1
    scenario: str | None = None
    season: bool = True
    logs: Loudness = Loudness.WARNINGS
    secure: bool = False
    failpoints: Mapping[str, str] = field(default_factory=dict)

    @property
    def season_name(self) -> str:
        """One season on one data directory: the same again is a replay."""
        return f"{self.scenario or 'track-b'}-{self.year}-{self.seed}"


@dataclass(slots=True)
class _Outcome:
    exit_code: int = INTERRUPTED


def run(options: RunOptions, console: Console) -> int:
    """Run until done or told to stop; the exit code says whether the check held."""
    try:
        if options.season:
            programme(options.scenario, options.year)  # a year that does not exist is said before anything starts
        return asyncio.run(_run(options, console))
    except StackFault as fault:
        show_fault(console, fault)
        return 1


async def _run(options: RunOptions, console: Console) -> int:
    wanted = InstallationOptions(
        directory=options.data_dir,
        port=options.port,
        existing=ExistingServers.of(os.environ),
        failpoints=options.failpoints,
        secure=options.secure,
    )
    outcome = _Outcome()
    await stay(
        wanted,
        lambda running, stream: _work(options, running, stream, console, outcome),
        logs=options.logs,
        console=console,
    )
    return outcome.exit_code


async def _work(
    options: RunOptions, running: Installation, stream: LogStream, console: Console, outcome: _Outcome
) -> None:
    began = time.monotonic()
    await running.start()
    stream.starting = False
    console.print(f"{GOOD} 준비되었습니다 · ready at [bold]{running.plan.origin}[/]  {time.monotonic() - began:.1f} s")
    outcome.exit_code = await _season(options, running, console) if options.season else 0
    if options.once:
        return
    _show_example(options, running.plan.origin, console)
    console.print(f"{NOTE} Ctrl-C로 끝냅니다. Ctrl-C stops everything; what happened is kept in {options.data_dir}.")
    await asyncio.Event().wait()


def _show_example(options: RunOptions, origin: str, console: Console) -> None:
    """One request with a token, to be copied as it is."""
    program = Path(sys.executable).with_name("smartfactory")
    program = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    where = "" if options.data_dir == DATA_DIR else f" --data-dir {shlex.quote(str(options.data_dir))}"
    token = f"{program} token --role province.officer{where}"
    console.print(f"{NOTE} 예 · for example:")
    example = f'  curl -H "Authorization: Bearer $({token})" {origin}/funding/v1/budget-lines'
    console.print(example, markup=False, highlight=False, soft_wrap=True)


async def _season(options: RunOptions, running: Installation, console: Console) -> int:
    data = running.plan.data
    urls = running.readable_urls
    await settle(urls)
    replayed = data.recall(f"season-{options.season_name}") is not None
    before = await table_hashes(urls) if replayed else None
    async with HttpClient(running.plan.address("outside"), read_timeout_seconds=_TOKEN_SECONDS) as client:
        outside = Outside(client, data.local_secret())
        reports = [
            await run_season(
                SeasonOptions(
                    origin=running.plan.origin,
                    scenario=scenario,
                    seed=options.seed,
                    issue_token=outside.issue_token,
                    tell_registers=outside.tell_registers,
                    move_clock=ClockFile(data.clock_file),
                    console=console,
                )
            )
            for scenario in programme(options.scenario, options.year)
        ]
        await outside.tell_people([person for report in reports for person in report.sign_ins])
        kept = data.archives / f"{options.season_name}.zip"
        archived = await take_one(running.plan.origin, outside.issue_token, kept, console, replayed=replayed)
    show(reports, console)
    check = await run_check(
        CheckOptions(
            database_urls=urls,
            year=options.year,
            scenario=options.scenario,
            told=reports,
            bank_book=data.outside / BANK_BOOK,
        )
    )
    show_check(check, console)
    changed = _changed(before, await table_hashes(urls)) if before is not None else []
    if before is not None:
        _show_replay(changed, len(before), console)
    if check.held:
        data.remember(f"season-{options.season_name}", {"call_id": reports[-1].call_id})
    return 0 if check.held and archived and not changed else 1


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))


def _show_replay(changed: list[str], tables: int, console: Console) -> None:
    if changed:
        console.print(f"{BAD} 다시 실행했는데 바뀐 표 · the replay changed: {', '.join(changed)}", highlight=False)
    else:
        console.print(
            f"{GOOD} 다시 실행해도 {tables}개 표가 그대로입니다 · the replay left all {tables} tables unchanged"
        )
