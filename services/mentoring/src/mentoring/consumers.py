"""What mentoring does with the events of other services; each handler is one command call."""

from uuid import UUID

from common.auth import Principal
from common.consumer import Handlers, Received
from common.db import Transaction
from common.denials import deny
from contracts.applicant import (
    AgreementSigned,
    ProjectCompleted,
    ProjectConfirmed,
    ProjectResumed,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
    TokensRevoked,
)
from contracts.types import MunicipalityCode
from mentoring.matching import commands as matching
from mentoring.matching.domain import WaitingProject
from mentoring.residencies import commands as residencies
from mentoring.residencies.commands import ReleaseReason

_SELF = Principal.service("mentoring")


async def on_project_confirmed(tx: Transaction, event: ProjectConfirmed, received: Received) -> None:
    """The money stands, so a team can be planned."""
    await matching.queue_project(
        tx,
        WaitingProject(
            project_id=event.project_id,
            application_id=event.application_id,
            call_id=event.call_id,
            type_code=event.type_code,
            municipality_code=MunicipalityCode(event.municipality_code),
            waiting_since=received.at,
        ),
    )


async def on_project_withdrawn(tx: Transaction, event: ProjectWithdrawn, received: Received) -> None:
    """The firm gave its place back, so nobody needs a team; one that was assigned has its weeks again."""
    await matching.withdraw_project(tx, event.project_id)
    await _release(tx, event.project_id, ReleaseReason.PROJECT_WITHDRAWN, received)


async def on_project_suspended(tx: Transaction, event: ProjectSuspended, received: Received) -> None:
    """Nobody works there for a while. A team that was assigned keeps its weeks: the project may go on in them."""
    await matching.suspend_project(tx, event.project_id, event.suspension_id, cause=event.cause, at=received.at)


async def on_project_resumed(tx: Transaction, event: ProjectResumed, received: Received) -> None:
    """It goes on, and waits again if it has no team."""
    await matching.resume_project(tx, event.project_id, at=received.at)


async def on_project_completed(tx: Transaction, event: ProjectCompleted, _received: Received) -> None:
    """No team is planned any more; one that was assigned comes all the same, since firms are followed up afterwards."""
    await matching.complete_project(tx, event.project_id)


async def on_project_terminated(tx: Transaction, event: ProjectTerminated, received: Received) -> None:
    """The agreement ended, before or after completion: a team there leaves, and its weeks are free for others."""
    await matching.terminate_project(tx, event.project_id)
    await _release(tx, event.project_id, ReleaseReason.AGREEMENT_TERMINATED, received)


async def on_agreement_signed(tx: Transaction, event: AgreementSigned, _received: Received) -> None:
    """Firm and programme are bound: from now on the firm sees who comes, and confirms that they came."""
    await matching.know_company(tx, event.project_id, event.company_id)


async def on_tokens_revoked(tx: Transaction, event: TokensRevoked, received: Received) -> None:
    """From now on these tokens open nothing here either."""
    await deny(tx, event, issued_until=event.issued_until)


async def _release(tx: Transaction, project_id: UUID, reason: ReleaseReason, received: Received) -> None:
    await residencies.release_residency(tx, project_id, reason, by=_SELF, now=received.at)


HANDLERS: Handlers = {
    AgreementSigned: on_agreement_signed,
    ProjectCompleted: on_project_completed,
    ProjectConfirmed: on_project_confirmed,
    ProjectResumed: on_project_resumed,
    ProjectSuspended: on_project_suspended,
    ProjectTerminated: on_project_terminated,
    ProjectWithdrawn: on_project_withdrawn,
    TokensRevoked: on_tokens_revoked,
}

PROJECTED = tuple(event for event in HANDLERS if event is not TokensRevoked)
"""Those that the projection is made of."""
