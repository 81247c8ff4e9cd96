"""The worker's part of a plan: the solver works in a process of its own, while no transaction is open."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

from common.auth import Principal
from common.clock import Clock
from common.db import Database
from mentoring.plans.commands import matching, what_ifs
from mentoring.plans.commands.matching import Matching, NotProven, PlanInput
from mentoring.settings import Settings

_FOR_THE_SOLVER = frozenset({"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL"})
"""It needs no address and no secret, so it gets none."""

_LEASE = 2
"""Times the solver's timeout: what comes before and after it is of the size of its question too."""

_SELF = Principal.service("mentoring")

_log = logging.getLogger(__name__)


class _NoAnswerError(Exception):
    """The solver's process ended or was ended without an answer."""


async def match_plans(settings: Settings, database: Database, clock: Clock) -> bool:
    """Match the oldest plan that waits. Killed at any moment, it is matched again, and to the same plan."""
    async with database.transaction() as tx:
        plan = await matching.begin_plan(tx, lease_seconds=_lease(settings), by=_SELF, now=clock.now())
    if plan is None:
        return False
    if plan.failure is None:
        found = await _match(partial(matching.given_of, plan), settings, plan_id=str(plan.id))
        async with database.transaction() as tx:
            await matching.settle(tx, plan.id, found, by=_SELF, now=clock.now())
    return True


async def answer_what_ifs(settings: Settings, database: Database, _clock: Clock) -> bool:
    """Match the oldest what-if that waits, as exactly as its plan."""
    async with database.transaction() as tx:
        begun = await what_ifs.begin_what_if(tx, lease_seconds=_lease(settings))
    if begun is None:
        return False
    what_if, plan = begun
    if what_if.failure is None:
        found = await _match(partial(what_ifs.given_of, plan, what_if), settings, what_if_id=str(what_if.id))
        async with database.transaction() as tx:
            await what_ifs.settle_what_if(tx, what_if.id, plan, found)
    return True


async def _match(given_of: Callable[[], PlanInput], settings: Settings, **who: str) -> Matching | str:
    """The proven optimum, or why there is none. What is of the size of all pairs leaves the loop to others."""
    given = await asyncio.to_thread(given_of)
    question = await asyncio.to_thread(matching.question_of, given)
    try:
        answer = await _ask(question, settings)
        return await asyncio.to_thread(matching.proven, given, answer)
    except _NoAnswerError as fault:
        _log.warning("the solver gave no answer", extra={**who, "fault": str(fault)})
        return "NO_ANSWER"
    except NotProven:
        _log.exception("the solver's answer is not proven", extra=who)
        return "NOT_PROVEN"


def _lease(settings: Settings) -> float:
    return _LEASE * settings.matching_timeout_seconds


async def _ask(question: bytes, settings: Settings) -> dict[str, Any]:
    timeout_seconds = settings.matching_timeout_seconds
    asked = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mentoring.solver",
        str(ceil(timeout_seconds)),
        str(settings.matching_memory_mb),
        env={name: value for name, value in os.environ.items() if name in _FOR_THE_SOLVER},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await asyncio.wait_for(asked.communicate(question), timeout_seconds)
    except TimeoutError:
        raise _NoAnswerError(f"not within {timeout_seconds} s") from None
    finally:
        if asked.returncode is None:
            asked.kill()
            await asked.wait()
    if asked.returncode != 0:
        raise _NoAnswerError(f"ended with {asked.returncode}: {complaint[-500:].decode(errors='replace')}")
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        raise _NoAnswerError(f"said {said[:200]!r}") from None
    return answer
