"""How a service does, over HTTP and the same in every service: ready or why not, what waits to leave, what is parked.

It is for those who look after the platform, and tells no case data: names of checks, counts, times and places in logs.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from common import service_state
from common.acting import Acting
from common.auth import Principal
from common.parked import ParkedEventRoles
from common.service_state import MOST_COUNTED
from common.web.access import allowed
from common.web.bodies import View
from common.web.health import Health
from common.web.routes import router
from common.web.runtime import runtime_of

_PATH = "/v1/service-state"


class ServiceCheckView(View):
    """One thing that the API needs, and what was found when it was looked at."""

    check: str
    good: bool
    finding: str


class UnsentEventsView(View):
    """Events of the outbox that Kafka has not acknowledged."""

    waiting: int = Field(description=f"How many; {MOST_COUNTED:,} when there are that many or more.")
    oldest_at: datetime | None


class ParkedEventsView(View):
    """Events that could not be applied and wait for a person, or behind one that does."""

    waiting: int
    keys: int = Field(description="Of how many keys; each stands still.")
    oldest_at: datetime | None


class LogPlaceView(View):
    """The last record of a partition that this service has sent, or is done with; -1 before the first."""

    topic: str
    partition: int
    offset: int


class ServiceStateView(View):
    """How a service does. It is behind another by what that one has `sent` and this one has not `heard`.

    `relay_leads` says whether a worker carries its events to Kafka. Times are real ones, also where programme time is
    another.
    """

    service: str
    running_version: str
    ready: bool
    checks: list[ServiceCheckView]
    relay_leads: bool
    unsent_events: UnsentEventsView
    parked_events: ParkedEventsView
    listens_to: list[str]
    sent: list[LogPlaceView]
    heard: list[LogPlaceView]
    read_at: datetime


def service_state_routes(roles: ParkedEventRoles) -> APIRouter:
    """The route of one service, for whoever may read its parked events."""
    routes = router(tags=["service-state"])

    @routes.get(_PATH, operation_id="readServiceState", summary="서비스 상태 (How the service does)")
    async def read_service_state(
        request: Request, by: Annotated[Principal, allowed(*sorted(roles.read))]
    ) -> ServiceStateView:
        """준비 상태, 아직 나가지 않은 이벤트, 보류된 이벤트, 로그에서 읽은 위치. 사건 내용은 없습니다.

        Ready or why not, events that have not left, parked ones, and how far the logs were read; never what events say.
        """
        return await state_of(request, by)

    return routes


async def state_of(request: Request, by: Principal) -> ServiceStateView:
    """How the service does that serves this request, as far as the reader may see it.

    Its checks ask others, who may take their time: no connection is held meanwhile.
    """
    runtime = runtime_of(request)
    health: Health = request.app.state.health
    ready, checks = await health.look()
    async with runtime.database.transaction(read_only=True, acting=Acting.of(by)) as tx:
        unsent = await service_state.read_unsent(tx)
        sent, heard = await service_state.read_places(tx)
        parked, leads = await service_state.read_parked(tx), await service_state.relay_leads(tx)
    return ServiceStateView(
        service=runtime.service,
        running_version=health.version,
        ready=ready,
        checks=[ServiceCheckView(check=each.name, good=each.good, finding=each.said) for each in checks],
        relay_leads=leads,
        unsent_events=UnsentEventsView(waiting=unsent.waiting, oldest_at=unsent.oldest_at),
        parked_events=ParkedEventsView.model_validate(parked),
        listens_to=list(runtime.listens_to),
        sent=[LogPlaceView.model_validate(place) for place in sent],
        heard=[LogPlaceView.model_validate(place) for place in heard],
        read_at=unsent.read_at,
    )
