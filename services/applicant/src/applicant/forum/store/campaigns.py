"""Campaigns and letters of intent. What a firm says of itself in a letter leaves in no event and no journal entry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, RowMapping, UniqueConstraint, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.forum.domain.campaigns import (
    Campaign,
    CampaignHasChanged,
    CampaignNotFound,
    CampaignTerms,
    Letter,
    LetterAlreadySent,
    LetterFacts,
    LetterHasChanged,
    LetterNotFound,
    LetterState,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row


class CampaignRow(Tables):
    __tablename__ = "campaign"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title_ko: Mapped[str]
    title_en: Mapped[str]
    body_ko: Mapped[str]
    body_en: Mapped[str]
    municipality_codes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
    version: Mapped[int]


class LetterRow(Tables):
    """No foreign key to the company: a firm may send a letter before it registers itself."""

    __tablename__ = "letter_of_intent"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey(CampaignRow.id))
    company_id: Mapped[UUID]
    company_name: Mapped[str]
    municipality_code: Mapped[str]
    annual_sales_won: Mapped[int]
    employees: Mapped[int]
    wishes: Mapped[str]
    state: Mapped[str]
    received_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("campaign_id", "company_id"),
        Index("letter_of_intent_company_id_id_idx", "company_id", "id"),
        Index("letter_of_intent_municipality_code_id_idx", "municipality_code", "id"),
    )


async def add_campaign(tx: Transaction, campaign: Campaign) -> None:
    terms = campaign.terms
    await tx.execute(
        insert(CampaignRow).values(
            id=campaign.id,
            title_ko=terms.title_ko,
            title_en=terms.title_en,
            body_ko=terms.body_ko,
            body_en=terms.body_en,
            municipality_codes=list(terms.municipality_codes),
            opens_at=terms.opens_at,
            closes_at=terms.closes_at,
            drafted_by=campaign.drafted_by,
            drafted_at=campaign.drafted_at,
            version=campaign.version,
        )
    )


async def get_campaign(tx: Transaction, campaign_id: UUID) -> Campaign:
    """One campaign; raises CampaignNotFound."""
    statement = select(*CampaignRow.__table__.columns).where(CampaignRow.id == campaign_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CampaignNotFound
    return campaign_from(row)


async def save_publication(tx: Transaction, campaign: Campaign) -> Campaign:
    """Write a campaign's publication as its next version; raises CampaignHasChanged when somebody else was first."""
    values = {"published_by": campaign.published_by, "published_at": campaign.published_at}
    row = await save_next_row(tx, CampaignRow, campaign.id, campaign.version, values)
    if row is None:
        raise CampaignHasChanged(current_version=(await get_campaign(tx, campaign.id)).version)
    return campaign_from(row)


async def add_letter(tx: Transaction, letter: Letter) -> None:
    """Store a letter; raises LetterAlreadySent when the campaign has the firm's."""
    facts = letter.facts
    statement = insert_or_skip(LetterRow).values(
        id=letter.id,
        campaign_id=letter.campaign_id,
        company_id=letter.company_id,
        company_name=facts.company_name,
        municipality_code=facts.municipality_code,
        annual_sales_won=facts.annual_sales_won,
        employees=facts.employees,
        wishes=facts.wishes,
        state=letter.state.value,
        received_at=letter.received_at,
        version=letter.version,
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(LetterRow.id))
    if added.one_or_none() is None:
        raise LetterAlreadySent


async def get_letter(tx: Transaction, letter_id: UUID, *, lock: bool = False) -> Letter:
    """One letter; raises LetterNotFound."""
    statement = select(*LetterRow.__table__.columns).where(LetterRow.id == letter_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise LetterNotFound
    return _letter(row)


async def save_letter_state(tx: Transaction, letter: Letter) -> Letter:
    """Write a letter's state as its next version; raises LetterHasChanged when somebody else was first."""
    row = await save_next_row(tx, LetterRow, letter.id, letter.version, {"state": letter.state.value})
    if row is None:
        raise LetterHasChanged(current_version=(await get_letter(tx, letter.id)).version)
    return _letter(row)


def campaign_from(row: RowMapping) -> Campaign:
    terms = CampaignTerms(
        row["title_ko"],
        row["title_en"],
        row["body_ko"],
        row["body_en"],
        tuple(row["municipality_codes"]),
        row["opens_at"],
        row["closes_at"],
    )
    return Campaign(
        id=row["id"],
        terms=terms,
        drafted_by=row["drafted_by"],
        drafted_at=row["drafted_at"],
        published_by=row["published_by"],
        published_at=row["published_at"],
        version=row["version"],
    )


def _letter(row: RowMapping) -> Letter:
    facts = LetterFacts(
        row["company_name"], row["municipality_code"], row["annual_sales_won"], row["employees"], row["wishes"]
    )
    return Letter(
        id=row["id"],
        campaign_id=row["campaign_id"],
        company_id=row["company_id"],
        facts=facts,
        state=LetterState(row["state"]),
        received_at=row["received_at"],
        version=row["version"],
    )
