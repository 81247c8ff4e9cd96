"""Importing what other schemes supported before, and taking back what was wrong."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from applicant.past_supports import domain, store
from applicant.past_supports.domain import PastSupport, SupportFacts
from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.types import (
    InvalidBusinessNumber,
    UnknownMunicipality,
    municipality_at,
    parse_business_number,
)

__all__ = ["SupportRecord", "import_support", "withdraw_support"]


@dataclass(frozen=True, slots=True)
class SupportRecord:
    """One row of a scheme's records, as it is written there."""

    business_number: str
    company_name: str
    worksite_name: str
    municipality_code: str
    scheme: str
    fiscal_year: int
    supported_on: date
    supported_won: int


async def import_support(tx: Transaction, record: SupportRecord, *, by: Principal, now: datetime) -> UUID:
    """Keep one row; the same row again is the row that is kept already, and one that contradicts it is refused."""
    facts = _facts(record)
    support = domain.import_support(facts, support_id=new_id(), by=by.person, today=now.astimezone(KST).date(), now=now)
    if not await store.add(tx, support):
        return domain.same_or_refused(await store.get_standing(tx, facts), facts).id
    await _journal(tx, support, "past-support-imported", by=by, now=now)
    return support.id


async def withdraw_support(
    tx: Transaction, support_id: UUID, *, reason: str, read_version: int, by: Principal, now: datetime
) -> None:
    """Take a wrong row back; its words stay with it."""
    support = await store.get(tx, support_id)
    withdrawn = domain.withdraw(support, reason=reason, read_version=read_version, by=by.person, now=now)
    await _journal(tx, await store.save_withdrawal(tx, withdrawn), "past-support-withdrawn", by=by, now=now)


def _facts(record: SupportRecord) -> SupportFacts:
    """The row with its number and place checked; a row is refused at the field that is wrong."""
    code, on = record.municipality_code, record.supported_on
    try:
        number = str(parse_business_number(record.business_number))
    except InvalidBusinessNumber:
        raise InvalidBusinessNumber(field="/business_number") from None
    try:
        place = municipality_at(code, on)
    except UnknownMunicipality:
        raise UnknownMunicipality(given=code, on=on.isoformat(), field="/municipality_code") from None
    return SupportFacts(
        business_number=number,
        company_name=record.company_name,
        worksite_name=record.worksite_name,
        municipality_code=str(place.code),
        code_as_written=code,
        scheme=record.scheme,
        fiscal_year=record.fiscal_year,
        supported_on=on,
        supported_won=record.supported_won,
    )


async def _journal(tx: Transaction, support: PastSupport, decision: str, *, by: Principal, now: datetime) -> None:
    facts: dict[str, JsonValue] = {
        "municipality_code": support.facts.municipality_code,
        "fiscal_year": support.facts.fiscal_year,
        "supported_won": support.facts.supported_won,
        "version": support.version,
    }
    await journal.record(tx, chain=f"past-support/{support.id}", decision=decision, by=by, at=now, facts=facts)
