"""What mentoring does with the events of other services; each handler is one command call."""

from common.consumer import Handlers, Received
from common.db import Transaction
from common.denials import deny
from contracts.applicant import ProjectConfirmed, ProjectWithdrawn, TokensRevoked
from contracts.types import MunicipalityCode
from mentoring.matching import commands as matching
from mentoring.matching.domain import WaitingProject


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
    """The firm gave its place back, so nobody needs a team."""
    await matching.withdraw_project(tx, event.project_id)


async def on_tokens_revoked(tx: Transaction, event: TokensRevoked, received: Received) -> None:
    """From now on these tokens open nothing here either."""
    await deny(tx, event, issued_until=event.issued_until)


HANDLERS: Handlers = {
    ProjectConfirmed: on_project_confirmed,
    ProjectWithdrawn: on_project_withdrawn,
    TokensRevoked: on_tokens_revoked,
}

PROJECTED = tuple(event for event in HANDLERS if event is not TokensRevoked)
"""Those that the projection is made of."""
