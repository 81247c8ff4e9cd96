"""A call's progress over HTTP: whole, one municipality's, or the public's."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Request

from common.auth import Principal
from common.web import Tx, allowed, anyone, router
from common.web.runtime import runtime_of
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.progress.queries import call
from metrics.progress.queries.call import Progress, PublicProgress
from metrics.settings import Settings

routes = router(tags=["progress"])

_OVERSEERS = (Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))


@routes.get(
    "/v1/calls/{call_id}/progress",
    operation_id="readProgress",
    summary="공고의 진행 현황과 재원별 집행 (Cases and money of a call)",
)
async def read_progress(
    call_id: UUID,
    by: Annotated[Principal, allowed(*_OVERSEERS, *sorted(MUNICIPALITY_ROLES))],
    tx: Tx,
) -> Progress:
    """A municipality sees its own rows and its own money."""
    own = by.tenant if by.role in MUNICIPALITY_ROLES else None
    return await call.read_progress(tx, call_id, municipality_code=own)


@routes.get(
    "/v1/public/calls/{call_id}/progress",
    operation_id="readPublicProgress",
    summary="시·군별 공개 현황 (Public counts by municipality, small cells hidden)",
)
async def read_public_progress(
    call_id: UUID, request: Request, by: Annotated[Principal | None, anyone()], tx: Tx
) -> PublicProgress:
    """Cells that could point at one firm are null."""
    settings = cast("Settings", runtime_of(request).settings)
    return await call.read_public_progress(tx, call_id, minimum=settings.small_cell_minimum)
