"""The public tables, worked out once for each state of what they are made of, and kept as long as that stands.

They change twice a year and are asked for by everybody. What they are a function of is small: the wave, the day of
publication, the rules of that day, the minimum, and the state of every row that has an effect by then, which PostgreSQL
keeps with each change (`outcome_change`). That state is read for every request, in each replica: what was verified,
corrected or made anew is seen by the next one. Only the tables of a state that stands are not worked out again.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from common.acting import as_service
from common.db import Transaction
from common.kept import Kept
from metrics.outcomes import store
from metrics.outcomes.domain.definitions import Wave, last_publication
from metrics.outcomes.domain.sums import WaveSums
from metrics.outcomes.domain.waves import day_of, end_of
from metrics.outcomes.queries.aggregates import PublicOutcomes, public_outcomes
from metrics.outcomes.queries.cases import WaveOf, due_part
from metrics.outcomes.queries.definitions import rules_on

Reading = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Opens a transaction that reads."""

_KEPT_AT_MOST = 32
_PROJECTS_AT_ONCE = 2_000
_AGAIN_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class Publication:
    """The tables, as they are sent, and a tag that is another for every other content."""

    outcomes: PublicOutcomes
    content: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that the tables are a function of."""

    wave: Wave
    as_of: date
    rule_versions: tuple[str, ...]
    minimum: int
    state: str


class Published:
    """One process's publications. A reader holds no connection while tables are worked out, and they all wait for one.

    Working them out goes on when who asked first has left: whoever comes after finds them.
    """

    def __init__(self, reading: Reading, *, minimum: int) -> None:
        self._reading, self._minimum = reading, minimum
        self._kept: Kept[_Asked, Publication] = Kept(most=_KEPT_AT_MOST)

    async def read(self, wave: Wave, *, now: datetime) -> Publication:
        """The tables of the last publication, so that nobody subtracts today's from yesterday's."""
        day = last_publication(rules_on(day_of(now)).publication, day_of(now))
        async with self._reading() as tx:
            state = await store.state_by(tx, day)
        asked = _Asked(wave, day, tuple(store.rule_versions()), self._minimum, state)
        return await self._kept.get(asked, lambda: self._work_out(asked))

    async def _work_out(self, asked: _Asked) -> Publication:
        sums, state = await self._sum(asked)
        for _ in range(_AGAIN_AT_MOST):
            if state == asked.state:
                break
            # It changed while it was read: some sums are of the time before, and nobody asks for this state again.
            asked = replace(asked, state=state)
            sums, state = await self._sum(asked)
        return await asyncio.to_thread(_published, sums, asked)

    async def _sum(self, asked: _Asked) -> tuple[WaveSums, str]:
        """What all firms add up to, some at a time, and the state behind the last of them."""
        sums = WaveSums(rules_on(asked.as_of), in_full=False)
        after: UUID | None = None
        while True:
            found, after = await self._next(asked.wave, end_of(asked.as_of), after)
            await asyncio.to_thread(sums.add, [case for case, _ in found.cases], found.versions)
            if after is None:
                break
        async with self._reading() as tx:
            return sums, await store.state_by(tx, asked.as_of)

    async def _next(self, wave: Wave, at: datetime, after: UUID | None) -> tuple[WaveOf, UUID | None]:
        async with self._reading() as tx, as_service(tx):
            return await due_part(tx, wave, at=at, after=after, most=_PROJECTS_AT_ONCE)


def _published(sums: WaveSums, asked: _Asked) -> Publication:
    outcomes = public_outcomes(sums, asked.wave, as_of=asked.as_of, minimum=asked.minimum)
    content = outcomes.model_dump_json().encode()
    return Publication(outcomes, content, f'"{hashlib.sha256(content).hexdigest()}"')
