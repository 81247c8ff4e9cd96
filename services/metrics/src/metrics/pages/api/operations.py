"""The operators' page: how the four services do, each as it tells whoever looks after the platform."""

from typing import Annotated

import msgspec
from fastapi import Request, Response

from common import parked
from common.acting import Acting
from common.auth import Principal
from common.web import Now, allowed
from common.web.runtime import runtime_of
from common.web.service_state import state_of
from contracts.roles import PARKED_EVENT_READERS
from metrics.neighbours.queries import asking_for_reader
from metrics.operations.queries import ParkedEvent, State, read_operations
from metrics.pages.api.gathering import gathered
from metrics.pages.api.shell import routes
from metrics.pages.domain.operation_words import REASONS, SERVICES, OperationWords

_SHOWN = 5


@routes.get("/operations", operation_id="showOperations")
async def show_operations(
    request: Request, by: Annotated[Principal, allowed(*sorted(PARKED_EVENT_READERS))], now: Now
) -> Response:
    """All four services; one that does not answer is told as away, and since when."""
    own, own_parked = await _own(request, by)
    operations = await read_operations(asking_for_reader(request), own=own, own_parked=own_parked)
    return gathered(
        request,
        "operations.html",
        OperationWords,
        away=operations.away,
        reader=by,
        now=now,
        lines=operations.lines,
        services=SERVICES,
        reasons=REASONS,
    )


async def _own(request: Request, by: Principal) -> tuple[State, tuple[ParkedEvent, ...]]:
    """The same of this service as of the others; no transaction is open while anybody else is asked."""
    state = await state_of(request, by)
    async with runtime_of(request).database.transaction(read_only=True, acting=Acting.of(by)) as tx:
        waiting = await parked.list_waiting(tx, limit=_SHOWN)
    events = tuple(
        ParkedEvent(
            id=each.id,
            topic=each.key.topic,
            key=each.key.key,
            reason=each.reason,
            fault=each.fault,
            attempts=each.attempts,
            parked_at=each.parked_at,
        )
        for each in waiting
    )
    return msgspec.convert(state.model_dump(mode="json"), State), events
