"""Registering a memorandum, which takes two people, and finding the one that a decision rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from funding.memoranda import domain, store
from funding.memoranda.domain import Memorandum, MemorandumState, Obligation, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a person says about a signed memorandum."""

    reference: str
    title: str
    signed_on: date
    source_note: str
    parties: Sequence[Party]


async def propose_memorandum(tx: Transaction, proposal: Proposal, *, by: Principal, now: datetime) -> UUID:
    """Register a memorandum; nothing refers to it before somebody else has confirmed it."""
    domain.check_signed(proposal.signed_on, today=now.astimezone(KST).date())
    domain.check_parties(proposal.parties)
    proposed = Memorandum(
        id=new_id(),
        reference=proposal.reference,
        title=proposal.title,
        signed_on=proposal.signed_on,
        source_note=proposal.source_note,
        parties=tuple(proposal.parties),
        state=MemorandumState.PROPOSED,
        proposed_by=by.person,
        proposed_at=now,
    )
    await store.add(tx, proposed)
    await _journal(tx, proposed, "memorandum-proposed", by=by, now=now)
    return proposed.id


async def confirm_memorandum(
    tx: Transaction, memorandum_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Make another person's proposal count, for good: from its day on commitments refer to it."""
    found = await store.get_locked(tx, memorandum_id)
    confirmed = domain.confirm(found, read_version=read_version, by=by.person, at=now)
    await store.save_confirmed(tx, confirmed)
    await _journal(tx, confirmed, "memorandum-confirmed", by=by, now=now)


async def memorandum_in_force(tx: Transaction, *, at: datetime) -> UUID | None:
    """For a later feature: the memorandum that a decision of this moment rests on, or None before the first."""
    return await store.find_in_force(tx, on=at.astimezone(KST).date())


async def _journal(tx: Transaction, memorandum: Memorandum, decision: str, *, by: Principal, now: datetime) -> None:
    await journal.record(
        tx,
        chain=f"memorandum/{memorandum.id}",
        decision=decision,
        by=by,
        at=now,
        facts={
            "signed_on": memorandum.signed_on.isoformat(),
            "parties": [
                {
                    "kind": party.kind.value,
                    "municipality_code": party.municipality_code,
                    "owes": [_owed(obligation) for obligation in party.obligations],
                }
                for party in memorandum.parties
            ],
        },
    )


def _owed(obligation: Obligation) -> str:
    return f"{obligation.kind.value}/{obligation.source.value}" if obligation.source else obligation.kind.value
