"""The queue of projects that wait for mentors: what events do to it, and what people say a project needs."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.db import Transaction
from mentoring.matching import domain, store
from mentoring.matching.domain import ConflictKind, ProjectNeeds, WaitingProject
from mentoring.mentors.queries import check_known
from mentoring.teams import queries as teams

__all__ = [
    "ConflictKind",
    "ProjectNeeds",
    "know_company",
    "lock_projects",
    "queue_project",
    "state_needs",
    "withdraw_project",
]


async def queue_project(tx: Transaction, project: WaitingProject) -> None:
    """Queue a project whose money is committed."""
    await store.add(tx, project)


async def withdraw_project(tx: Transaction, project_id: UUID) -> None:
    """Take a withdrawn project out of the queue, if it ever came in: one withdrawn unconfirmed did not."""
    project = await store.get(tx, project_id)
    if project is not None:
        await store.save_state(tx, domain.withdraw(project))


async def know_company(tx: Transaction, project_id: UUID, company_id: UUID) -> None:
    """Whose project it is, for the firm to see its own residency."""
    await store.save_company(tx, project_id, company_id)


async def state_needs(tx: Transaction, needs: ProjectNeeds, *, version: int, by: Principal, now: datetime) -> None:
    """Say what a project needs of its team, in the place of what the caller has read."""
    project = await store.get(tx, needs.project_id)
    if project is None:
        raise domain.WaitingProjectUnknown(project_id=needs.project_id)
    await check_known(tx, needs.conflicts)
    before, has_team = await store.get_needs(tx, needs.project_id), await teams.has_team(tx, needs.project_id)
    stated = domain.state_needs(project, before, needs, has_team=has_team, version=version)
    await store.save_needs(tx, stated)
    await journal.record(
        tx,
        chain=f"project/{needs.project_id}",
        decision="needs-stated",
        by=by,
        at=now,
        facts={
            "version": stated.version,
            "processes": sorted(stated.processes),
            "technologies": sorted(stated.technologies),
            "ksic_division": stated.ksic_division,
            "residency_weeks": stated.residency_weeks,
            "conflicts": {str(mentor): kind.value for mentor, kind in stated.conflicts.items()},
        },
    )


async def lock_projects(tx: Transaction, project_ids: Collection[UUID]) -> None:
    """Hold these projects as they are until commit."""
    await store.lock(tx, project_ids)
