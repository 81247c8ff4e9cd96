"""The worker's part of documents: what nobody went on with ends, and what a crash left in the store is removed.

Rows come first: an upload is ended in its row, and then its parts are dropped; whatever the store holds that no row
needs is swept, once it is old enough that nobody can still be at it.
"""

from datetime import datetime, timedelta

from applicant.documents import commands
from applicant.settings import Settings
from common.clock import Clock, SystemClock
from common.db import Database
from common.objects import Objects

_AT_A_TIME = 50
_SWEEP_EVERY_SECONDS = 600.0
_real_time = SystemClock()


class SweepDocuments:
    """The job; the store is looked through at its first round and then every so often, the rows at each."""

    def __init__(self, objects: Objects, settings: Settings) -> None:
        self._objects, self._settings = objects, settings
        self._next: datetime | None = None

    async def __call__(self, database: Database, clock: Clock) -> bool:
        """End old uploads and remove what no row needs; True if there may be more."""
        since = clock.now() - timedelta(hours=self._settings.document_upload_hours)
        async with database.transaction() as tx:
            old = await commands.left_uploading(tx, since=since, most=_AT_A_TIME)
        for document_id in old:
            async with database.transaction() as tx:
                await commands.expire_document(tx, document_id)
        now = _real_time.now()
        if old or self._next is None or now >= self._next:
            await self._sweep(database, now)
            self._next = now + timedelta(seconds=_SWEEP_EVERY_SECONDS)
        return len(old) == _AT_A_TIME

    async def _sweep(self, database: Database, now: datetime) -> None:
        uploads = await self._objects.uploads()
        fresh = timedelta(seconds=self._settings.document_sweep_seconds)
        hashes = await self._objects.sealed_before(now - fresh)
        if not uploads and not hashes:
            return
        async with database.transaction() as tx:
            parts, contents = await commands.left_behind(tx, uploads, hashes)
        for upload in parts:
            await self._objects.drop(upload)
        for sha256 in contents:
            await self._objects.remove(sha256)
