"""What metrics does with the other services' events: each handler says which statements keep the projection true."""

from collections.abc import Sequence

from common.consumer import Handlers, Received, Statement
from common.db import Transaction
from common.denials import deny
from contracts.applicant import (
    AgreementEffective,
    ApplicationFoundEligible,
    ApplicationFoundIneligible,
    ApplicationRanked,
    ApplicationSubmitted,
    ApplicationSupplemented,
    ApplicationWithdrawn,
    CallPublished,
    InterimInspectionPassed,
    ProjectCompleted,
    ProjectConfirmed,
    ProjectNotFunded,
    ProjectResumed,
    ProjectSelected,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
    SupplementRequested,
    TokensRevoked,
)
from contracts.funding import (
    BudgetLapseWarned,
    BudgetLineConfirmed,
    CarryOverConfirmed,
    CommitmentLapsed,
    CommitmentRefused,
    CommitmentReleased,
    DisbursementApproved,
    DisbursementConfirmed,
    DisbursementOrdered,
    DisbursementPosted,
    DisbursementReserved,
    DisbursementUnclear,
    DisbursementVoided,
    ProjectCommitted,
    RepaymentConfirmed,
    RepaymentOrdered,
    RepaymentRelieved,
    SettlementClosed,
    SettlementFixed,
    SettlementOpened,
    SettlementReported,
)
from contracts.mentoring import (
    ImprovementItemClosed,
    MentorTrainingCompleted,
    ResidencyAssigned,
    ResidencyEnded,
    ResidencyStarted,
)
from metrics.gauge import commands as gauge
from metrics.money import commands as money
from metrics.outcomes import commands as outcomes
from metrics.partners import commands as partners
from metrics.progress import commands as progress
from metrics.today import commands as today
from metrics.webhooks.commands import telling as webhooks


def on_call_published(event: CallPublished, received: Received) -> Sequence[Statement]:
    return [*progress.open_call(event, at=received.at), *today.learn_shares(event)]


def on_application_submitted(event: ApplicationSubmitted, received: Received) -> Sequence[Statement]:
    return [*progress.move_case(event, state="SUBMITTED", at=received.at), *gauge.learn_worksite(event)]


def on_supplement_requested(event: SupplementRequested, received: Received) -> Sequence[Statement]:
    return progress.move_case(event, state="SUPPLEMENT_REQUESTED", at=received.at)


def on_application_supplemented(event: ApplicationSupplemented, received: Received) -> Sequence[Statement]:
    return progress.move_case(event, state="SUPPLEMENTED", at=received.at)


def on_application_found_eligible(event: ApplicationFoundEligible, received: Received) -> Sequence[Statement]:
    return progress.move_case(event, state="ELIGIBLE", at=received.at)


def on_application_found_ineligible(event: ApplicationFoundIneligible, received: Received) -> Sequence[Statement]:
    return progress.move_case(event, state="INELIGIBLE", at=received.at)


def on_application_withdrawn(event: ApplicationWithdrawn, received: Received) -> Sequence[Statement]:
    return progress.move_case(event, state="WITHDRAWN", at=received.at)


def on_application_ranked(event: ApplicationRanked, received: Received) -> Sequence[Statement]:
    return progress.move_case(event, state=event.outcome, at=received.at)


def on_project_selected(event: ProjectSelected, received: Received) -> Sequence[Statement]:
    moved = progress.move_project(event, state="SELECTED", at=received.at, promoted=event.promoted)
    return [
        *moved,
        *gauge.plan_site(event, at=received.at),
        *outcomes.select_project(event),
        *partners.tell(event, received),
        *webhooks.tell(event, received),
    ]


def on_project_confirmed(event: ProjectConfirmed, received: Received) -> Sequence[Statement]:
    return [*progress.move_project(event, state="CONFIRMED", at=received.at), *webhooks.tell(event, received)]


def on_project_not_funded(event: ProjectNotFunded, received: Received) -> Sequence[Statement]:
    moved = progress.move_project(event, state="NOT_FUNDED", at=received.at)
    return [*moved, *gauge.end_site(event, at=received.at), *webhooks.tell(event, received)]


def on_project_withdrawn(event: ProjectWithdrawn, received: Received) -> Sequence[Statement]:
    moved = progress.move_project(event, state="WITHDRAWN", at=received.at)
    return [*moved, *gauge.end_site(event, at=received.at), *webhooks.tell(event, received)]


