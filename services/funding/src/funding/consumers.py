"""What funding does when the applicant service tells of projects; each handler makes one command call."""

from common.consumer import Handlers, Received
from common.db import Transaction
from common.denials import deny
from contracts.applicant import (
    AgreementEffective,
    AgreementSigned,
    CommitmentRequested,
    InterimInspectionPassed,
    ProjectCompleted,
    ProjectResumed,
    ProjectSelected,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
    StandingFound,
    TokensRevoked,
)
from funding.commitments import commands as commitments
from funding.coverages import commands as coverages
from funding.recoveries import commands as recoveries
from funding.releases.commands import lines as releases
from funding.releases.commands.standing import hear_standing
from funding.settlements import commands as settlements


async def on_commitment_requested(tx: Transaction, event: CommitmentRequested, received: Received) -> None:
    """Commit the project's money, or refuse, in its turn: those of one call come by their one key, best first."""
    turn = received.sequence
    await commitments.commit_project(tx, event, turn=turn, selected_at=received.at, now=received.now)


async def on_project_selected(tx: Transaction, event: ProjectSelected, received: Received) -> None:
    """Commit the project's money, or refuse, unless it is asked for in turn."""
    await commitments.commit_selected(tx, event, selected_at=received.at, now=received.now)


async def on_project_withdrawn(tx: Transaction, event: ProjectWithdrawn, received: Received) -> None:
    """Give the project's money back."""
    await coverages.end_coverage(tx, event, now=received.now)


async def on_agreement_signed(tx: Transaction, event: AgreementSigned, received: Received) -> None:
    """Ask every source to cover its share."""
    await coverages.open_coverage(tx, event, now=received.now)


async def on_agreement_effective(tx: Transaction, event: AgreementEffective, received: Received) -> None:
    """Grant the committed money, and open each public source's line for releases."""
    await releases.open_lines(tx, event, event_id=received.event_id, now=received.now)


async def on_interim_inspection_passed(tx: Transaction, event: InterimInspectionPassed, received: Received) -> None:
    """What waited for the interim inspection can be asked for."""
    gate = releases.Gate.INTERIM_PASSED
    await releases.open_gate(tx, event.project_id, gate, event_id=received.event_id, now=received.now)


async def on_project_completed(tx: Transaction, event: ProjectCompleted, received: Received) -> None:
    """The last part can be asked for, and the time of the settlement begins."""
    await settlements.open_settlement(tx, event.project_id, event_id=received.event_id, now=received.now)


async def on_project_suspended(tx: Transaction, event: ProjectSuspended, received: Received) -> None:
    """Hold every line of the project."""
    await releases.suspend_project(tx, event.project_id, now=received.now)


async def on_project_resumed(tx: Transaction, event: ProjectResumed, received: Received) -> None:
    """Free what the suspension held."""
    await releases.resume_project(tx, event.project_id, now=received.now)


async def on_project_terminated(tx: Transaction, event: ProjectTerminated, received: Received) -> None:
    """Hold the lines for good, give back what is not ordered, and look at what was paid."""
    await recoveries.begin_after_termination(tx, event, event_id=received.event_id, now=received.now)


async def on_standing_found(tx: Transaction, event: StandingFound, received: Received) -> None:
    """Hold or free the firm's money by what the tax office said."""
    await hear_standing(tx, event, now=received.now)


async def on_tokens_revoked(tx: Transaction, event: TokensRevoked, received: Received) -> None:
    """From now on these tokens open nothing here either."""
    await deny(tx, event, issued_until=event.issued_until)


HANDLERS: Handlers = {
    CommitmentRequested: on_commitment_requested,
    ProjectSelected: on_project_selected,
    ProjectWithdrawn: on_project_withdrawn,
    AgreementSigned: on_agreement_signed,
    AgreementEffective: on_agreement_effective,
    InterimInspectionPassed: on_interim_inspection_passed,
    ProjectCompleted: on_project_completed,
    ProjectSuspended: on_project_suspended,
    ProjectResumed: on_project_resumed,
    ProjectTerminated: on_project_terminated,
    StandingFound: on_standing_found,
    TokensRevoked: on_tokens_revoked,
}
