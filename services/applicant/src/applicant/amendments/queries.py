"""Amendments as the parties, their municipality and the programme's staff see them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select

from applicant.amendments.domain import AmendmentNotFound, AmendmentState, Cause
from applicant.amendments.store import AmendmentConsentRow, AmendmentRow
from applicant.companies import queries as companies
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, paginate

__all__ = ["AmendmentState", "AmendmentView", "amendments_of_project", "list_amendments", "view_amendment"]


class AgreedTermsView(View):
    """The terms that an amendment may change."""

    plan_sha256: str
    supplier_business_number: str
    supplier_contract_won: int
    ends_on: date


class ConsentView(View):
    """One party has agreed; who it was stays in the journal."""

    party: str
    consented_at: datetime


class AmendmentView(View):
    """One amendment: the terms before and after, why, who agreed, and what was decided. Edition 1 is the first one."""

    id: UUID
    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    municipality_code: str
    terms_before: AgreedTermsView
    terms_after: AgreedTermsView
    cause: Cause
    cause_on: date
    reason: str
    evidence_sha256: list[str]
    requested_party: str
    requested_at: datetime
    rule_version: str
    consents: list[ConsentView]
    state: AmendmentState
    edition: int | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int


async def list_amendments(
    tx: Transaction, page: PageRequest, *, by: Principal, project_id: UUID | None, state: AmendmentState | None
) -> Page[AmendmentView]:
    """Amendments in the order they were asked for; of one project the last approved one is in force."""
    statement = select(*AmendmentRow.__table__.columns).where(_visible(by))
    if project_id is not None:
        statement = statement.where(AmendmentRow.project_id == project_id)
    if state is not None:
        statement = statement.where(AmendmentRow.state == state.value)
    rows, turns = await paginate(tx, statement, page, by=[AmendmentRow.id])
    return Page[AmendmentView](items=await _views(tx, [row._mapping for row in rows]), **turns)  # noqa: SLF001  documented access


async def view_amendment(tx: Transaction, amendment_id: UUID, *, by: Principal) -> AmendmentView:
    """One amendment, if it is the caller's to see."""
    statement = select(*AmendmentRow.__table__.columns).where(AmendmentRow.id == amendment_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise AmendmentNotFound
    (view,) = await _views(tx, [row])
    return view


async def amendments_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[AmendmentView]:
    """A part of what was asked to be amended of one project, oldest first."""
    statement = select(*AmendmentRow.__table__.columns).where(AmendmentRow.project_id == project_id, _visible(by))
    return await _views(tx, list((await tx.execute(portion.of(statement.order_by(AmendmentRow.id)))).mappings()))


async def _views(tx: Transaction, rows: Sequence[RowMapping]) -> list[AmendmentView]:
    given: dict[UUID, list[ConsentView]] = defaultdict(list)
    consents = (
        select(AmendmentConsentRow.amendment_id, AmendmentConsentRow.party, AmendmentConsentRow.consented_at)
        .where(AmendmentConsentRow.amendment_id.in_([row["id"] for row in rows]))
        .order_by(AmendmentConsentRow.consented_at, AmendmentConsentRow.party)
    )
    for row in await tx.execute(consents):
        given[row.amendment_id].append(ConsentView.model_validate(row))
    return [AmendmentView.model_validate({**row, "consents": given[row["id"]]}) for row in rows]


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(
        by,
        AmendmentRow.company_id,
        AmendmentRow.municipality_code,
        AmendmentRow.supplier_before,
        AmendmentRow.supplier_after,
    )