def on_agreement_effective(event: AgreementEffective, received: Received) -> Sequence[Statement]:
    return [
        *gauge.agree_site(event, at=received.at),
        *outcomes.freeze_baseline(event, at=received.at),
        *partners.tell(event, received),
        *webhooks.tell(event, received),
    ]


def on_interim_inspection_passed(event: InterimInspectionPassed, received: Received) -> Sequence[Statement]:
    told = [*partners.tell(event, received), *webhooks.tell(event, received)]
    return [*gauge.inspect_site(event, at=received.at), *told]


def on_project_suspended(event: ProjectSuspended, received: Received) -> Sequence[Statement]:
    return [*gauge.suspend_site(event, at=received.at), *webhooks.tell(event, received)]


def on_project_resumed(event: ProjectResumed, received: Received) -> Sequence[Statement]:
    return [*gauge.resume_site(event, at=received.at), *webhooks.tell(event, received)]


def on_project_completed(event: ProjectCompleted, received: Received) -> Sequence[Statement]:
    return [
        *gauge.complete_site(event, at=received.at),
        *outcomes.begin_waves(event, at=received.at),
        *webhooks.tell(event, received),
    ]


def on_project_terminated(event: ProjectTerminated, received: Received) -> Sequence[Statement]:
    return [
        *gauge.terminate_site(event, at=received.at),
        *outcomes.note_termination(event, at=received.at),
        *partners.tell(event, received),
        *webhooks.tell(event, received),
    ]


def on_budget_line_confirmed(event: BudgetLineConfirmed, received: Received) -> Sequence[Statement]:
    return progress.confirm_line(event)


def on_project_committed(event: ProjectCommitted, received: Received) -> Sequence[Statement]:
    return progress.commit_money(event, at=received.at)


def on_commitment_refused(event: CommitmentRefused, received: Received) -> Sequence[Statement]:
    return progress.refuse_money(event, at=received.at)


def on_commitment_released(event: CommitmentReleased, received: Received) -> Sequence[Statement]:
    return progress.release_money(event, at=received.at)


def on_carry_over_confirmed(event: CarryOverConfirmed, received: Received) -> Sequence[Statement]:
    return money.carry_over(event, at=received.at)


def on_budget_lapse_warned(event: BudgetLapseWarned, received: Received) -> Sequence[Statement]:
    return webhooks.tell(event, received)


def on_commitment_lapsed(event: CommitmentLapsed, received: Received) -> Sequence[Statement]:
    return [*money.lapse_share(event), *webhooks.tell(event, received)]


def on_disbursement_reserved(event: DisbursementReserved, received: Received) -> Sequence[Statement]:
    return [*money.move_release(event, state="RESERVED", at=received.at), *webhooks.tell(event, received)]


def on_disbursement_approved(event: DisbursementApproved, received: Received) -> Sequence[Statement]:
    return money.move_release(event, state="APPROVED", at=received.at)


def on_disbursement_ordered(event: DisbursementOrdered, received: Received) -> Sequence[Statement]:
    return money.move_release(event, state="ORDERED", at=received.at)


def on_disbursement_confirmed(event: DisbursementConfirmed, received: Received) -> Sequence[Statement]:
    return money.move_release(event, state="CONFIRMED", at=received.at)


def on_disbursement_posted(event: DisbursementPosted, received: Received) -> Sequence[Statement]:
    return [*money.move_release(event, state="POSTED", at=received.at), *webhooks.tell(event, received)]


def on_disbursement_voided(event: DisbursementVoided, received: Received) -> Sequence[Statement]:
    return [*money.move_release(event, state="VOIDED", at=received.at), *webhooks.tell(event, received)]


def on_disbursement_unclear(event: DisbursementUnclear, received: Received) -> Sequence[Statement]:
    return money.move_release(event, state="ORDERED", at=received.at, unclear=True)


def on_settlement_opened(event: SettlementOpened, received: Received) -> Sequence[Statement]:
    return [*today.expect_report(event), *webhooks.tell(event, received)]


def on_settlement_reported(event: SettlementReported, received: Received) -> Sequence[Statement]:
    return today.take_report(event, at=received.at)


def on_settlement_fixed(event: SettlementFixed, received: Received) -> Sequence[Statement]:
    return [*money.settle_shares(event), *today.end_report(event, at=received.at)]


def on_repayment_ordered(event: RepaymentOrdered, received: Received) -> Sequence[Statement]:
    return money.order_repayment(event, at=received.at)


