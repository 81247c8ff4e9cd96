"""What a new installation begins with: a small call, open for applications, made through the public API.

It is the beginning of the season's driver, under the season's own keys, so that an interrupted seed goes on where it
stopped. Programme time then stands in the call's window.
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
from smartfactory.season.driver import open_season
from smartfactory.season.options import SeasonOptions

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


def _show(console: Console) -> None:
    origin = os.environ.get("PUBLIC_ORIGIN", "http://127.0.0.1:8080")
    sign_in = "docker compose exec -T outside python -m smartfactory.compose token"
    for line in (
        f"✓ 준비되었습니다 · ready at {origin}",
        f"  공고 · call: {load(SCENARIO).call.title_ko.value}",
        f"  API 문서 · documentation: {origin}/applicant/docs",
        f"  화면 로그인 · sign in to the pages: {origin}/sign-in",
        f"  로그인 · sign in: {sign_in} technopark.operator",
        "  예 · for example:",
        f'  curl -H "Authorization: Bearer $({sign_in} province.officer)" {origin}/funding/v1/budget-lines',
    ):
        console.print(line, markup=False, highlight=False)


async def _open(console: Console) -> str:
    async with _options(console) as options:
        return await open_season(options)


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
