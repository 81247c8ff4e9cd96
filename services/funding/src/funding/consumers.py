"""What funding does when the applicant service tells of projects; each handler makes one command call."""

from common.consumer import Handlers, Received
from common.db import Transaction
from common.denials import deny
from contracts.applicant import AgreementEffective, AgreementSigned, ProjectSelected, ProjectWithdrawn, TokensRevoked
from funding.commitments import commands as commitments
from funding.coverages import commands as coverages
from funding.releases.commands import lines as releases


async def on_project_selected(tx: Transaction, event: ProjectSelected, received: Received) -> None:
    """Commit the project's money, or refuse."""
    await commitments.commit_project(tx, event, now=received.now)


async def on_project_withdrawn(tx: Transaction, event: ProjectWithdrawn, received: Received) -> None:
    """Give the project's money back."""
    await coverages.end_coverage(tx, event, now=received.now)


async def on_agreement_signed(tx: Transaction, event: AgreementSigned, received: Received) -> None:
    """Ask every source to cover its share."""
    await coverages.open_coverage(tx, event, now=received.now)


async def on_agreement_effective(tx: Transaction, event: AgreementEffective, received: Received) -> None:
    """Grant the committed money, and open each public source's line for releases."""
    await releases.open_lines(tx, event, event_id=received.event_id, now=received.now)


async def on_tokens_revoked(tx: Transaction, event: TokensRevoked, received: Received) -> None:
    """From now on these tokens open nothing here either."""
    await deny(tx, event, issued_until=event.issued_until)


HANDLERS: Handlers = {
    ProjectSelected: on_project_selected,
    ProjectWithdrawn: on_project_withdrawn,
    AgreementSigned: on_agreement_signed,
    AgreementEffective: on_agreement_effective,
    TokensRevoked: on_tokens_revoked,
}
