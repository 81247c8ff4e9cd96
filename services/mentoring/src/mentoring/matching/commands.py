"""The queue of projects that wait for mentors: what events do to it, and what people say a project needs."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from mentoring.matching import domain, store
from mentoring.matching.domain import ConflictKind, Pause, ProjectNeeds, WaitingProject
from mentoring.mentors.queries import check_known
from mentoring.teams import queries as teams

__all__ = [
    "ConflictKind",
    "Pause",
    "ProjectNeeds",
    "complete_project",
    "know_company",
    "lock_projects",
    "pauses_of",
    "queue_project",
    "resume_project",
    "state_needs",
    "suspend_project",
    "terminate_project",
    "withdraw_project",
]


async def queue_project(tx: Transaction, project: WaitingProject) -> None:
    """Queue a project whose money is committed."""
    await store.add(tx, project)


async def withdraw_project(tx: Transaction, project_id: UUID) -> None:
    """Take a withdrawn project out of the queue, if it ever came in: one withdrawn unconfirmed did not."""
    await _change(tx, project_id, domain.withdraw)


async def suspend_project(tx: Transaction, project_id: UUID, suspension_id: UUID, *, cause: str, at: datetime) -> None:
    """Nobody works there for a while, from the day after on."""
    await _change(tx, project_id, domain.suspend)
    pause = Pause(
        suspension_id=suspension_id,
        project_id=project_id,
        cause=cause,
        suspended_on=at.astimezone(KST).date(),
        resumed_on=None,
        changed_at=at,
    )
    await store.add_pause(tx, pause)


async def resume_project(tx: Transaction, project_id: UUID, *, at: datetime) -> None:
    """It goes on from this day."""
    await _change(tx, project_id, domain.resume)
    await store.end_pause(tx, project_id, resumed_on=at.astimezone(KST).date(), at=at)


async def complete_project(tx: Transaction, project_id: UUID) -> None:
    """No team is planned for it any more."""
    await _change(tx, project_id, domain.complete)


async def terminate_project(tx: Transaction, project_id: UUID) -> None:
    """It is no more."""
    await _change(tx, project_id, domain.terminate)


async def pauses_of(tx: Transaction, project_id: UUID) -> list[Pause]:
    """When it was suspended, the earliest first."""
    return await store.pauses_of(tx, [project_id])


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


async def _change(tx: Transaction, project_id: UUID, change: Callable[[WaitingProject], WaitingProject]) -> None:
    """Change a project that came into the queue; one whose money was never committed did not."""
    project = await store.get(tx, project_id)
    if project is not None:
        await store.save_state(tx, change(project))
