"""A project that waits for a team of mentors: it does from the moment its money is committed until it is gone."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.types import MunicipalityCode


class WaitingState(StrEnum):
    """Whether a team may still be planned for the project."""

    WAITING = "WAITING"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class WaitingProject:
    """What planning a team needs to know of a project: where, of which type, and since when it waits."""

    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: MunicipalityCode
    waiting_since: datetime
    state: WaitingState = WaitingState.WAITING


def withdraw(project: WaitingProject) -> WaitingProject:
    """Take the project out of the queue; its row stays, since a plan may have named it."""
    return replace(project, state=WaitingState.WITHDRAWN)
