"""The province asks funding once more about a project that waits for its answer: the request before was discarded."""

from datetime import datetime
from uuid import UUID

from applicant.projects import commands as projects
from applicant.selections.store import rankings
from common.auth import Principal
from common.db import Transaction


async def ask_again(
    tx: Transaction, project_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> projects.Project:
    """Put the project behind all others of its call whose money has been asked for.

    Raises ProjectNotFound, ProjectHasChanged and FundingHasAnswered.
    """
    await rankings.lock_selection(tx, await projects.call_of(tx, project_id))
    return await projects.ask_again(tx, project_id, read_version=read_version, by=by, now=now)