def on_repayment_confirmed(event: RepaymentConfirmed, received: Received) -> Sequence[Statement]:
    return money.confirm_repayment(event, at=received.at)


def on_repayment_relieved(event: RepaymentRelieved, received: Received) -> Sequence[Statement]:
    return money.relieve_repayment(event, at=received.at)


def on_settlement_closed(event: SettlementClosed, received: Received) -> Sequence[Statement]:
    return webhooks.tell(event, received)


def on_mentor_training_completed(event: MentorTrainingCompleted, received: Received) -> Sequence[Statement]:
    return [*partners.tell(event, received), *webhooks.tell(event, received)]


def on_residency_assigned(event: ResidencyAssigned, received: Received) -> Sequence[Statement]:
    return [*partners.tell(event, received), *webhooks.tell(event, received)]


def on_residency_started(event: ResidencyStarted, received: Received) -> Sequence[Statement]:
    return [*partners.tell(event, received), *webhooks.tell(event, received)]


def on_residency_ended(event: ResidencyEnded, received: Received) -> Sequence[Statement]:
    return [*partners.tell(event, received), *webhooks.tell(event, received)]


def on_improvement_item_closed(event: ImprovementItemClosed, received: Received) -> Sequence[Statement]:
    return [*partners.tell(event, received), *webhooks.tell(event, received)]


async def on_tokens_revoked(tx: Transaction, event: TokensRevoked, received: Received) -> None:
    """From now on these tokens open nothing here either."""
    await deny(tx, event, issued_until=event.issued_until)


HANDLERS: Handlers = {
    CallPublished: on_call_published,
    ApplicationSubmitted: on_application_submitted,
    SupplementRequested: on_supplement_requested,
    ApplicationSupplemented: on_application_supplemented,
    ApplicationFoundEligible: on_application_found_eligible,
    ApplicationFoundIneligible: on_application_found_ineligible,
    ApplicationWithdrawn: on_application_withdrawn,
    ApplicationRanked: on_application_ranked,
    ProjectSelected: on_project_selected,
    ProjectConfirmed: on_project_confirmed,
    ProjectNotFunded: on_project_not_funded,
    ProjectWithdrawn: on_project_withdrawn,
    AgreementEffective: on_agreement_effective,
    InterimInspectionPassed: on_interim_inspection_passed,
    ProjectSuspended: on_project_suspended,
    ProjectResumed: on_project_resumed,
    ProjectCompleted: on_project_completed,
    ProjectTerminated: on_project_terminated,
    BudgetLineConfirmed: on_budget_line_confirmed,
    ProjectCommitted: on_project_committed,
    CommitmentRefused: on_commitment_refused,
    CommitmentReleased: on_commitment_released,
    CarryOverConfirmed: on_carry_over_confirmed,
    BudgetLapseWarned: on_budget_lapse_warned,
    CommitmentLapsed: on_commitment_lapsed,
    DisbursementReserved: on_disbursement_reserved,
    DisbursementApproved: on_disbursement_approved,
    DisbursementOrdered: on_disbursement_ordered,
    DisbursementConfirmed: on_disbursement_confirmed,
    DisbursementPosted: on_disbursement_posted,
    DisbursementVoided: on_disbursement_voided,
    DisbursementUnclear: on_disbursement_unclear,
    SettlementOpened: on_settlement_opened,
    SettlementReported: on_settlement_reported,
    SettlementFixed: on_settlement_fixed,
    RepaymentOrdered: on_repayment_ordered,
    RepaymentConfirmed: on_repayment_confirmed,
    RepaymentRelieved: on_repayment_relieved,
    SettlementClosed: on_settlement_closed,
    MentorTrainingCompleted: on_mentor_training_completed,
    ResidencyAssigned: on_residency_assigned,
    ResidencyStarted: on_residency_started,
    ResidencyEnded: on_residency_ended,
    ImprovementItemClosed: on_improvement_item_closed,
    TokensRevoked: on_tokens_revoked,
}

_NOT_PROJECTED = (
    TokensRevoked,
    BudgetLapseWarned,
    SettlementClosed,
    MentorTrainingCompleted,
    ResidencyAssigned,
    ResidencyStarted,
    ResidencyEnded,
    ImprovementItemClosed,
)

PROJECTED = tuple(event for event in HANDLERS if event not in _NOT_PROJECTED)
"""Those that the projection is made of; of the others tokens are denied, or somebody is told."""
