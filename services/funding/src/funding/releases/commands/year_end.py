"""What nobody ordered before its money's year ended and nobody carried over ends by itself (edge 4, decision 46)."""

from datetime import datetime

from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from funding.carry_overs import queries as carry_overs
from funding.ledger import commands as ledger
from funding.releases.commands import telling
from funding.releases.domain import release as domain
from funding.releases.domain.release import ReleaseState, VoidReason
from funding.releases.store import lines, releases

__all__ = ["end_unpayable"]

_SERVICE = Principal.service("funding")


async def end_unpayable(tx: Transaction, *, now: datetime) -> bool:
    """End the last request of one line whose year is over and whose requests need more than was carried over.

    What was asked for first stays as far as it was carried over: in the new year too, the later request is refused.
    """
    year_began = datetime(now.astimezone(KST).year, 1, 1, tzinfo=KST)
    waiting = await releases.lines_waiting(tx, since_before=year_began)
    over = await carry_overs.lines_over_limit(tx, waiting, now=now)
    for line_id in sorted(over):
        found = await releases.last_waiting(tx, line_id)
        if found is None:
            continue
        release_id, project_id = found
        await lines.lock_project(tx, project_id)
        release = await releases.get_locked(tx, release_id)
        waits = release.state in {ReleaseState.RESERVED, ReleaseState.APPROVED}
        if not waits or not await carry_overs.lines_over_limit(tx, [line_id], now=now):
            return True  # Somebody decided about it, or ended another of its line meanwhile: look again.
        resolution_id = await ledger.void(tx, release.reservation_id, at=now)
        ended = domain.void(release, VoidReason.FISCAL_YEAR_OVER, resolution_id, now=now)
        await releases.save(tx, ended)
        await telling.tell_step(tx, ended, by=_SERVICE, now=now)
        return True
    return False
