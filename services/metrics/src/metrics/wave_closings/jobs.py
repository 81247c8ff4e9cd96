"""The worker's part of outcome waves: once a day those are closed whose last day is over."""

from uuid import UUID

from common import failpoints
from common.auth import Principal
from common.clock import Clock
from common.db import Database
from metrics.outcomes.queries.endings import Completions
from metrics.wave_closings import commands

_AT_ONCE = 200
_SELF = Principal.service("metrics")


class CloseWaves:
    """The job. Keep one for the life of the worker: it looks once a day, and again when a completion was heard of.

    Several workers may look at once: each closing is of whoever stored it first. One that is killed has closed what it
    committed, and the next look does the rest.
    """

    def __init__(self) -> None:
        self._began_from: Completions | None = None
        self._after: UUID | None = None
        self._is_over = True

    async def __call__(self, database: Database, clock: Clock) -> bool:
        """Close what is due of some projects; False once all have been looked at."""
        now = clock.now()
        async with database.transaction(read_only=True) as tx:
            known = await commands.completions_known(tx, now=now)
            if self._is_over:
                if known == self._began_from:
                    return False
                # A look under way goes on to its end whatever is heard meanwhile: then the next one begins.
                self._began_from, self._after, self._is_over = known, None, False
            due, behind = await commands.due_part(tx, now=now, after=self._after, most=_AT_ONCE)
        for project_id in due:
            async with database.transaction() as tx:
                await commands.close_waves(tx, project_id, by=_SELF, now=now)
                await failpoints.hit("job.before_commit")
        self._after, self._is_over = behind, behind is None
        return True
