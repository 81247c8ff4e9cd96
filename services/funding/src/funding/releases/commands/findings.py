"""What people do with an order that is stuck at the bank: one finds out, another decides, and it is never paid twice.

From the proposal on the worker leaves the order alone; what it was told before then counts, and ends the finding.
"""

from datetime import datetime
from uuid import UUID

from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from funding.ledger import commands as ledger
from funding.releases.commands import telling
from funding.releases.domain import findings as domain
from funding.releases.domain import release as releases_domain
from funding.releases.domain.findings import Finding, FindingReason, FindingState, FoundOutcome
from funding.releases.domain.refusals import FindingExists, ReleaseNotUnclear
from funding.releases.domain.release import Release, ReleaseState, VoidReason
from funding.releases.store import findings, releases

__all__ = [
    "FindingReason",
    "FoundOutcome",
    "check_may_propose",
    "confirm_finding",
    "end_moot",
    "end_overtaken",
    "propose_finding",
    "reject_finding",
]

_SERVICE = Principal.service("funding")


async def propose_finding(
    tx: Transaction,
    release_id: UUID,
    outcome: FoundOutcome,
    *,
    bank_transaction: str | None,
    reason: FindingReason,
    evidence_sha256: str,
    read_version: int,
    by: Principal,
    now: datetime,
) -> UUID:
    """Say by the bank's paper what became of an order that is unclear; the worker waits until it is decided."""
    release = await releases.get_locked(tx, release_id)
    releases_domain.check_version(release, read_version)
    unclear = await findings.is_unclear(tx, release_id)
    domain.check_proposal(release, outcome, bank_transaction, unclear=unclear)
    if bank_transaction is not None and await findings.is_paid_by(tx, bank_transaction):
        raise FindingExists
    finding = Finding(
        id=new_id(),
        release_id=release_id,
        outcome=outcome,
        bank_transaction=bank_transaction,
        reason=reason,
        evidence_sha256=evidence_sha256,
        state=FindingState.PROPOSED,
        proposed_by=by.person,
        proposed_at=now,
    )
    await findings.add(tx, finding)
    await _tell(tx, release, finding, "release-finding-proposed", by=by, now=now)
    return finding.id


async def check_may_propose(tx: Transaction, release: Release) -> None:
    """Raises why nobody can say by hand what became of this order, whatever the bank's paper says."""
    unclear = await findings.is_unclear(tx, release.id)
    domain.check_proposal(release, FoundOutcome.NOT_PAID, None, unclear=unclear)
    if await findings.proposed_about(tx, release.id) is not None:
        raise FindingExists


async def confirm_finding(
    tx: Transaction, finding_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """A second officer agrees: what was paid is posted like any other payment, what was not goes back to its line."""
    release, finding = await _decided(tx, finding_id, FindingState.CONFIRMED, read_version=read_version, by=by, now=now)
    if release.state is not ReleaseState.ORDERED:
        raise ReleaseNotUnclear(state=release.state)
    domain.check_at_rest(finding.outcome, at_rest=await findings.is_at_rest(tx, finding_id))
    await findings.save(tx, finding)
    facts: dict[str, JsonValue] = {"finding_id": str(finding_id), "by_hand": True}
    if finding.bank_transaction is not None:
        if await findings.is_paid_by(tx, finding.bank_transaction):
            raise FindingExists
        after = releases_domain.confirm(release, finding.bank_transaction, now=now)
        facts |= {"bank_transaction": finding.bank_transaction}
    else:
        async with as_service(tx):
            resolution_id = await ledger.void(tx, release.reservation_id, at=now)
        after = releases_domain.void(release, VoidReason.BANK_REFUSED, resolution_id, now=now)
    await releases.save(tx, after)
    await _tell(tx, release, finding, "release-finding-confirmed", by=by, now=now)
    await telling.tell_step(tx, after, by=by, now=now, facts=facts)


async def reject_finding(tx: Transaction, finding_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """A second officer does not agree: the worker asks the bank again."""
    release, finding = await _decided(tx, finding_id, FindingState.REJECTED, read_version=read_version, by=by, now=now)
    await findings.save(tx, finding)
    await findings.go_on(tx, release.id)
    await _tell(tx, release, finding, "release-finding-rejected", by=by, now=now)


async def end_moot(tx: Transaction, release: Release, *, now: datetime) -> None:
    """The bank answered itself: a finding about a release that has moved on needs no decision any more."""
    finding_id = await findings.proposed_about(tx, release.id)
    if finding_id is not None:
        finding = domain.moot(await findings.get_locked(tx, finding_id), now=now)
        await findings.save(tx, finding)
        await _tell(tx, release, finding, "release-finding-moot", by=_SERVICE, now=now)


async def end_overtaken(tx: Transaction, *, now: datetime) -> bool:
    """End one finding that was overtaken before findings could end so; False if there is none."""
    release_id = await findings.overtaken(tx)
    if release_id is None:
        return False
    await end_moot(tx, await releases.get_locked(tx, release_id), now=now)
    return True


async def _decided(
    tx: Transaction, finding_id: UUID, state: FindingState, *, read_version: int, by: Principal, now: datetime
) -> tuple[Release, Finding]:
    release = await releases.get_locked(tx, await findings.release_of(tx, finding_id))
    finding = await findings.get_locked(tx, finding_id)
    return release, domain.decide(
        finding, state, read_version=read_version, ordered_by=release.ordered_by, by=by.person, now=now
    )


async def _tell(
    tx: Transaction, release: Release, finding: Finding, decision: str, *, by: Principal, now: datetime
) -> None:
    await telling.tell_decision(
        tx,
        release,
        decision,
        by=by,
        now=now,
        facts={
            "finding_id": str(finding.id),
            "outcome": finding.outcome.value,
            "finding_reason": finding.reason.value,
            "evidence": f"sha256:{finding.evidence_sha256}",
        },
    )
