"""What each event changes in the gauge, as statements that the consumer runs in batches."""

from collections.abc import Sequence
from datetime import datetime

from common.consumer import Statement
from contracts.applicant import (
    AgreementEffective,
    ApplicationSubmitted,
    InterimInspectionPassed,
    ProjectCompleted,
    ProjectNotFunded,
    ProjectResumed,
    ProjectSelected,
    ProjectSuspended,
    ProjectTerminated,
    ProjectWithdrawn,
)
from metrics.gauge import store

_Told = (
    ProjectSelected
    | ProjectNotFunded
    | ProjectWithdrawn
    | AgreementEffective
    | InterimInspectionPassed
    | ProjectSuspended
    | ProjectResumed
    | ProjectCompleted
    | ProjectTerminated
)


def learn_worksite(event: ApplicationSubmitted) -> Sequence[Statement]:
    """Remember for which worksite this is, if the event is new enough to say so."""
    if event.worksite_id is None:
        return []
    values = {
        "application_id": event.application_id,
        "worksite_id": event.worksite_id,
        "municipality_code": event.municipality_code,
    }
    return [(store.ADD_WORKSITE, values)]


def plan_site(event: ProjectSelected, *, at: datetime) -> Sequence[Statement]:
    """A firm has a place."""
    return [(store.PUT_SELECTED, _site(event) | {"selected_at": at, "track": event.track})]


def end_site(event: ProjectNotFunded | ProjectWithdrawn, *, at: datetime) -> Sequence[Statement]:
    """The place was given back, or could not be funded."""
    return [(store.PUT_ENDED, _site(event) | {"ended_at": at})]


def agree_site(event: AgreementEffective, *, at: datetime) -> Sequence[Statement]:
    """Its agreement is in force."""
    return [(store.PUT_AGREED, _site(event) | {"agreed_at": at})]


def inspect_site(event: InterimInspectionPassed, *, at: datetime) -> Sequence[Statement]:
    """Its interim inspection passed."""
    return [(store.PUT_INSPECTED, _site(event) | {"inspected_at": at})]


def suspend_site(event: ProjectSuspended, *, at: datetime) -> Sequence[Statement]:
    """It stands still."""
    return [(store.PUT_SUSPENDED, _site(event) | {"suspended_at": at})]


def resume_site(event: ProjectResumed, *, at: datetime) -> Sequence[Statement]:
    """It goes on."""
    return [(store.PUT_RESUMED, _site(event) | {"resumed_at": at})]


def complete_site(event: ProjectCompleted, *, at: datetime) -> Sequence[Statement]:
    """It counts."""
    return [(store.PUT_COMPLETED, _site(event) | {"completed_at": at})]


def terminate_site(event: ProjectTerminated, *, at: datetime) -> Sequence[Statement]:
    """It does not count, or no longer."""
    ended = {"terminated_at": at, "termination_cause": event.cause, "fault_party": event.fault_party}
    return [(store.PUT_TERMINATED, _site(event) | ended)]


def _site(event: _Told) -> dict[str, object]:
    return {
        "project_id": event.project_id,
        "application_id": event.application_id,
        "call_id": event.call_id,
        "type_code": event.type_code,
        "municipality_code": event.municipality_code,
    }
