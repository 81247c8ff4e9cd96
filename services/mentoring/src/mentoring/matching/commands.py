"""What events of other services do to the queue of projects that wait for mentors."""

from uuid import UUID

from common.db import Transaction
from mentoring.matching import domain, store
from mentoring.matching.domain import WaitingProject


async def queue_project(tx: Transaction, project: WaitingProject) -> None:
    """Queue a project whose money is committed."""
    await store.add(tx, project)


async def withdraw_project(tx: Transaction, project_id: UUID) -> None:
    """Take a withdrawn project out of the queue, if it ever came in: one withdrawn unconfirmed did not."""
    project = await store.get(tx, project_id)
    if project is not None:
        await store.save_state(tx, domain.withdraw(project))
