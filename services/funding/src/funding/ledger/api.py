"""The ledger over HTTP: read only, since nothing but a decision posts to it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from common.auth import Principal
from common.web import Page, PageQuery, Tx, allowed, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.ledger import queries
from funding.ledger.domain import TransferKind
from funding.ledger.queries import TransferView

routes = router(tags=["ledger"])

_EXAMPLE = """option "operating_currency" "KRW"

2024-01-15 open Equity:Appropriation:N1 KRW
2024-01-15 open Assets:Available:N1 KRW

2024-01-15 * "APPROPRIATION"
  Equity:Appropriation:N1  -360000000 KRW
  Assets:Available:N1  360000000 KRW

2024-01-16 balance Assets:Available:N1  360000000 KRW
"""
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


@routes.get(
    "/v1/ledger/beancount",
    operation_id="exportLedger",
    summary="원장 내보내기 (The ledger as a beancount file)",
    response_class=Response,
    responses={
        200: {
            "description": "A beancount file (UTF-8)",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
async def export_ledger(by: _Reader, tx: Tx, budget_line_id: Annotated[UUID | None, Query()] = None) -> Response:
    """beancount로 검산할 수 있는 원장 전체 또는 예산 항목 하나. 끝에 계정별 잔액이 있습니다.

    The whole ledger that the caller may see, or one budget line of it; at its end stands what each account comes to, so
    that `bean-check` adds it up anew.
    """
    content = await queries.write_beancount(tx, by=by, budget_line_id=budget_line_id)
    headers = {"Content-Disposition": 'attachment; filename="ledger.beancount"'}
    return Response(content, media_type="text/plain; charset=utf-8", headers=headers)
