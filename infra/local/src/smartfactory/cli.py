"""The `smartfactory` command: run, look, sign in, move the clock, mend what was parked."""

import asyncio
import errno
import json
import sys
from datetime import datetime
from typing import Annotated, cast

from cyclopts import App, Parameter, validators
from rich.console import Console

from common.clock import KST, FileClock
from common.errors import Text
from common.http import HttpClient, HttpFault
from contracts.roles import Role
from smartfactory.clock import ClockFile
from smartfactory.console import BAD, GOOD, show_fault
from smartfactory.people import Outside, role_named, tenant_of
from smartfactory.running import DATA_DIR, DataDir, readable_urls, running_data
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.doctor import examine
from smartfactory.stack.faults import StackFault, data_directory_refused
from smartfactory.stack.logs import Loudness

_PORT = 8080
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})

Applications = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]
Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]

app = App(name="smartfactory", help="The smart-factory support programme on this machine.", version_flags=[])
app.command("smartfactory.parked_commands:app", name="parked")
app.command("smartfactory.trace_command:trace", name="trace")
app.command("smartfactory.rebuild_command:rebuild", name="rebuild")
app.command("smartfactory.republish_command:republish", name="republish")
app.command("smartfactory.republish_command:reread", name="reread")
app.command("smartfactory.notes_command:app", name="notes")
app.command("smartfactory.archives:verify_archive", name="verify-archive")
app.command("smartfactory.sandbox.commands:app", name="sandbox")


@app.command
def run(
    *,
    once: bool = False,
    year: int = 2024,
    seed: int = 1,
    scenario: str | None = None,
    applications: Applications = None,
    season: bool = True,
    data_dir: DataDir = DATA_DIR,
    port: Port = _PORT,
    logs: Loudness = Loudness.WARNINGS,
    secure: bool = False,
) -> int:
    """Start everything, play a programme year over REST, check the result, stay up until Ctrl-C.

    Parameters
    ----------
    once
        Stop afterwards; the exit code says whether the check held.
    year
        Which programme year.
    seed
        Which made-up firms and plans.
    scenario
        A scenario by name instead of Track B of the year.
    applications
        How many plans are handed in, when it is to be more than the scenario tells of.
    season
        Play the season; without it the system only comes up.
    port
        The one port people use.
    logs
        How much of the services' logs to show here.
    secure
        Have Kafka ask everybody who they are, and let them do what their contracts say and nothing else.
    """
    from smartfactory.run import RunOptions  # noqa: PLC0415 - a second of imports that the small commands spare
    from smartfactory.run import run as run_all  # noqa: PLC0415 - the same

    options = RunOptions(
        data_dir=data_dir,
        port=port,
        once=once,
        year=year,
        seed=seed,
        scenario=_scenario(scenario, year, applications),
        season=season,
        logs=logs,
        secure=secure,
    )
    return run_all(options, Console(soft_wrap=True))


@app.command
def check(
    *,
    year: int = 2024,
    scenario: str | None = None,
    applications: Applications = None,
    data_dir: DataDir = DATA_DIR,
) -> int:
    """Judge the databases of a running installation by independent SQL; the exit code says whether all holds."""
    from smartfactory.check.audit import run_check  # noqa: PLC0415 - as in `run`
    from smartfactory.check.verdict import show_check  # noqa: PLC0415 - as in `run`
    from smartfactory.season.options import CheckOptions  # noqa: PLC0415 - as in `run`

    options = CheckOptions(
        database_urls=readable_urls(running_data(data_dir)),
        year=year,
        scenario=_scenario(scenario, year, applications),
    )
    report = asyncio.run(run_check(options))
    show_check(report, Console())
    return 0 if report.held else 1


@app.command
def doctor(*, data_dir: DataDir = DATA_DIR, port: Port = _PORT) -> int:
    """Say what is wrong on this machine and how to mend it."""
    console = Console()
    found_bad = False
    for finding in examine(DataDirectory(data_dir), port):
        found_bad |= not finding.good
        console.print(f"{GOOD if finding.good else BAD} ", end="")
        console.print(finding.what.ko, end="  ", markup=False, highlight=False)
        console.print(finding.what.en, style="dim", markup=False, highlight=False)
        if not finding.good:
            console.print(f"  → {finding.remedy.ko}", markup=False, highlight=False)
            console.print(f"    {finding.remedy.en}", style="dim", markup=False, highlight=False)
    return int(found_bad)


