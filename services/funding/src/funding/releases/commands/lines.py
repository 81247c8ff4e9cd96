"""What funding hears of a project in force: lines and gates open one after the other, and it may be stopped."""

from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from contracts.applicant import AgreementEffective
from contracts.types import Won
from funding.coverages import commands as coverages
from funding.ledger import commands as ledger
from funding.releases.commands import telling
from funding.releases.commands.project_holds import free_all, hold_all
from funding.releases.domain import release as releases_domain
from funding.releases.domain.holds import HoldReason
from funding.releases.domain.refusals import ReleaseLineUnknown
from funding.releases.domain.release import ReleaseLine, VoidReason
from funding.releases.domain.terms import Gate
from funding.releases.store import lines, releases, terms

__all__ = ["Gate", "end_project", "open_gate", "open_lines", "resume_project", "suspend_project"]

_SERVICE = Principal.service("funding")


async def open_lines(tx: Transaction, effective: AgreementEffective, *, event_id: UUID, now: datetime) -> None:
    """The agreement is in force: the money is granted, each public source gets a line, and the first gate is open."""
    coverage = await coverages.grant_coverage(tx, effective, event_id=event_id, now=now)
    version = terms.in_force(now)
    opened = [
        ReleaseLine(
            project_id=coverage.project_id,
            source=line.source,
            call_id=coverage.call_id,
            company_id=coverage.company_id,
            municipality_code=coverage.municipality_code,
            budget_line_id=line.budget_line_id,
            mode=version.of(line.source).mode,
            terms_version=version.version,
            committed_won=line.amount_won,
            open_won=Won(0),
            paid_won=Won(0),
            lapsed_won=Won(0),
            returned_won=Won(0),
        )
        for line in coverage.lines
        if line.budget_line_id is not None
    ]
    if opened:
        await lines.add(tx, opened)
    await _open(tx, coverage.project_id, Gate.AGREEMENT_EFFECTIVE, event_id=event_id, now=now)


async def open_gate(tx: Transaction, project_id: UUID, gate: Gate, *, event_id: UUID, now: datetime) -> None:
    """The project passed a gate: what it frees can be asked for. Told again, nothing changes.

    Of a project that is not in force it is refused, hence parked: a gate must not be lost.
    """
    if not await lines.of_project(tx, project_id):
        raise ReleaseLineUnknown
    await _open(tx, project_id, gate, event_id=event_id, now=now)


async def _open(tx: Transaction, project_id: UUID, gate: Gate, *, event_id: UUID, now: datetime) -> None:
    if await lines.open_gate(tx, project_id, gate, event_id=event_id, now=now):
        await telling.tell_gate(tx, project_id, gate, event_id=event_id, by=_SERVICE, now=now)


async def suspend_project(tx: Transaction, project_id: UUID, *, now: datetime) -> None:
    """The project stands still: every line of it is held until it goes on."""
    await lines.lock_project(tx, project_id)
    await hold_all(tx, project_id, HoldReason.PROJECT_SUSPENDED, by=_SERVICE, now=now)


async def resume_project(tx: Transaction, project_id: UUID, *, now: datetime) -> None:
    """The project goes on: what its suspension held is free again, and nothing else."""
    await lines.lock_project(tx, project_id)
    await free_all(tx, project_id, HoldReason.PROJECT_SUSPENDED, by=_SERVICE, now=now)


async def end_project(tx: Transaction, project_id: UUID, *, now: datetime) -> None:
    """The project is terminated: its lines stay held, and what is not ordered yet goes back to them."""
    await lines.lock_project(tx, project_id)
    await hold_all(tx, project_id, HoldReason.PROJECT_ENDED, by=_SERVICE, now=now)
    for open_release in await releases.open_of_project(tx, project_id):
        resolution_id = await ledger.void(tx, open_release.reservation_id, at=now)
        ended = releases_domain.void(open_release, VoidReason.PROJECT_ENDED, resolution_id, now=now)
        await releases.save(tx, ended)
        await telling.tell_step(tx, ended, by=_SERVICE, now=now)
