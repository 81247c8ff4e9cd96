"""The worker's part of screening: ask the outside registers, with no transaction open while they think.

A slow, refusing, broken or absent register postpones its check with the reason; it never decides a case.
"""

import asyncio
import hashlib
import logging
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from applicant.applications.commands import register_checks
from applicant.applications.commands.register_checks import ANSWER_KINDS, Answer, Claim, Question
from applicant.applications.domain.registers import Register
from applicant.settings import Settings
from common.auth import Principal
from common.clock import Clock
from common.db import Database
from common.http import BadAnswer, HttpClient, HttpFault, TimedOut

_SELF = Principal.service("applicant")
_JITTER_STEPS = 1000

_log = logging.getLogger(__name__)


class Registers:
    """The outside registers as HTTP clients; keep one for the life of the worker. The contract is in settings.py."""

    def __init__(self, settings: Settings) -> None:
        timeout_seconds = settings.register_timeout_seconds
        self._tax_office = HttpClient(settings.tax_office_url, read_timeout_seconds=timeout_seconds)
        self._sme_status = HttpClient(settings.sme_status_url, read_timeout_seconds=timeout_seconds)
        self._debarment = HttpClient(settings.debarment_url, read_timeout_seconds=timeout_seconds)

    async def ask(self, question: Question) -> Answer:
        """One register's answer as evidence; raises HttpFault when there is none to be had."""
        number, on = question.business_number, {"on": question.asked_on.isoformat()}
        match question.register:
            case Register.TAX_OFFICE:
                return _evidence(question, await self._tax_office.get_json(f"/v1/businesses/{number}", params=on))
            case Register.SME_STATUS:
                return _evidence(question, await self._sme_status.get_json(f"/v1/firms/{number}", params=on))
            case Register.DEBARMENT | Register.SUPPLIER_DEBARMENT:
                corporate = {"corporate_number": question.corporate_number} if question.corporate_number else {}
                said = await self._debarment.get_json(f"/v1/firms/{number}", params=on | corporate)
                return _evidence(question, said)

    async def aclose(self) -> None:
        for client in (self._tax_office, self._sme_status, self._debarment):
            await client.aclose()


@dataclass(frozen=True, slots=True)
class Failure:
    """What an attempt met instead of an answer."""

    problem: str


async def ask_registers(registers: Registers, settings: Settings, database: Database, clock: Clock) -> bool:
    """Claim due checks, ask their registers at once, keep each case's answers in one transaction."""
    async with database.transaction() as tx:
        claims = await register_checks.claim_checks(
            tx, most=settings.register_batch_size, lease_seconds=settings.register_lease_seconds
        )
    if not claims:
        return False
    heard = await asyncio.gather(*(hear(registers, claim.question) for claim in claims))
    for application_id, results in _by_case(claims, heard).items():
        try:
            await _keep(database, clock, application_id, results, settings)
        except Exception:  # noqa: BLE001  one case must not take the answers about the others with it
            _log.exception("the answers about a case could not be kept", extra={"application_id": str(application_id)})
            await _put_off(database, results, settings)
    return True


async def hear(registers: Registers, question: Question) -> Answer | Failure:
    """One register's answer, or what was met instead."""
    try:
        return await registers.ask(question)
    except BadAnswer as fault:
        return Failure(f"BAD_ANSWER_{fault.status}")
    except TimedOut:
        return Failure("TIMED_OUT")
    except HttpFault:
        return Failure("UNREACHABLE")


def wait_seconds(check_id: UUID, attempt: int, settings: Settings) -> float:
    """How long a question that was not answered waits before it is asked again."""
    # The check's own id spreads the retries of many checks over half the wait, without a source of chance.
    longest = settings.register_longest_wait_seconds
    full = min(longest, settings.register_first_wait_seconds * 2.0 ** min(attempt - 1, 20))
    return full * (0.5 + check_id.int % _JITTER_STEPS / _JITTER_STEPS / 2)


async def _keep(
    database: Database,
    clock: Clock,
    application_id: UUID,
    results: Sequence[tuple[Claim, Answer | Failure]],
    settings: Settings,
) -> None:
    answered = [(claim, result) for claim, result in results if isinstance(result, Answer)]
    async with database.transaction() as tx:
        # The application's row is locked before any check's row, as every other command does.
        if answered:
            await register_checks.keep_answers(tx, application_id, answered, by=_SELF, now=clock.now())
        for claim, result in results:
            if isinstance(result, Failure):
                await register_checks.postpone_check(
                    tx, claim, problem=result.problem, wait_seconds=_wait_seconds(claim, settings)
                )


async def _put_off(database: Database, results: Sequence[tuple[Claim, Answer | Failure]], settings: Settings) -> None:
    async with database.transaction() as tx:
        for claim, _ in results:
            await register_checks.postpone_check(
                tx, claim, problem="NOT_KEPT", wait_seconds=_wait_seconds(claim, settings)
            )


def _by_case(
    claims: Sequence[Claim], heard: Sequence[Answer | Failure]
) -> dict[UUID, list[tuple[Claim, Answer | Failure]]]:
    cases = defaultdict(list)
    for claim, result in zip(claims, heard, strict=True):
        cases[claim.application_id].append((claim, result))
    return cases


def _wait_seconds(claim: Claim, settings: Settings) -> float:
    return wait_seconds(claim.check_id, claim.attempt, settings)


def _evidence(question: Question, said: object) -> Answer:
    try:
        understood = msgspec.convert(said, ANSWER_KINDS[question.register])
    except msgspec.ValidationError as error:
        raise BadAnswer(f"{question.register} answered something else than agreed", status=200) from error
    if understood.business_number != question.business_number:
        raise BadAnswer(f"{question.register} answered about another business number", status=200)
    # Its hash goes into events and journals for good. Of codes and a business number alone it could be guessed, and the
    # number of a sole proprietor is personal data: the nonce stays here, with the answer.
    content = msgspec.to_builtins(understood) | {"nonce": secrets.token_hex(16)}
    digest = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
    return Answer(content, digest)
