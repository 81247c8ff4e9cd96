"""Public money over HTTP: by source, and by source, municipality and track, as far as it has come."""

from typing import Annotated

from fastapi import Query

from common.auth import Principal
from common.web import Tx, allowed, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.money import queries
from metrics.money.queries import MoneyView

routes = router(tags=["money"])

_TRACK = r"^[A-Z][A-Z0-9-]{0,15}$"
_OVERSEERS = (Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))


@routes.get(
    "/v1/money",
    operation_id="readMoney",
    summary="재원별 집행 현황 (Public money by source and by how far it has come)",
)
async def read_money(
    by: Annotated[Principal, allowed(*_OVERSEERS, *sorted(MUNICIPALITY_ROLES))],
    tx: Tx,
    fiscal_year: Annotated[int, Query(ge=2000, le=2100)],
    track: Annotated[str | None, Query(pattern=_TRACK)] = None,
) -> MoneyView:
    """한 회계연도의 예산이 확정, 지급, 이월, 불용, 정산, 반납, 환수의 어디에 있는지. 시·군은 관내 금액만 봅니다.

    Where the money of a fiscal year's budget stands. A municipality sees its own budget and what its projects get.
    """
    own = by.tenant if by.role in MUNICIPALITY_ROLES else None
    return await queries.read_money(tx, fiscal_year=fiscal_year, track=track, municipality_code=own)
