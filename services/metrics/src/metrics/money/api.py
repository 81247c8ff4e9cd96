"""Public money over HTTP: by source, and by source, municipality and track, as far as it has come."""

from typing import Annotated

from fastapi import Query

from common.auth import Principal
from common.web import Tx, allowed, anyone, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.money import queries
from metrics.money.queries import MoneyView, PublicMoney

routes = router(tags=["money"])

_FiscalYear = Annotated[int, Query(ge=2000, le=2100)]
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
    fiscal_year: _FiscalYear,
    track: Annotated[str | None, Query(pattern=_TRACK)] = None,
) -> MoneyView:
    """한 회계연도의 예산이 확정, 지급, 이월, 불용, 정산, 반납, 환수의 어디에 있는지. 시·군은 관내 금액만 봅니다.

    Where the money of a fiscal year's budget stands. A municipality sees its own budget and what its projects get.
    """
    own = by.tenant if by.role in MUNICIPALITY_ROLES else None
    return await queries.read_money(tx, fiscal_year=fiscal_year, track=track, municipality_code=own)


@routes.get(
    "/v1/public/money",
    operation_id="readPublicMoney",
    summary="재원별 공개 예산 (Budgets by source, for everybody)",
)
async def read_public_money(by: Annotated[Principal | None, anyone()], tx: Tx, fiscal_year: _FiscalYear) -> PublicMoney:
    """한 회계연도에 확정된 예산을 재원별로 더한 금액. 과제에 쓰인 금액은 어느 기업의 것인지 알 수 있어 넣지 않습니다.

    What each source has confirmed for a fiscal year. What projects hold of it is not told: it would be a firm's money.
    """
    return await queries.read_public_money(tx, fiscal_year=fiscal_year)
