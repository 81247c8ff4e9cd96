"""Amendments and consents in PostgreSQL; a partial unique index keeps one open per agreement."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, Index, RowMapping, UniqueConstraint, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.amendments.domain import (
    AgreementTerms,
    Amendment,
    AmendmentAlreadyOpen,
    AmendmentHasChanged,
    AmendmentNotFound,
    AmendmentRules,
    AmendmentState,
    Cause,
    Why,
)
from applicant.tables import Tables
from common.data_files import json_files
from common.db import Transaction
from common.versions import save_next_row

_RULES = {
    rules.version: rules
    for rules in (
        msgspec.json.decode(content, type=AmendmentRules)
        for content in json_files("applicant", "amendment_rules").values()
    )
}


class AmendmentRow(Tables):
    """`edition` numbers the agreement's terms: what was signed first is 1, each approved amendment the next."""

    __tablename__ = "agreement_amendment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("agreement.project_id"))
    application_id: Mapped[UUID]
    company_id: Mapped[UUID]
    call_id: Mapped[UUID]
    municipality_code: Mapped[str]
    terms_before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    terms_after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    total_cost_won: Mapped[int]
    supplier_before: Mapped[str]
    supplier_after: Mapped[str]
    cause: Mapped[str]
    cause_on: Mapped[date]
    reason: Mapped[str]
    evidence_sha256: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    requested_by: Mapped[str]
    requested_party: Mapped[str]
    requested_at: Mapped[datetime]
    rule_version: Mapped[str]
    state: Mapped[str]
    edition: Mapped[int | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("project_id", "edition"),
        Index(
            "agreement_amendment_one_open_idx",
            "project_id",
            unique=True,
            postgresql_where=text("state IN ('REQUESTED', 'AGREED')"),
        ),
        Index("agreement_amendment_company_id_id_idx", "company_id", "id"),
        Index("agreement_amendment_municipality_code_id_idx", "municipality_code", "id"),
    )


class AmendmentConsentRow(Tables):
    """One consent per party, never changed; `consented_by` leaves in no answer."""

    __tablename__ = "amendment_consent"

    amendment_id: Mapped[UUID] = mapped_column(ForeignKey(AmendmentRow.id), primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    consented_by: Mapped[str]
    consented_at: Mapped[datetime]


def rules_in_force(day: date) -> AmendmentRules:
    """The newest version whose first day in Korea has come."""
    return max((each for each in _RULES.values() if each.valid_from <= day), key=lambda each: each.valid_from)


async def add(tx: Transaction, amendment: Amendment) -> None:
    """Store a request; raises AmendmentAlreadyOpen when the agreement has an open one."""
    why = amendment.why
    statement = insert_or_skip(AmendmentRow).values(
        id=amendment.id,
        project_id=amendment.project_id,
        application_id=amendment.application_id,
        company_id=amendment.company_id,
        call_id=amendment.call_id,
        municipality_code=amendment.municipality_code,
        terms_before=_written(amendment.terms_before),
        terms_after=_written(amendment.terms_after),
        total_cost_won=amendment.total_cost_won,
        supplier_before=amendment.terms_before.supplier_business_number,
        supplier_after=amendment.terms_after.supplier_business_number,
        cause=why.cause.value,
        cause_on=why.cause_on,
        reason=why.reason,
        evidence_sha256=list(why.evidence_sha256),
        requested_by=amendment.requested_by,
        requested_party=amendment.requested_party,
        requested_at=amendment.requested_at,
        rule_version=amendment.rule_version,
        state=amendment.state.value,
        version=amendment.version,
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(AmendmentRow.id))
    if added.one_or_none() is None:
        raise AmendmentAlreadyOpen


async def get(tx: Transaction, amendment_id: UUID, *, lock: bool = False) -> Amendment:
    """One amendment; raises AmendmentNotFound."""
    statement = select(*AmendmentRow.__table__.columns).where(AmendmentRow.id == amendment_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise AmendmentNotFound
    return _amendment(row)


async def latest_edition(tx: Transaction, project_id: UUID) -> Amendment | None:
    """The amendment whose terms are in force, if there was one."""
    statement = (
        select(*AmendmentRow.__table__.columns)
        .where(AmendmentRow.project_id == project_id, AmendmentRow.edition.is_not(None))
        .order_by(AmendmentRow.edition.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _amendment(row)


async def save(tx: Transaction, amendment: Amendment) -> Amendment:
    """Write an amendment as its next version; raises AmendmentHasChanged when somebody else was first."""
    values = {
        "state": amendment.state.value,
        "edition": amendment.edition,
        "decided_by": amendment.decided_by,
        "decided_at": amendment.decided_at,
        "decision_reason": amendment.decision_reason,
    }
    row = await save_next_row(tx, AmendmentRow, amendment.id, amendment.version, values)
    if row is None:
        raise AmendmentHasChanged(current_version=(await get(tx, amendment.id)).version)
    return _amendment(row)


async def add_consent(tx: Transaction, amendment_id: UUID, party: str, *, by: str, at: datetime) -> None:
    """Store one party's consent."""
    row = {"amendment_id": amendment_id, "party": party, "consented_by": by, "consented_at": at}
    await tx.execute(insert(AmendmentConsentRow).values(row))


async def consents(tx: Transaction, amendment_id: UUID) -> dict[str, str]:
    """Who agreed, by party."""
    statement = select(AmendmentConsentRow.party, AmendmentConsentRow.consented_by).where(
        AmendmentConsentRow.amendment_id == amendment_id
    )
    return {row.party: row.consented_by for row in await tx.execute(statement)}


def terms_from(written: dict[str, Any]) -> AgreementTerms:
    """The terms as they were stored."""
    return AgreementTerms(**written | {"ends_on": date.fromisoformat(written["ends_on"])})


def _written(terms: AgreementTerms) -> dict[str, Any]:
    return asdict(terms) | {"ends_on": terms.ends_on.isoformat()}


def _amendment(row: RowMapping) -> Amendment:
    why = Why(Cause(row["cause"]), row["cause_on"], row["reason"], tuple(row["evidence_sha256"]))
    return Amendment(
        id=row["id"],
        project_id=row["project_id"],
        application_id=row["application_id"],
        company_id=row["company_id"],
        call_id=row["call_id"],
        municipality_code=row["municipality_code"],
        terms_before=terms_from(row["terms_before"]),
        terms_after=terms_from(row["terms_after"]),
        total_cost_won=row["total_cost_won"],
        why=why,
        requested_by=row["requested_by"],
        requested_party=row["requested_party"],
        requested_at=row["requested_at"],
        rule_version=row["rule_version"],
        state=AmendmentState(row["state"]),
        edition=row["edition"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        decision_reason=row["decision_reason"],
        version=row["version"],
    )
