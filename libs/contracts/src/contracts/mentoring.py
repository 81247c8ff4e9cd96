"""What the mentoring service tells: mentors who may be assigned, and which team goes where."""

from datetime import date
from uuid import UUID

from common.event import DomainEvent, event


@event(service="mentoring", aggregate="mentor", happened="training-completed", version=1, key="mentor_id")
class MentorTrainingCompleted(DomainEvent, frozen=True, kw_only=True):
    """A mentor completed Samsung's training and may be assigned from now on."""

    mentor_id: UUID
    cohort_id: UUID
    completed_on: date
