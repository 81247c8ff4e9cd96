"""Open data over HTTP, for everybody: awards by 360Giving, calls by CommonGrants."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Query, Request

from common.auth import Principal
from common.web import Now, Tx, anyone, router
from common.web.runtime import runtime_of
from metrics.open_data.queries import grants, opportunities
from metrics.open_data.queries.grants import Grants
from metrics.open_data.queries.opportunities import OneOpportunity, Opportunities
from metrics.settings import Settings

routes = router(tags=["open-data"])

_LAST_PAGE = 10_000
_LARGEST_PAGE = 100


@routes.get(
    "/v1/public/open-data/grants",
    operation_id="readOpenGrants",
    summary="지원 내역 공개 데이터, 360Giving 형식 (Awards of a year by the 360Giving schema)",
    response_model_exclude_none=True,
)
async def read_open_grants(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    tx: Tx,
    now: Now,
    fiscal_year: Annotated[int, Query(ge=2000, le=2100)],
) -> Grants:
    """확정된 과제마다 공공 재원의 합계(원)와 그 재원의 기관, 날짜. 기업명은 동의하고 공개한 경우에만, 시·군은 수를
    공개하는 곳만. 같은 공고에서 같은 날 확정된 과제가 5건 미만이면 싣지 않습니다.

    What public sources have committed to each project, in won, and whose budgets bear it. A firm is named only where it
    agreed and is published; a municipality only where the number of its awards may be shown. Where fewer than the
    minimum of a call were made on a day, they are not listed.
    """
    minimum = cast("Settings", runtime_of(request).settings).small_cell_minimum
    return await grants.read_grants(tx, fiscal_year=fiscal_year, now=now, minimum=minimum)


@routes.get(
    "/v1/public/common-grants/opportunities",
    operation_id="listOpenCalls",
    summary="게시된 공고, CommonGrants 형식 (Published calls by the CommonGrants protocol)",
    response_model_exclude_none=True,
)
async def list_open_calls(
    by: Annotated[Principal | None, anyone()],
    tx: Tx,
    now: Now,
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE)] = 1,
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=_LARGEST_PAGE)] = 10,
) -> Opportunities:
    """최근 공고부터. CommonGrants 클라이언트의 기본 주소는 `/metrics/v1/public`입니다.

    The latest window first. The base address of a CommonGrants client is `/metrics/v1/public`.
    """
    return await opportunities.list_opportunities(tx, page=page, page_size=page_size, now=now)


@routes.get(
    "/v1/public/common-grants/opportunities/{call_id}",
    operation_id="readOpenCall",
    summary="게시된 공고 하나, CommonGrants 형식 (One published call by the CommonGrants protocol)",
    response_model_exclude_none=True,
)
async def read_open_call(call_id: UUID, by: Annotated[Principal | None, anyone()], tx: Tx, now: Now) -> OneOpportunity:
    """공고 하나. One call."""
    return await opportunities.get_opportunity(tx, call_id, now=now)
