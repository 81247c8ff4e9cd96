"""What an answer about a firm's standing does to its project's money: a bad one holds it, a good one frees it again."""

from datetime import datetime

from common.auth import Principal
from common.db import Transaction
from contracts.applicant import StandingFound
from funding.releases.commands.project_holds import free_all, hold_all
from funding.releases.domain.holds import HoldReason
from funding.releases.store import lines
from funding.standings import commands as standings
from funding.standings.commands import StandingState

_SERVICE = Principal.service("funding")


async def hear_standing(tx: Transaction, found: StandingFound, *, now: datetime) -> None:
    """Keep the answer; from its commit on nothing is ordered for a firm that is suspended, closed or in arrears."""
    project_id = await standings.project_of(tx, found.standing_id)
    await lines.lock_project(tx, project_id)
    standing = await standings.keep_answer(tx, found, now=now)
    if standing is None:
        return
    change = hold_all if standing.state is StandingState.BAD else free_all
    await change(tx, project_id, HoldReason.PROJECT_FIRM_STANDING, by=_SERVICE, now=now)