@app.command
def token(*, role: str, tenant: str | None = None, subject: str | None = None, data_dir: DataDir = DATA_DIR) -> int:
    """Print an access token of the local issuer, good for ten minutes.

    Parameters
    ----------
    role
        Who to be, as province.officer.
    tenant
        Whose: a municipality code or a company id; every other role has only one.
    subject
        The person's id; the role's name if not given.
    """
    whose = tenant or tenant_of(role_named(role))
    print(asyncio.run(_token(running_data(data_dir), subject or role.replace(".", "-"), role_named(role), whose)))
    return 0


@app.command
def clock(moment: str | None = None, *, data_dir: DataDir = DATA_DIR) -> int:
    """Show programme time, stop it at a moment (2024-03-04T17:00:00, KST unless said), or let it go (`real`)."""
    data = DataDirectory(data_dir)
    file = ClockFile(data.clock_file)
    if moment == "real":
        file.let_go()
    elif moment is not None:
        data.refuse_if_nothing_is_there()
        file(_instant(moment))
    stands = "" if data.clock_file.exists() else "  (real time)"
    print(f"{FileClock(data.clock_file).now().astimezone(KST).isoformat(timespec='seconds')}{stands}")
    return 0


@app.command(name="clean-data")
def clean_data(*, data_dir: DataDir = DATA_DIR) -> int:
    """Forget the data of an installation that is not running: what it made, and nothing that lies beside it."""
    data = DataDirectory(data_dir)
    if data.root.exists() and not data.is_marked:
        raise StackFault(
            Text(
                f"{data.root}는 이 프로그램의 데이터 폴더가 아닙니다.", f"{data.root} is not a data directory of ours."
            ),
            Text("--data-dir를 확인해 주세요.", "Check --data-dir."),
        )
    if data.root.exists():
        data.refuse_if_held()
        try:
            data.clear()
        except OSError as refused:
            raise data_directory_refused(data.root, refused) from refused
    return 0


def _scenario(scenario: str | None, year: int, applications: int | None) -> str | None:
    """The scenario's name, with its number of plans if there is one."""
    if applications is None:
        return scenario
    from smartfactory.scenarios.model import track_b  # noqa: PLC0415 - as in `run`
    from smartfactory.scenarios.scale import scaled_name  # noqa: PLC0415 - as in `run`

    return scaled_name(scenario or track_b(year), applications)


def _instant(moment: str) -> datetime:
    try:
        instant = datetime.fromisoformat(moment)
    except ValueError:
        raise StackFault(
            Text(f"{moment}은(는) 시각이 아닙니다.", f"{moment} is no moment."),
            Text("2024-03-04T17:00:00처럼 쓰거나 real을 쓰세요.", "Write it as 2024-03-04T17:00:00, or say real."),
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=KST)


def main() -> None:
    """The console script."""
    try:
        sys.exit(app(result_action="return_int_as_exit_code_else_zero"))
    except StackFault as fault:
        show_fault(Console(stderr=True), fault)
        sys.exit(1)
    except OSError as refused:
        if refused.errno not in _NOT_WRITABLE:
            raise
        show_fault(Console(stderr=True), data_directory_refused(refused.filename, refused))
        sys.exit(1)


async def _token(data: DataDirectory, subject: str, role: Role, tenant: str) -> str:
    chosen = cast("dict[str, int]", data.recall("ports"))
    try:
        async with HttpClient(f"http://127.0.0.1:{chosen['outside']}") as client:
            outside = Outside(client, data.local_secret())
            return await outside.issue_token(subject=subject, role=role, tenant=tenant)
    except HttpFault as fault:
        raise StackFault(
            Text("발급자가 응답하지 않습니다.", "The local issuer does not answer."),
            Text("smartfactory doctor를 실행해 주세요.", "Run `smartfactory doctor`."),
            detail=json.dumps(str(fault)),
        ) from fault
