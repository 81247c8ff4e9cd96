"""For the features that close a project: its lines as nobody else moves them, their holds, and what they give up."""

from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from contracts.types import Source, Won
from funding.ledger import commands as ledger
from funding.releases.commands import telling
from funding.releases.commands.project_holds import free_all, hold_all
from funding.releases.domain.holds import HoldReason
from funding.releases.domain.refusals import PaymentUnderWay, ReleaseLineUnknown
from funding.releases.domain.release import ReleaseLine
from funding.releases.domain.terms import ReleaseMode
from funding.releases.store import holds, lines

__all__ = [
    "ReleaseLine",
    "ReleaseMode",
    "free_lines",
    "give_up_rest",
    "hold_lines",
    "is_ended",
    "lines_at_rest",
    "lock_lines",
]


async def lock_lines(tx: Transaction, project_id: UUID) -> list[ReleaseLine]:
    """A project's public sources, of which until commit nobody asks, orders or holds; raises ReleaseLineUnknown."""
    await lines.lock_project(tx, project_id)
    found = await lines.of_project(tx, project_id)
    if not found:
        raise ReleaseLineUnknown
    return found


async def lines_at_rest(tx: Transaction, project_id: UUID) -> list[ReleaseLine]:
    """The same, if nothing of them is under way: what the bank may still pay cannot be settled or asked back."""
    found = await lock_lines(tx, project_id)
    open_won = sum(line.open_won for line in found)
    if open_won:
        raise PaymentUnderWay(open_won=open_won)
    return found


async def is_ended(tx: Transaction, project_id: UUID) -> bool:
    """Whether funding has heard that the project was terminated."""
    return any(hold.reason is HoldReason.PROJECT_ENDED for hold in await holds.open_on(tx, project_id))


async def hold_lines(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """Nothing more leaves while a case of clawback is open."""
    await lock_lines(tx, project_id)
    await hold_all(tx, project_id, HoldReason.PROJECT_RECOVERY, by=by, now=now)


async def free_lines(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """The case is closed: what it held is free again, and nothing else."""
    await lines.lock_project(tx, project_id)
    await free_all(tx, project_id, HoldReason.PROJECT_RECOVERY, by=by, now=now)


async def give_up_rest(tx: Transaction, line: ReleaseLine, *, now: datetime) -> Won:
    """What a line at rest has promised and not paid lapses; returns how much."""
    if line.left_won:
        transfer_id = await ledger.lapse(
            tx,
            line.project_id,
            line.budget_line_id,
            municipality_code=line.municipality_code if line.source is Source.MUNICIPALITY else None,
            amount_won=line.left_won,
            at=now,
        )
        await lines.add_lapse(tx, line, line.left_won, transfer_id, now=now)
        await telling.tell_lapse(tx, line, now=now)
    return line.left_won
