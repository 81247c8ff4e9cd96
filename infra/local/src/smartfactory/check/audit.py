"""Runs every claim over the four databases: own SQL and own arithmetic, and of the season only its scenario's data."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from smartfactory.check import (
    agreements,
    amendments,
    carrying,
    chains,
    deadlines,
    events,
    forum,
    gauge,
    lapsing,
    memoranda,
    money,
    outcomes,
    places,
    projections,
    rechecks,
    releases,
    residencies,
    settlements,
    standing,
    supports,
    tables,
)
from smartfactory.check.claims import Claim
from smartfactory.scenarios import model
from smartfactory.season.options import CheckOptions, CheckReport, Finding, SeasonReport
from smartfactory.snapshots import Databases, snapshots

_PAUSE_SECONDS = 0.25


async def run_check(options: CheckOptions) -> CheckReport:
    """Judge the databases; what is only on its way still may arrive within `settle_seconds`."""
    started = time.monotonic()
    scenarios = model.programme(options.scenario, options.year)
    while True:
        async with snapshots(options.database_urls) as databases:
            claims = await _claims(databases, scenarios, options.told, options.bank_book)
        report = _report(claims, time.monotonic() - started)
        if report.held or time.monotonic() - started >= options.settle_seconds:
            return report
        await asyncio.sleep(_PAUSE_SECONDS)


async def _claims(
    databases: Databases, scenarios: Sequence[model.Scenario], told: Sequence[SeasonReport], bank_book: Path | None
) -> list[Claim]:
    return [
        *await events.delivered(databases),
        *await money.accounted(databases, scenarios),
        *[claim for scenario in scenarios for claim in await places.filled(databases, scenario)],
        *[await tables.as_told(databases, report) for report in told],
        await memoranda.referred_to(databases),
        *await agreements.in_force(databases),
        *await amendments.agreed(databases),
        *await deadlines.kept(databases),
        *await forum.kept_apart(databases),
        *await supports.known(databases),
        *await releases.released(databases, bank_book),
        *await rechecks.asked_again(databases),
        await carrying.carried_over(databases),
        await lapsing.told_in_time(databases),
        *await residencies.allowed(databases),
        *await gauge.counted(databases),
        await outcomes.verified(databases),
        await outcomes.waves_closed(databases),
        *await settlements.settled(databases),
        await standing.as_in_the_ledger(databases),
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
