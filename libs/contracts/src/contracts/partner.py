"""What partners outside are told: the projection made for Samsung's mentor system, and all that it may see.

Ids, codes and dates: no person, no money, no score, nothing of a firm but its project. The same facts are the data of
Samsung's webhooks and of the feed; whoever wants a field there adds it here.
"""

from datetime import date
from functools import partial
from uuid import UUID

from common.event import DomainEvent, event
from contracts.mentoring import Moment

KEPT_DAYS = 90
"""In Kafka; what is older is read from the feed, which keeps everything."""

_told = partial(event, service="partner", version=1, kept_days=KEPT_DAYS)
_of_project = partial(_told, aggregate="project", key="project_id")
_of_residency = partial(_told, aggregate="mentoring", key="rotation_id")


class _PartnerProjectFact(DomainEvent, frozen=True, kw_only=True):
    project_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


@_of_project(happened="selected")
class PartnerProjectSelected(_PartnerProjectFact, frozen=True, kw_only=True):
    """A project has a place, or came up from the reserves (`promoted`); its money may still be wanting."""

    track: str
    promoted: bool = False


@_of_project(happened="agreement-effective")
class PartnerAgreementEffective(_PartnerProjectFact, frozen=True, kw_only=True):
    """A project's agreement is in force."""


@_of_project(happened="inspection-passed")
class PartnerInspectionPassed(_PartnerProjectFact, frozen=True, kw_only=True):
    """A project passed its interim inspection."""

    inspection_id: UUID


@_of_project(happened="terminated")
class PartnerProjectTerminated(_PartnerProjectFact, frozen=True, kw_only=True):
    """A project's agreement was ended; why is not told."""

    termination_id: UUID


@_of_project(happened="outcome-wave-closed")
class PartnerWaveClosed(DomainEvent, frozen=True, kw_only=True):
    """The last day of an outcome wave is over; a firm is due in it whatever became of it. What it reported is not told.

    `response` is RESPONDED or NO_RESPONSE as of the end of `due_on`; a report that comes later changes nothing of it.
    """

    project_id: UUID
    type_code: str
    municipality_code: str
    wave: str
    due_on: date
    response: str


@_told(aggregate="mentoring", happened="training-completed", key="mentor_id")
class PartnerTrainingCompleted(DomainEvent, frozen=True, kw_only=True):
    """A mentor completed the training and may be assigned from now on."""

    mentor_id: UUID
    cohort_id: UUID
    completed_on: date


class _PartnerResidencyFact(DomainEvent, frozen=True, kw_only=True):
    residency_id: UUID
    rotation_id: UUID
    project_id: UUID
    team_id: UUID
    plan_id: UUID


@_of_residency(happened="residency-assigned")
class PartnerResidencyAssigned(_PartnerResidencyFact, frozen=True, kw_only=True):
    """A team is to reside at a project's firm from a Monday on, if Samsung accepts it until `answer_due_at`."""

    municipality_code: str
    first_week: date
    weeks: int
    answer_due_at: Moment


@_of_residency(happened="residency-started")
class PartnerResidencyStarted(_PartnerResidencyFact, frozen=True, kw_only=True):
    """The team is at the firm."""

    started_on: date


@_of_residency(happened="residency-ended")
class PartnerResidencyEnded(_PartnerResidencyFact, frozen=True, kw_only=True):
    """The team has left the firm."""

    ended_on: date


@_of_residency(happened="item-closed")
class PartnerItemClosed(_PartnerResidencyFact, frozen=True, kw_only=True):
    """Something that the team found at the firm is done, on evidence."""

    item_id: UUID
    kpi: str
    closed_on: date
