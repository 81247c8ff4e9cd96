"""The worker's part of notices: claim, hand to the mail port with no transaction open, keep how it went.

The port takes an idempotency key of the notice and its address, so that one whose worker was killed, or whose answer
was lost, is handed over again and delivered once. The contract is in settings.py.
"""

import asyncio
import logging

from applicant.notices import commands
from applicant.notices.commands import Fallbacks, Letter, Patience, Problem
from applicant.settings import Settings
from common import failpoints, telemetry
from common.clock import Clock
from common.db import Database
from common.http import BadAnswer, HttpClient, HttpFault, LeftAlone, TimedOut

_REFUSED_ADDRESS = 422

_log = logging.getLogger(__name__)
_given_up = telemetry.counter("notices.given_up", "{notice}", "Notices whose delivery was given up.")


class Mail:
    """The mail port as an HTTP client; keep one for the life of the worker."""

    def __init__(self, settings: Settings) -> None:
        self._client = HttpClient(settings.mail_url, read_timeout_seconds=settings.mail_timeout_seconds)

    async def deliver(self, letter: Letter) -> Problem | None:
        """Hand one letter over; returns what went wrong, or None. Raises LeftAlone when the port was not asked."""
        notice = letter.notice
        if letter.address is None:
            return Problem.NO_ADDRESS
        body = {"to": letter.address, "subject": notice.subject, "body": letter.body}
        try:
            said = await self._client.post_json("/v1/messages", body, idempotency_key=letter.key)
        except LeftAlone:
            raise
        except BadAnswer as fault:
            return Problem.ADDRESS_REFUSED if fault.status == _REFUSED_ADDRESS else Problem.BAD_ANSWER
        except TimedOut:
            return Problem.TIMED_OUT
        except HttpFault:
            return Problem.UNREACHABLE
        accepted = isinstance(said, dict) and said.get("accepted") == letter.key
        return None if accepted else Problem.BAD_ANSWER

    async def aclose(self) -> None:
        await self._client.aclose()


async def deliver_notices(mail: Mail, settings: Settings, database: Database, clock: Clock) -> bool:
    """Deliver what waits; each notice's end is kept in a transaction of its own."""
    patience = Patience(
        settings.notice_attempts_max, settings.notice_first_wait_seconds, settings.notice_longest_wait_seconds
    )
    async with database.transaction() as tx:
        letters = await commands.claim_letters(
            tx,
            most=settings.notice_batch_size,
            lease_seconds=settings.notice_lease_seconds,
            fallbacks=Fallbacks(settings.operator_mailbox, settings.province_mailbox),
        )
    if not letters:
        return False
    await failpoints.hit("job.after_claim")
    handed = await asyncio.gather(*(_deliver(mail, letter) for letter in letters))
    await failpoints.hit("job.after_send")
    for letter, outcome in zip(letters, handed, strict=True):
        async with database.transaction() as tx:
            if isinstance(outcome, LeftAlone):
                await commands.leave_letter(tx, letter, patience)
            elif outcome is None:
                await commands.sent_letter(tx, letter, now=clock.now())
            elif await commands.fail_letter(tx, letter, outcome, patience) == "GIVEN_UP":
                _given_up.add(1)
                said = {"notice_id": str(letter.notice.id), "problem": outcome.value}
                _log.warning("a notice could not be delivered and was given up", extra=said)
    return True


async def _deliver(mail: Mail, letter: Letter) -> Problem | LeftAlone | None:
    try:
        return await mail.deliver(letter)
    except LeftAlone as left:
        return left
