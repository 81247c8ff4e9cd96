"""Agreements as their parties, their municipalities and the programme's staff see them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select

from applicant.agreements.domain import AgreementNotFound, AgreementState, Party
from applicant.agreements.store import AgreementRow, AgreementSignatureRow
from applicant.companies import queries as companies
from applicant.deadlines.queries import DeadlineView, deadlines_of_projects
from common.auth import Principal
from common.db import Transaction
from common.web import OfferedAction, Page, PageRequest, RefusedAction, View, paginate
from contracts.types import Source

__all__ = ["AgreementForCaller", "AgreementState", "AgreementView", "list_agreements", "view_agreement"]


class AgreedShareView(View):
    """What one source pays."""

    source: Source
    amount_won: int


class SignatureView(View):
    """One party has signed; who it was stays in the journal."""

    party: Party
    signed_at: datetime


class AgreementView(View):
    """An agreement; plan and contract are those that the adopter signed, and empty before."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    shares: list[AgreedShareView]
    supplier_business_number: str
    plan_sha256: str | None
    supplier_contract_won: int | None
    state: AgreementState
    signatures: list[SignatureView]
    deadlines: list[DeadlineView]
    drafted_at: datetime
    effective_at: datetime | None
    version: int


class AgreementForCaller(AgreementView):
    """An agreement with what this caller may do now, and everything that stands against the rest."""

    actions: list[OfferedAction]
    closed_actions: list[RefusedAction]


async def list_agreements(
    tx: Transaction, page: PageRequest, *, by: Principal, call_id: UUID | None, state: AgreementState | None
) -> Page[AgreementView]:
    """Agreements by project, oldest first: each party its own, a municipality its area's, the staff all."""
    statement = select(*AgreementRow.__table__.columns).where(_visible(by))
    if call_id is not None:
        statement = statement.where(AgreementRow.call_id == call_id)
    if state is not None:
        statement = statement.where(AgreementRow.state == state.value)
    rows, turns = await paginate(tx, statement, page, by=[AgreementRow.project_id])
    return Page[AgreementView](items=await _views(tx, [row._mapping for row in rows]), **turns)  # noqa: SLF001  documented access


async def view_agreement(tx: Transaction, project_id: UUID, *, by: Principal) -> AgreementView:
    """One project's agreement, if it is the caller's to see."""
    statement = select(*AgreementRow.__table__.columns).where(AgreementRow.project_id == project_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise AgreementNotFound
    (view,) = await _views(tx, [row])
    return view


async def _views(tx: Transaction, rows: Sequence[RowMapping]) -> list[AgreementView]:
    ids = [row["project_id"] for row in rows]
    signatures: dict[UUID, list[SignatureView]] = defaultdict(list)
    signed = (
        select(AgreementSignatureRow.project_id, AgreementSignatureRow.party, AgreementSignatureRow.signed_at)
        .where(AgreementSignatureRow.project_id.in_(ids))
        .order_by(AgreementSignatureRow.signed_at, AgreementSignatureRow.party)
    )
    for row in await tx.execute(signed):
        signatures[row.project_id].append(SignatureView.model_validate(row))
    deadlines = await deadlines_of_projects(tx, ids)
    return [
        AgreementView.model_validate(
            {**row, "signatures": signatures[row["project_id"]], "deadlines": deadlines[row["project_id"]]}
        )
        for row in rows
    ]


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(
        by, AgreementRow.company_id, AgreementRow.municipality_code, AgreementRow.supplier_business_number
    )
