"""The worker's part of standings: ask the tax office, with no transaction open while it thinks.

A slow, refusing, broken or absent office postpones the question with the reason; it never decides about a firm.
"""

import asyncio
import logging

from applicant.applications.commands.register_checks import Answer, tax_question
from applicant.applications.jobs import Failure, Registers, hear, wait_seconds
from applicant.settings import Settings
from applicant.standings import commands
from applicant.standings.commands import Claim
from common import failpoints
from common.clock import KST, Clock
from common.db import Database

_log = logging.getLogger(__name__)


async def ask_standings(registers: Registers, settings: Settings, database: Database, clock: Clock) -> bool:
    """Claim due questions, ask them at once, keep each answer in a transaction of its own."""
    async with database.transaction() as tx:
        claims = await commands.claim_checks(
            tx, most=settings.register_batch_size, lease_seconds=settings.register_lease_seconds
        )
    if not claims:
        return False
    about = clock.now().astimezone(KST).date()
    heard = await asyncio.gather(*(hear(registers, tax_question(each.business_number, about)) for each in claims))
    await failpoints.hit("standings.after_answer")
    for claim, result in zip(claims, heard, strict=True):
        try:
            if isinstance(result, Answer):
                async with database.transaction() as tx:
                    await commands.keep_answer(tx, claim, result, about=about, now=clock.now())
            else:
                await _put_off(claim, result, settings, database)
        except Exception:  # noqa: BLE001  one firm must not take the answers about the others with it
            _log.exception("the answer about a firm could not be kept", extra={"standing_id": str(claim.check_id)})
            await _put_off(claim, Failure("NOT_KEPT"), settings, database)
    return True


async def _put_off(claim: Claim, failure: Failure, settings: Settings, database: Database) -> None:
    wait = wait_seconds(claim.check_id, claim.attempt, settings)
    async with database.transaction() as tx:
        await commands.postpone_check(tx, claim, problem=failure.problem, wait_seconds=wait)
