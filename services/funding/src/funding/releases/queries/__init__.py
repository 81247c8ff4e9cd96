"""Reading releases, lines and holds: a municipality sees its area's, a company its own, the province all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, RowMapping, select

from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of, paginate
from contracts.types import Source, Won
from funding.budgets import queries as budgets
from funding.releases.domain.holds import HoldReason
from funding.releases.domain.payment_order import PaymentOrder, write
from funding.releases.domain.refusals import (
    HoldUnknown,
    ReleaseDecided,
    ReleaseLineUnknown,
    ReleaseUnknown,
)
from funding.releases.domain.release import Body, Payee, ReleaseLine, ReleaseState, VoidReason
from funding.releases.domain.terms import Gate, ReleaseMode
from funding.releases.queries.findings import (
    FoundByView,
    ReleaseFindingView,
    findings_of_project,
    get_finding,
    list_findings,
)
from funding.releases.store import terms
from funding.releases.store.holds import ReleaseHoldRow
from funding.releases.store.lines import ReleaseGateRow, ReleaseLineRow, of_project
from funding.releases.store.releases import ReleaseApprovalRow, ReleaseRow
from funding.visibility import seen_by

__all__ = [
    "ApprovalGivenView",
    "BankAnswerView",
    "FoundByView",
    "ReleaseFindingView",
    "ReleaseHoldView",
    "ReleaseLinesView",
    "ReleaseState",
    "ReleaseView",
    "approvals_given",
    "bank_answer",
    "findings_of_project",
    "get_finding",
    "get_hold",
    "get_lines",
    "get_payment_order",
    "get_release",
    "holds_of_project",
    "list_findings",
    "list_holds",
    "list_releases",
    "releases_of_project",
    "terms_of",
]


class ReleaseApprovalView(View):
    """That an officer of this body has approved, and when."""

    body: Body
    approved_at: datetime


class ApprovalGivenView(ReleaseApprovalView):
    """The same with who it was, as issuer and subject: for those who examine a payment."""

    approver: str


class ReleaseView(View):
    """One release: what is to be paid and to whom, who has still to approve, and how far it has come.

    `unclear_since` is set while nobody knows what the bank did with the order: it is asked on, and people look at it.
    """

    id: UUID
    project_id: UUID
    source: Source
    company_id: UUID
    municipality_code: str
    budget_line_id: UUID
    mode: ReleaseMode
    gate: Gate
    terms_version: str
    amount_won: int
    payee: Payee
    payee_account: str
    supplier_business_number: str | None
    invoice_number: str | None
    invoice_sha256: str | None
    province_approvals_due: int
    municipality_approvals_due: int
    approvals: list[ReleaseApprovalView]
    state: ReleaseState
    void_reason: VoidReason | None
    requested_at: datetime
    approved_at: datetime | None
    ordered_at: datetime | None
    standing_id: UUID | None
    confirmed_at: datetime | None
    posted_at: datetime | None
    voided_at: datetime | None
    unclear_since: datetime | None
    version: int


class BankAnswerView(View):
    """What the bank was asked and said; `reference` is ours, `transaction` its own number of what it paid."""

    reference: UUID
    transaction: str | None
    ordered_at: datetime | None
    confirmed_at: datetime | None
    unclear_since: datetime | None
    void_reason: VoidReason | None
    transfers: list[UUID]


class TrancheView(View):
    """What one gate frees of a line, and whether the project has passed it."""

    gate: Gate
    amount_won: int
    passed: bool


class ReleaseLineView(View):
    """One public source of a project in force: what was committed, is under way, was paid and is left (F-05).

    `lapsed_won` was given up when it was settled or ended; `returned_won` is what of the payments was asked back.
    """

    source: Source
    budget_line_id: UUID
    mode: ReleaseMode
    terms_version: str
    source_note: str
    committed_won: int
    open_won: int
    paid_won: int
    lapsed_won: int
    returned_won: int
    left_won: int
    holds: list[HoldReason]
    tranches: list[TrancheView]


class ReleaseLinesView(View):
    """What a project's public sources may still release."""

    project_id: UUID
    company_id: UUID
    municipality_code: str
    lines: list[ReleaseLineView]


class ReleaseHoldView(View):
    """One hold on a line; it stands until a second person has lifted it."""

    id: UUID
    project_id: UUID
    source: Source
    reason: HoldReason
    placed_at: datetime
    lift_proposed_at: datetime | None
    lifted_at: datetime | None
    version: int


