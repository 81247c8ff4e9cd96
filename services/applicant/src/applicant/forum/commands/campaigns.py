"""Campaigns are drafted by one member and published by another; firms answer with letters of intent."""

from datetime import datetime
from uuid import UUID

from applicant.companies import queries as companies
from applicant.forum.domain import campaigns as domain
from applicant.forum.domain.campaigns import CampaignTerms, LetterFacts
from applicant.forum.store import campaigns as store
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id

__all__ = ["CampaignTerms", "LetterFacts", "draft_campaign", "publish_campaign", "send_letter"]


async def draft_campaign(tx: Transaction, terms: CampaignTerms, *, by: Principal, now: datetime) -> UUID:
    """Begin a campaign."""
    campaign = domain.draft_campaign(terms, campaign_id=new_id(), by=by.person, now=now)
    await store.add_campaign(tx, campaign)
    facts = {"opens_at": terms.opens_at.isoformat(), "closes_at": terms.closes_at.isoformat()}
    await journal.record(tx, chain=f"campaign/{campaign.id}", decision="campaign-drafted", by=by, at=now, facts=facts)
    return campaign.id


async def publish_campaign(
    tx: Transaction, campaign_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Show another member's campaign to everybody, for good."""
    campaign = await store.get_campaign(tx, campaign_id)
    published = domain.publish_campaign(campaign, read_version=read_version, by=by.person, now=now)
    saved = await store.save_publication(tx, published)
    await journal.record(
        tx,
        chain=f"campaign/{campaign_id}",
        decision="campaign-published",
        by=by,
        at=now,
        facts={"version": saved.version},
    )


async def send_letter(tx: Transaction, campaign_id: UUID, facts: LetterFacts, *, by: Principal, now: datetime) -> UUID:
    """Tell the Forum that the firm means to take part; it asks for nothing and decides nothing."""
    campaign = await store.get_campaign(tx, campaign_id)
    letter = domain.send_letter(campaign, facts, letter_id=new_id(), company_id=companies.own_company_id(by), now=now)
    await store.add_letter(tx, letter)
    await journal.record(
        tx,
        chain=f"letter/{letter.id}",
        decision="letter-received",
        by=by,
        at=now,
        facts={"campaign_id": str(campaign_id), "company_id": str(letter.company_id)},
    )
    return letter.id
