"""The gauge of 300 over HTTP: whole, one municipality's, or the public's."""

from datetime import date
from functools import partial
from typing import Annotated, cast

from fastapi import Query, Request

from common.acting import Acting
from common.auth import Principal
from common.web import Now, Tx, allowed, anyone, router
from common.web.runtime import runtime_of
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.gauge import queries
from metrics.gauge.queries import Gauge, PublicGauge, PublicGauges
from metrics.settings import Settings

routes = router(tags=["gauge"])

_OVERSEERS = (Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))
_AsOf = Annotated[date | None, Query(description="The day to count by its end in Korea; today without it.")]


@routes.get(
    "/v1/gauge",
    operation_id="readGauge",
    summary="300개 목표 현황 (The gauge of 300: planned, agreed, completed, withdrawn, terminated)",
)
async def read_gauge(
    by: Annotated[Principal, allowed(*_OVERSEERS, *sorted(MUNICIPALITY_ROLES))],
    tx: Tx,
    now: Now,
    as_of: _AsOf = None,
) -> Gauge:
    """집계 기준의 판과 출처, 시·군과 트랙별 수. 시·군은 관내 수만 봅니다.

    By which rule and source, and by municipality and track; a municipality sees its own.
    """
    own = by.tenant if by.role in MUNICIPALITY_ROLES else None
    return await queries.read_gauge(tx, as_of=as_of, now=now, municipality_code=own)


@routes.get(
    "/v1/public/gauge",
    operation_id="readPublicGauge",
    summary="300개 목표 공개 현황 (The gauge of 300 for everybody, small cells hidden)",
)
async def read_public_gauge(
    request: Request, by: Annotated[Principal | None, anyone()], now: Now, as_of: _AsOf = None
) -> PublicGauge:
    """단계별 수를 모두 합하여, 완료와 산입은 트랙과 시·군별로도. 한 기업을 알아낼 수 있는 칸은 비웁니다.

    Units by stage in all, and those completed and counted by track and by municipality. Cells that could point at one
    firm are null.
    """
    return await gauges_of(request).of_day(as_of, now=now)


def gauges_of(request: Request) -> PublicGauges:
    """This process's public gauges, which its requests share."""
    state = request.app.state
    if not hasattr(state, "public_gauges"):
        runtime = runtime_of(request)
        minimum = cast("Settings", runtime.settings).small_cell_minimum
        reading = partial(runtime.database.transaction, read_only=True, acting=Acting.of(None))
        state.public_gauges = PublicGauges(reading, minimum=minimum)
    found: PublicGauges = state.public_gauges
    return found
