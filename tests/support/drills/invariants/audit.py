"""All nine together, over one installation at rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases, snapshots
from tests.support.drills.figures import Drill
from tests.support.drills.history import History
from tests.support.drills.installation import Installation
from tests.support.drills.invariants import consumers, effects, journals, log, money, tenants
from tests.support.drills.invariants.topics import Told, read_all

_SHOWN = 5


@dataclass
class Evidence:
    """What the checkers are given; a planted bug changes one part of it."""

    databases: dict[str, str]
    told: Sequence[Told]
    history: History
    logs: dict[str, str]


def gathered(installation: Installation) -> Evidence:
    """Everything of an installation that is quiet."""
    return Evidence(
        databases=installation.raw_urls(),
        told=read_all(installation.servers.bootstrap_servers, installation.prefix),
        history=installation.history,
        logs={process.name: process.log for process in installation.processes},
    )


async def claims_of(evidence: Evidence) -> dict[str, Claim]:
    """The nine claims by their names, as all databases were at one moment."""
    async with snapshots(evidence.databases) as databases:
        return await claims_in(databases, evidence)


async def claims_in(databases: Databases, evidence: Evidence) -> dict[str, Claim]:
    """The same over connections that somebody else opened."""
    told, history = evidence.told, evidence.history
    found = [
        await money.balanced(databases),
        await money.within_budget(databases, told),
        await effects.once_each(databases, history),
        await log.nothing_lost(databases, told),
        log.in_order(told),
        await consumers.agreeing(databases),
        await consumers.applied_once(databases),
        await journals.explained(databases),
        await tenants.kept_apart(databases, history, told, evidence.logs),
    ]
    return {claim.name: claim for claim in found}


async def hold(installation: Installation, drill: Drill) -> Evidence:
    """Check all nine, note how much was looked at, and fail with the first findings of whatever does not hold."""
    evidence = gathered(installation)
    claims = await claims_of(evidence)
    broken = [finding for claim in claims.values() for finding in claim.findings]
    assert not broken, "\n".join(map(str, broken[:_SHOWN]))
    blind = [name for name, claim in claims.items() if not claim.looked_at]
    assert not blind, f"nothing to look at for {blind}"
    drill.figure("things checked for I1 to I9", sum(claim.looked_at for claim in claims.values()))
    drill.figure("findings", len(broken), limit="== 0")
    drill.figure("duplicates in the topics", log.duplicates(evidence.told))
    return evidence
