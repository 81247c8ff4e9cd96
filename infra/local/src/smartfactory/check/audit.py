"""Runs every claim over the four databases: own SQL and own arithmetic, and of the season only its scenario's data."""

import asyncio
import time

from smartfactory.check import agreements, chains, events, money, places, projections
from smartfactory.check.claims import Claim
from smartfactory.scenarios import model
from smartfactory.season.options import CheckOptions, CheckReport, Finding
from smartfactory.snapshots import Databases, snapshots

_PAUSE_SECONDS = 0.25


async def run_check(options: CheckOptions) -> CheckReport:
    """Judge the databases; what is only on its way still may arrive within `settle_seconds`."""
    started = time.monotonic()
    scenario = model.for_season(options.scenario, options.year)
    while True:
        async with snapshots(options.database_urls) as databases:
            claims = await _claims(databases, scenario)
        report = _report(claims, time.monotonic() - started)
        if report.held or time.monotonic() - started >= options.settle_seconds:
            return report
        await asyncio.sleep(_PAUSE_SECONDS)


async def _claims(databases: Databases, scenario: model.Scenario) -> list[Claim]:
    return [
        *await events.delivered(databases),
        *await money.accounted(databases, scenario),
        *await places.filled(databases, scenario),
        *await agreements.in_force(databases),
        *await projections.agreeing(databases),
        *await chains.verified(databases),
    ]


def _report(claims: list[Claim], seconds: float) -> CheckReport:
    looked_at: dict[str, int] = {}
    findings: list[Finding] = []
    for claim in claims:
        looked_at[claim.name] = looked_at.get(claim.name, 0) + claim.looked_at
        findings.extend(claim.findings)
    return CheckReport(looked_at, findings, seconds)
