"""What a new installation begins with, and the whole small season: both through the public API, both repeatable.

The seed is the season's own beginning, up to the published call, under the season's own keys: playing the season
afterwards goes on from there, and seeding again changes nothing. Programme time then stands in the call's window.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console

from common.http import HttpClient
from smartfactory.clock import ClockFile
from smartfactory.compose.outside import secret
from smartfactory.people import Outside
from smartfactory.scenarios.model import load
from smartfactory.season.driver import open_season, run_season
from smartfactory.season.options import SeasonOptions
from smartfactory.season.report import show

SCENARIO = "small-call"
_READ_SECONDS = 10.0


def seed() -> int:
    """Publish the small call, unless that was done before, and say how to sign in."""
    console = Console(soft_wrap=True)
    # Beside the clock: to seed again would move time back under what has happened since.
    seeded = _clock().with_name("seeded")
    if seeded.exists():
        console.print("· 이미 준비되어 있습니다 · seeded before", highlight=False)
    else:
        seeded.write_text(asyncio.run(_open(console)), encoding="ascii")
    _show(console)
    return 0


def season() -> int:
    """Play the small season to its end: from the applications to the closed books."""
    asyncio.run(_play(Console(soft_wrap=True)))
    return 0


def _show(console: Console) -> None:
    origin = os.environ.get("PUBLIC_ORIGIN", "http://127.0.0.1:8080")
    sign_in = "docker compose exec -T outside python -m smartfactory.compose token"
    for line in (
        f"✓ 준비되었습니다 · ready at {origin}",
        f"  공고 · call: {load(SCENARIO).call.title_ko.value}",
        f"  API 문서 · documentation: {origin}/applicant/docs",
        f"  로그인 · sign in: {sign_in} technopark.operator",
        "  예 · for example:",
        f'  curl -H "Authorization: Bearer $({sign_in} province.officer)" {origin}/funding/v1/budget-lines',
        "  시즌 전체 · the whole season: docker compose run --rm season",
    ):
        console.print(line, markup=False, highlight=False)


async def _open(console: Console) -> str:
    async with _options(console) as options:
        return await open_season(options)


async def _play(console: Console) -> None:
    async with _options(console) as options:
        show([await run_season(options)], console)


def _clock() -> Path:
    return Path(os.environ["PROGRAMME_CLOCK_FILE"])


@asynccontextmanager
async def _options(console: Console) -> AsyncIterator[SeasonOptions]:
    async with HttpClient(os.environ["OUTSIDE_URL"], read_timeout_seconds=_READ_SECONDS) as client:
        outside = Outside(client, secret())
        yield SeasonOptions(
            origin=os.environ["ORIGIN"],
            scenario=load(SCENARIO),
            issue_token=outside.issue_token,
            tell_registers=outside.tell_registers,
            move_clock=ClockFile(_clock()),
            console=console,
        )
