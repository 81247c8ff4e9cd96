"""The independent check of an installation made by compose: every claim about the small season, by its own SQL."""

import asyncio

from rich.console import Console

from smartfactory.check.audit import run_check
from smartfactory.check.verdict import show_check
from smartfactory.compose.secrets import DATABASE_HOST, FOLDER, SUPERUSER
from smartfactory.compose.seed import SCENARIO
from smartfactory.scenarios.model import load
from smartfactory.season.options import CheckOptions
from smartfactory.stack.provision import SERVICES

_SETTLE_SECONDS = 60.0


def check() -> int:
    """Judge the four databases; 0 when no fault was found."""
    password = (FOLDER / "postgres" / "superuser_password").read_text(encoding="utf-8")
    options = CheckOptions(
        database_urls={
            service: f"postgresql://{SUPERUSER}:{password}@{DATABASE_HOST}/{service}" for service in SERVICES
        },
        year=load(SCENARIO).call.fiscal_year.value,
        scenario=SCENARIO,
        settle_seconds=_SETTLE_SECONDS,
    )
    report = asyncio.run(run_check(options))
    show_check(report, Console(soft_wrap=True))
    return 0 if report.held else 1
