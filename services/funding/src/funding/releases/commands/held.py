"""Holds that people place and lift: one places, two lift; a municipality on its own line only."""

from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from contracts.roles import MUNICIPALITY_ROLES
from contracts.types import Source
from funding.releases.commands import telling
from funding.releases.domain import holds as domain
from funding.releases.domain.holds import BY_PROJECT, Hold, HoldReason
from funding.releases.domain.refusals import HoldBoundToProject, HoldNotYours, HoldUnknown, ReleaseLineUnknown
from funding.releases.store import holds, lines

__all__ = ["HoldReason", "lift_hold", "place_hold"]


async def place_hold(
    tx: Transaction, project_id: UUID, source: Source, reason: HoldReason, *, by: Principal, now: datetime
) -> UUID:
    """From its commit on nothing more is ordered from the line; what was ordered before goes on to its end."""
    await lines.lock_project(tx, project_id)
    line = await lines.get(tx, project_id, source)
    if by.role in MUNICIPALITY_ROLES and by.tenant != line.municipality_code:
        raise ReleaseLineUnknown
    _check_own(source, by)
    if reason in BY_PROJECT:
        raise HoldBoundToProject(reason=reason)
    hold = Hold(id=new_id(), project_id=project_id, source=source, reason=reason, placed_by=by.person, placed_at=now)
    await holds.add(tx, hold)
    await telling.tell_hold(tx, hold, "release-hold-placed", by=by, now=now)
    return hold.id


async def lift_hold(tx: Transaction, hold_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """The first person proposes to lift it, a second one lifts it."""
    project_id = await holds.project_of(tx, hold_id)
    await lines.lock_project(tx, project_id)
    hold = await holds.get_locked(tx, hold_id)
    line = await lines.get(tx, project_id, hold.source)
    if by.role in MUNICIPALITY_ROLES and by.tenant != line.municipality_code:
        raise HoldUnknown
    _check_own(hold.source, by)
    after = domain.lift(hold, read_version=read_version, by=by.person, now=now)
    await holds.save(tx, after)
    decision = "release-hold-lifted" if after.lifted_at is not None else "release-hold-lift-proposed"
    await telling.tell_hold(tx, after, decision, by=by, now=now)


def _check_own(source: Source, by: Principal) -> None:
    if by.role in MUNICIPALITY_ROLES and source is not Source.MUNICIPALITY:
        raise HoldNotYours(source=source)
