"""What mentoring does with the events of other services; each handler is one command call."""

from common.auth import Principal
from common.consumer import Handlers, Received
from common.db import Transaction
from common.denials import deny
from contracts.applicant import AgreementSigned, ProjectConfirmed, ProjectWithdrawn, TokensRevoked
from contracts.types import MunicipalityCode
from mentoring.matching import commands as matching
from mentoring.matching.domain import WaitingProject
from mentoring.residencies import commands as residencies

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
    await residencies.release_residency(tx, event.project_id, by=_SELF, now=received.at)


async def on_agreement_signed(tx: Transaction, event: AgreementSigned, _received: Received) -> None:
    """Firm and programme are bound: from now on the firm sees who comes, and confirms that they came."""
    await matching.know_company(tx, event.project_id, event.company_id)


async def on_tokens_revoked(tx: Transaction, event: TokensRevoked, received: Received) -> None:
    """From now on these tokens open nothing here either."""
    await deny(tx, event, issued_until=event.issued_until)


HANDLERS: Handlers = {
    AgreementSigned: on_agreement_signed,
    ProjectConfirmed: on_project_confirmed,
    ProjectWithdrawn: on_project_withdrawn,
    TokensRevoked: on_tokens_revoked,
}

PROJECTED = tuple(event for event in HANDLERS if event is not TokensRevoked)
"""Those that the projection is made of."""
