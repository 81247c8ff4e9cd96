"""Holds that a project's own course places on all of its lines, and ends again: no person does either."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from funding.releases.commands import telling
from funding.releases.domain.holds import Hold, HoldReason
from funding.releases.store import holds, lines


async def hold_all(tx: Transaction, project_id: UUID, reason: HoldReason, *, by: Principal, now: datetime) -> None:
    """Hold every line that is not held for this reason already; the caller holds the project's lock."""
    held = {hold.source for hold in await holds.open_on(tx, project_id) if hold.reason is reason}
    for line in await lines.of_project(tx, project_id):
        if line.source in held:
            continue
        hold = Hold(
            id=new_id(),
            project_id=project_id,
            source=line.source,
            reason=reason,
            placed_by=by.person,
            placed_at=now,
        )
        await holds.add(tx, hold)
        await telling.tell_hold(tx, hold, "release-hold-placed", by=by, now=now)


async def free_all(tx: Transaction, project_id: UUID, reason: HoldReason, *, by: Principal, now: datetime) -> None:
    """End what is held for this reason, and nothing else."""
    for hold in await holds.open_on(tx, project_id):
        if hold.reason is reason:
            lifted = replace(hold, lifted_by=by.person, lifted_at=now)
            await holds.save(tx, lifted)
            await telling.tell_hold(tx, lifted, "release-hold-lifted", by=by, now=now)
