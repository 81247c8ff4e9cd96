"""The ledger over HTTP: read only, since nothing but a decision posts to it."""

from typing import Annotated
from uuid import UUID

from common.auth import Principal
from common.web import Page, PageQuery, Tx, allowed, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.ledger import queries
from funding.ledger.domain import TransferKind
from funding.ledger.queries import TransferView

routes = router(tags=["ledger"])

_Reader = Annotated[Principal, allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, Role.AUDITOR)]


@routes.get(
    "/v1/ledger/transfers",
    operation_id="listTransfers",
    summary="원장의 이체와 분개 목록 (Posted transfers with their entries)",
)
async def list_transfers(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    kind: TransferKind | None = None,
    project_id: UUID | None = None,
    budget_line_id: UUID | None = None,
) -> Page[TransferView]:
    """원장의 이체와 분개, 새것부터. 모든 이체의 합은 0입니다. Transfers with their entries; each sums to zero."""
    return await queries.list_transfers(
        tx, by=by, page=page, kind=kind, project_id=project_id, budget_line_id=budget_line_id
    )
