"""The worker's steps of a release after its order: claim it, keep what the bank said, post what was paid.

Each is one transaction that can be done twice without harm; between two of them the worker may die.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from funding.ledger import commands as ledger
from funding.releases.commands import findings, telling
from funding.releases.domain import release as domain
from funding.releases.domain.release import ReleaseState, VoidReason
from funding.releases.store import releases
from funding.releases.store.releases import Claim

__all__ = ["Answer", "Claim", "Outcome", "claim_orders", "keep_answer", "post_confirmed"]

_SERVICE = Principal.service("funding")

claim_orders = releases.claim_orders


class Outcome(StrEnum):
    """What is known of an order."""

    DONE = "DONE"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    """Nothing, or only that the bank works on it: ask again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bank said of an order; `transaction` is its own number of a payment that it made."""

    outcome: Outcome
    transaction: str | None = None


async def keep_answer(tx: Transaction, release_id: UUID, answer: Answer, *, wait_seconds: float, now: datetime) -> None:
    """Keep what the bank said; what it did not say is asked again, and after a deadline shown to people besides."""
    release = await releases.get_locked(tx, release_id)
    if release.state is not ReleaseState.ORDERED:
        return  # Another worker, whose claim came after ours had ended, was told before us.
    if answer.outcome is Outcome.DONE and answer.transaction is not None:
        confirmed = domain.confirm(release, answer.transaction, now=now)
        await releases.save(tx, confirmed)
        facts = {"bank_transaction": answer.transaction}
        await telling.tell_step(tx, confirmed, by=_SERVICE, now=now, facts=facts)
        await findings.end_moot(tx, confirmed, now=now)
    elif answer.outcome is Outcome.FAILED:
        resolution_id = await ledger.void(tx, release.reservation_id, at=now)
        refused = domain.void(release, VoidReason.BANK_REFUSED, resolution_id, now=now)
        await releases.save(tx, refused)
        await telling.tell_step(tx, refused, by=_SERVICE, now=now)
        await findings.end_moot(tx, refused, now=now)
    elif await releases.postpone(tx, release_id, wait_seconds=wait_seconds):
        await releases.mark_unclear(tx, release_id)
        await telling.tell_unclear(tx, release, by=_SERVICE, now=now)


async def post_confirmed(tx: Transaction, *, now: datetime) -> bool:
    """Post one payment that the bank has made; False if none waits."""
    release = await releases.lock_confirmed(tx)
    if release is None:
        return False
    resolution_id = await ledger.disburse(tx, release.reservation_id, release.budget_line_id, at=now)
    posted = domain.post(release, resolution_id, now=now)
    await releases.save(tx, posted)
    await telling.tell_step(tx, posted, by=_SERVICE, now=now)
    return True
