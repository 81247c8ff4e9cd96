"""Agreements and their signatures in PostgreSQL."""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, RowMapping, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.agreements.domain import (
    AgreedShare,
    Agreement,
    AgreementHasChanged,
    AgreementNotFound,
    AgreementState,
    Party,
    Terms,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row
from contracts.types import Source


class AgreementRow(Tables):
    """A trigger keeps what was agreed: after the adopter's signature its terms stay, and nothing leaves the end.

    Its only foreign key is the project, which has the others: one on the application would lock that after the project,
    and whoever withdraws takes the two the other way round.
    """

    __tablename__ = "agreement"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), primary_key=True)
    application_id: Mapped[UUID]
    company_id: Mapped[UUID] = mapped_column(index=True)
    call_id: Mapped[UUID] = mapped_column(index=True)
    type_code: Mapped[str]
    municipality_code: Mapped[str] = mapped_column(index=True)
    commitment_id: Mapped[UUID]
    total_cost_won: Mapped[int]
    shares: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    supplier_business_number: Mapped[str] = mapped_column(index=True)
    plan_sha256: Mapped[str | None]
    supplier_contract_won: Mapped[int | None]
    state: Mapped[str]
    drafted_at: Mapped[datetime]
    effective_at: Mapped[datetime | None]
    version: Mapped[int]


class AgreementSignatureRow(Tables):
    """One signature per party, never changed; `signed_by` is issuer and subject, and leaves in no answer."""

    __tablename__ = "agreement_signature"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("agreement.project_id"), primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    signed_by: Mapped[str]
    signed_at: Mapped[datetime]


async def add(tx: Transaction, agreement: Agreement) -> bool:
    """Store a draft; drafting it again changes nothing and is False."""
    statement = insert_or_skip(AgreementRow).values(**_columns(agreement)).on_conflict_do_nothing()
    return (await tx.execute(statement.returning(AgreementRow.project_id))).one_or_none() is not None


async def find(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Agreement | None:
    """The agreement of a project; with `lock` it stays as read until commit."""
    statement = select(*AgreementRow.__table__.columns).where(AgreementRow.project_id == project_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return None if row is None else _agreement(row)


async def get(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Agreement:
    """The agreement of a project; raises AgreementNotFound."""
    found = await find(tx, project_id, lock=lock)
    if found is None:
        raise AgreementNotFound
    return found


async def save(tx: Transaction, agreement: Agreement) -> Agreement:
    """Write an agreement as its next version; raises AgreementHasChanged when somebody else was first."""
    values = {
        "state": agreement.state.value,
        "plan_sha256": agreement.terms.plan_sha256 if agreement.terms else None,
        "supplier_contract_won": agreement.terms.supplier_contract_won if agreement.terms else None,
        "effective_at": agreement.effective_at,
    }
    row = await save_next_row(tx, AgreementRow, agreement.project_id, agreement.version, values)
    if row is None:
        raise AgreementHasChanged(current_version=(await get(tx, agreement.project_id)).version)
    return _agreement(row)


async def add_signature(tx: Transaction, project_id: UUID, party: Party, *, signed_by: str, at: datetime) -> None:
    """Store one party's signature."""
    row = {"project_id": project_id, "party": party.value, "signed_by": signed_by, "signed_at": at}
    await tx.execute(insert(AgreementSignatureRow).values(row))


async def signers(tx: Transaction, project_id: UUID, parties: Collection[Party]) -> frozenset[str]:
    """Who signed for these parties."""
    statement = select(AgreementSignatureRow.signed_by).where(
        AgreementSignatureRow.project_id == project_id,
        AgreementSignatureRow.party.in_([each.value for each in parties]),
    )
    return frozenset((await tx.execute(statement)).scalars())


def _columns(agreement: Agreement) -> dict[str, object]:
    columns = {field.name: getattr(agreement, field.name) for field in fields(agreement) if field.name != "terms"}
    return columns | {
        "shares": [{"source": share.source.value, "amount_won": share.amount_won} for share in agreement.shares],
        "state": agreement.state.value,
    }


def _agreement(row: RowMapping) -> Agreement:
    columns = dict(row)
    plan_sha256, contract_won = columns.pop("plan_sha256"), columns.pop("supplier_contract_won")
    return Agreement(
        **columns
        | {
            "shares": tuple(AgreedShare(Source(each["source"]), each["amount_won"]) for each in row["shares"]),
            "terms": None if plan_sha256 is None else Terms(plan_sha256, contract_won),
            "state": AgreementState(row["state"]),
        }
    )
