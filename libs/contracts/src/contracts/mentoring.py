"""What the mentoring service tells: mentors who may be assigned, and which team goes where."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from common.event import DomainEvent, event

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""An instant with its offset: a time without one is refused on reading."""


@event(service="mentoring", aggregate="mentor", happened="training-completed", version=1, key="mentor_id")
class MentorTrainingCompleted(DomainEvent, frozen=True, kw_only=True):
    """A mentor completed Samsung's training and may be assigned from now on."""

    mentor_id: UUID
    cohort_id: UUID
    completed_on: date


class _Residency(DomainEvent, frozen=True, kw_only=True):
    residency_id: UUID
    rotation_id: UUID
    project_id: UUID
    team_id: UUID
    plan_id: UUID


@event(service="mentoring", aggregate="rotation", happened="residency-assigned", version=1, key="rotation_id")
class ResidencyAssigned(_Residency, frozen=True, kw_only=True):
    """By a confirmed plan a team resides at a project's firm, from a Monday on, if Samsung accepts it in time."""

    municipality_code: str
    first_week: date
    weeks: int
    answer_due_at: Moment


@event(service="mentoring", aggregate="rotation", happened="residency-accepted", version=1, key="rotation_id")
class ResidencyAccepted(_Residency, frozen=True, kw_only=True):
    """Samsung sends the team."""


@event(service="mentoring", aggregate="rotation", happened="residency-released", version=1, key="rotation_id")
class ResidencyReleased(_Residency, frozen=True, kw_only=True):
    """The team's weeks are free again: `why` is DECLINED or RELEASED, each with its `reason`, or LAPSED or MOVED."""

    why: str
    reason: str | None = None


@event(service="mentoring", aggregate="rotation", happened="residency-started", version=1, key="rotation_id")
class ResidencyStarted(_Residency, frozen=True, kw_only=True):
    """The team is at the firm."""

    started_on: date


@event(service="mentoring", aggregate="rotation", happened="residency-ended", version=1, key="rotation_id")
class ResidencyEnded(_Residency, frozen=True, kw_only=True):
    """The team has left the firm."""

    ended_on: date


@event(service="mentoring", aggregate="rotation", happened="improvement-item-closed", version=1, key="rotation_id")
class ImprovementItemClosed(_Residency, frozen=True, kw_only=True):
    """Something that the team found at the firm is done, on evidence."""

    item_id: UUID
    kpi: str
    closed_on: date
