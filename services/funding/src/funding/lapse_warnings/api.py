"""HTTP: what was looked at and told before a year ended."""

from typing import Annotated

from fastapi import Query

from common.auth import Principal
from common.web import Page, PageQuery, Tx, allowed, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.lapse_warnings import queries
from funding.lapse_warnings.queries import LapseWarningView

routes = router(tags=["lapse-warnings"])

_Reader = Annotated[Principal, allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, Role.AUDITOR)]


@routes.get("/v1/lapse-warnings", operation_id="listLapseWarnings", summary="불용 예고 목록 (List warnings of lapse)")
async def list_lapse_warnings(
    by: _Reader, tx: Tx, page: PageQuery, fiscal_year: Annotated[int | None, Query(ge=2000, le=2100)] = None
) -> Page[LapseWarningView]:
    """연말 전 정해진 날마다 예산 항목별로 한 번 확인한 결과. 불용될 금액이 있으면 해당 시·군과 도에 통지합니다.

    이월된 금액은 다음 해에 지급되지 않으면 그해 연말에 불용되므로, 그때 다시 확인합니다.

    What was found of each line at the days before its year's end, once each, and of what was carried over before the
    end of the next; where money lapses, its municipality and the province were told.
    """
    return await queries.list_warnings(tx, page, by=by, fiscal_year=fiscal_year)