async def list_releases(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    project_id: UUID | None,
    state: ReleaseState | None,
    unclear: bool | None,
) -> Page[ReleaseView]:
    """Releases, oldest first."""
    statement = select(*ReleaseRow.__table__.columns).where(_visible(ReleaseRow, by))
    if project_id is not None:
        statement = statement.where(ReleaseRow.project_id == project_id)
    if state is not None:
        statement = statement.where(ReleaseRow.state == state.value)
    if unclear is not None:
        waits = (ReleaseRow.state == ReleaseState.ORDERED) & ReleaseRow.unclear_since.is_not(None)
        statement = statement.where(waits if unclear else ~waits)
    rows, turns = await paginate(tx, statement, page, by=[ReleaseRow.id])
    return Page[ReleaseView](items=await _views(tx, [row._mapping for row in rows]), **turns)  # noqa: SLF001  documented access


async def get_release(tx: Transaction, release_id: UUID, *, by: Principal) -> ReleaseView:
    """One release, if it is the caller's to see."""
    statement = select(*ReleaseRow.__table__.columns).where(ReleaseRow.id == release_id, _visible(ReleaseRow, by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise ReleaseUnknown
    (view,) = await _views(tx, [row])
    return view


async def releases_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[ReleaseView]:
    """A part of one project's releases, oldest first."""
    statement = select(*ReleaseRow.__table__.columns).where(
        ReleaseRow.project_id == project_id, _visible(ReleaseRow, by)
    )
    return await _views(tx, list((await tx.execute(portion.of(statement.order_by(ReleaseRow.id)))).mappings()))


async def approvals_given(tx: Transaction, release_id: UUID) -> list[ApprovalGivenView]:
    """Who has approved a release, for who may examine it."""
    statement = select(ReleaseApprovalRow.body, ReleaseApprovalRow.approver, ReleaseApprovalRow.approved_at)
    rows = await tx.execute(
        statement.where(ReleaseApprovalRow.release_id == release_id).order_by(
            ReleaseApprovalRow.approved_at, ReleaseApprovalRow.approver
        )
    )
    return [ApprovalGivenView.model_validate(row) for row in rows]


async def bank_answer(tx: Transaction, release_id: UUID) -> BankAnswerView:
    """What the bank said of a payment and the ledger's transfers for it, for who may examine it."""
    row = (await tx.execute(select(*ReleaseRow.__table__.columns).where(ReleaseRow.id == release_id))).mappings().one()
    transfers = [each for each in (row["reservation_id"], row["resolution_id"]) if each is not None]
    said = {"reference": release_id, "transaction": row["bank_transaction"], "transfers": transfers}
    return BankAnswerView.model_validate({**row, **said})


def terms_of(version: str) -> Mapping[str, Any]:
    """One version of the release terms as its file says it: what it lets each source pay, and who must approve."""
    said: Mapping[str, Any] = msgspec.to_builtins(terms.of_version(version))
    return said


async def get_payment_order(tx: Transaction, release_id: UUID, *, by: Principal) -> bytes:
    """An ordered release as the message that its bank takes; raises ReleaseDecided while there is nothing to pay."""
    statement = select(*ReleaseRow.__table__.columns).where(ReleaseRow.id == release_id, _visible(ReleaseRow, by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise ReleaseUnknown
    if row.ordered_at is None or row.state == ReleaseState.VOIDED:
        raise ReleaseDecided(state=row.state)
    paid = f"company/{row.company_id}" if row.invoice_number is None else f"supplier/{row.supplier_business_number}"
    line = await budgets.get_line(tx, row.budget_line_id, by=by)
    order = PaymentOrder(
        release_id=row.id,
        amount_won=Won(row.amount_won),
        debtor=line.funder,
        debtor_account=row.budget_line_id.hex,
        creditor=paid,
        creditor_account=row.payee_account,
        about=f"project/{row.project_id} {row.source} {row.invoice_number or row.gate}",
        ordered_at=row.ordered_at,
        execute_on=row.ordered_at.astimezone(KST).date(),
    )
    return write(order)


async def get_lines(tx: Transaction, project_id: UUID, *, by: Principal) -> ReleaseLinesView:
    """A project's public sources with what each may release, if they are the caller's to see."""
    seen = select(ReleaseLineRow.project_id).where(
        ReleaseLineRow.project_id == project_id, _visible(ReleaseLineRow, by)
    )
    lines = await of_project(tx, project_id) if (await tx.execute(seen.limit(1))).one_or_none() else []
    if not lines:
        raise ReleaseLineUnknown
    passed = set(
        (await tx.execute(select(ReleaseGateRow.gate).where(ReleaseGateRow.project_id == project_id))).scalars()
    )
    standing = select(ReleaseHoldRow.source, ReleaseHoldRow.reason).where(
        ReleaseHoldRow.project_id == project_id, ReleaseHoldRow.lifted_at.is_(None)
    )
    holds: dict[str, list[HoldReason]] = defaultdict(list)
    for row in await tx.execute(standing.order_by(ReleaseHoldRow.id)):
        holds[row.source].append(HoldReason(row.reason))
    return ReleaseLinesView(
        project_id=project_id,
        company_id=lines[0].company_id,
        municipality_code=lines[0].municipality_code,
        lines=[_line(line, holds[line.source], passed) for line in lines],
    )


async def list_holds(
    tx: Transaction, page: PageRequest, *, by: Principal, project_id: UUID | None, standing: bool | None
) -> Page[ReleaseHoldView]:
    """Holds, oldest first."""
    seen = select(ReleaseLineRow.project_id).where(_visible(ReleaseLineRow, by))
    statement = select(*ReleaseHoldRow.__table__.columns).where(ReleaseHoldRow.project_id.in_(seen))
    if project_id is not None:
        statement = statement.where(ReleaseHoldRow.project_id == project_id)
    if standing is not None:
        lifted = ReleaseHoldRow.lifted_at
        statement = statement.where(lifted.is_(None) if standing else lifted.is_not(None))
    return await page_of(ReleaseHoldView, tx, statement, page, by=[ReleaseHoldRow.id])


async def holds_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[ReleaseHoldView]:
    """A part of the holds on one project's lines, oldest first."""
    seen = select(ReleaseLineRow.project_id).where(_visible(ReleaseLineRow, by))
    statement = select(*ReleaseHoldRow.__table__.columns).where(
        ReleaseHoldRow.project_id == project_id, ReleaseHoldRow.project_id.in_(seen)
    )
    rows = await tx.execute(portion.of(statement.order_by(ReleaseHoldRow.id)))
    return [ReleaseHoldView.model_validate(row) for row in rows]


async def get_hold(tx: Transaction, hold_id: UUID, *, by: Principal) -> ReleaseHoldView:
    """One hold, if it is the caller's to see."""
    seen = select(ReleaseLineRow.project_id).where(_visible(ReleaseLineRow, by))
    statement = select(*ReleaseHoldRow.__table__.columns).where(
        ReleaseHoldRow.id == hold_id, ReleaseHoldRow.project_id.in_(seen)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise HoldUnknown
    return ReleaseHoldView.model_validate(row)


async def _views(tx: Transaction, rows: Sequence[RowMapping]) -> list[ReleaseView]:
    approvals: dict[UUID, list[ReleaseApprovalView]] = defaultdict(list)
    wanted = (
        select(ReleaseApprovalRow.release_id, ReleaseApprovalRow.body, ReleaseApprovalRow.approved_at)
        .where(ReleaseApprovalRow.release_id.in_([row["id"] for row in rows]))
        .order_by(ReleaseApprovalRow.approved_at)
    )
    for approval in await tx.execute(wanted):
        approvals[approval.release_id].append(ReleaseApprovalView.model_validate(approval))
    return [ReleaseView.model_validate({**row, "approvals": approvals[row["id"]]}) for row in rows]


def _line(line: ReleaseLine, holds: Sequence[HoldReason], passed: set[str]) -> ReleaseLineView:
    terms_of = terms.of_version(line.terms_version).of(line.source)
    tranches = [
        TrancheView(
            gate=each.gate,
            amount_won=terms_of.due_won(each.gate, line.committed_won) or 0,
            passed=each.gate.value in passed,
        )
        for each in terms_of.tranches
    ]
    return ReleaseLineView(
        source=line.source,
        budget_line_id=line.budget_line_id,
        mode=line.mode,
        terms_version=line.terms_version,
        source_note=terms_of.source_note,
        committed_won=line.committed_won,
        open_won=line.open_won,
        paid_won=line.paid_won,
        lapsed_won=line.lapsed_won,
        returned_won=line.returned_won,
        left_won=line.left_won,
        holds=list(holds),
        tranches=tranches,
    )


def _visible(row: type[ReleaseRow] | type[ReleaseLineRow], by: Principal) -> ColumnElement[bool]:
    return seen_by(by, row.company_id, row.municipality_code)
