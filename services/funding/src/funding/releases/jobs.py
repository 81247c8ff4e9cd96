"""The worker's part of releases: bring orders to the bank, ask what became of them, post what was paid.

No transaction is open while the bank thinks. An order is sent once; whatever came of that, the next step asks the bank
by our reference, and only if it knows no such order is the same order brought again, under the same reference, which
the bank pays once. So a worker may die anywhere.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from common import failpoints
from common.clock import Clock
from common.db import Database
from common.http import BadAnswer, HttpClient, HttpFault
from funding.releases.commands import findings, orders, year_end
from funding.releases.commands.orders import Answer, Claim, Outcome
from funding.settings import Settings

_NOT_FOUND = 404
_UNKNOWN = Answer(Outcome.UNKNOWN)

_log = logging.getLogger(__name__)


class _Said(msgspec.Struct, frozen=True):
    """What the bank's answer must be; anything else is no answer."""

    reference: str
    amount_won: int
    status: str
    transaction: str | None = None


class Bank:
    """The bank as an HTTP client; keep one for the life of the worker. The contract is in settings.py."""

    def __init__(self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._http = HttpClient(
            settings.bank_url, read_timeout_seconds=settings.bank_timeout_seconds, monotonic=monotonic
        )

    async def order(self, claim: Claim) -> Answer:
        """Send an order, once: without a second try of its own, since after the first nobody knows what was done."""
        reference = str(claim.release_id)
        body = {"reference": reference, "amount_won": claim.amount_won, "payee_account": claim.payee_account}
        return _understood(claim, await self._http.post_json("/v1/orders", body))

    async def find(self, claim: Claim) -> Answer | None:
        """What became of an order, or None if the bank knows of none; raises HttpFault when it does not say."""
        try:
            return _understood(claim, await self._http.get_json(f"/v1/orders/{claim.release_id}"))
        except BadAnswer as fault:
            if fault.status == _NOT_FOUND:
                return None
            raise

    async def aclose(self) -> None:
        await self._http.aclose()


async def settle_orders(bank: Bank, settings: Settings, database: Database, clock: Clock) -> bool:
    """Bring due orders to the bank or ask about them, keep each answer in a transaction of its own."""
    async with database.transaction() as tx:
        claims = await orders.claim_orders(
            tx,
            most=settings.bank_batch_size,
            lease_seconds=settings.bank_lease_seconds,
            give_up_seconds=settings.bank_give_up_seconds,
        )
    if not claims:
        return False
    await failpoints.hit("saga.after_claim")
    answers = await asyncio.gather(*(_ask(bank, claim) for claim in claims))
    for claim, answer in zip(claims, answers, strict=True):
        try:
            wait_seconds = _wait_seconds(claim, settings)
            async with database.transaction() as tx:
                await orders.keep_answer(tx, claim.release_id, answer, wait_seconds=wait_seconds, now=clock.now())
                await failpoints.hit("saga.before_commit")
            await failpoints.hit("saga.after_commit")
        except Exception:  # noqa: BLE001  one order must not take the answers about the others with it; it stays due
            _log.exception("the bank's answer could not be kept", extra={"release_id": str(claim.release_id)})
    return True


async def post_payments(database: Database, clock: Clock) -> bool:
    """Post to the ledger what the bank has paid."""
    async with database.transaction() as tx:
        posted = await orders.post_confirmed(tx, now=clock.now())
        if posted:
            await failpoints.hit("saga.before_post")
    return posted


async def end_overtaken_findings(database: Database, clock: Clock) -> bool:
    """End what people had proposed about an order of which the bank then said itself what became."""
    async with database.transaction() as tx:
        return await findings.end_overtaken(tx, now=clock.now())


async def end_unpayable_releases(database: Database, clock: Clock) -> bool:
    """End what waits for an order on money whose fiscal year is over and that nobody carried over."""
    async with database.transaction() as tx:
        return await year_end.end_unpayable(tx, now=clock.now())


async def _ask(bank: Bank, claim: Claim) -> Answer:
    try:
        known = None if claim.attempt == 1 else await bank.find(claim)
        answer = known or await bank.order(claim)
    except HttpFault as fault:
        _log.warning("the bank did not say", extra={"release_id": str(claim.release_id), "fault": type(fault).__name__})
        answer = _UNKNOWN
    await failpoints.hit("saga.after_answer")
    return answer


def _understood(claim: Claim, said: object) -> Answer:
    try:
        answer = msgspec.convert(said, _Said)
    except msgspec.ValidationError as error:
        raise BadAnswer("the bank answered something else than agreed", status=200) from error
    if (answer.reference, answer.amount_won) != (str(claim.release_id), claim.amount_won):
        raise BadAnswer("the bank answered about another order", status=200)
    if answer.status == Outcome.DONE and answer.transaction:
        return Answer(Outcome.DONE, answer.transaction)
    return Answer(Outcome.FAILED) if answer.status == Outcome.FAILED else _UNKNOWN


def _wait_seconds(claim: Claim, settings: Settings) -> float:
    full = settings.bank_first_wait_seconds * 2.0 ** min(claim.attempt - 1, 20)
    return min(full, settings.bank_longest_wait_seconds)
