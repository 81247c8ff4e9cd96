"""The worker's part of webhooks: claim, sign and send with no transaction open, keep how that went.

Sending goes on between the rounds of the job, so that a receiver that hangs holds up only its own messages. A worker
that is killed between sending and keeping sends again once the lease is over: the receiver then sees one `webhook-id`
twice, and counts by that.
"""

import asyncio
import logging
import time
from uuid import UUID

from common import failpoints, telemetry
from common.addresses import Resolve
from common.auth import Principal
from common.clock import Clock, SystemClock
from common.db import Database, Transaction
from common.forgetting import Forgetting
from common.http import HttpFault, TimedOut
from common.http_public import AddressRefused, PublicClient
from metrics.settings import Settings
from metrics.webhooks.commands import deliveries, endpoints
from metrics.webhooks.commands.deliveries import Attempt, Claimed, Outcome
from metrics.webhooks.domain.deliveries import excerpt_of, outcome_of, told_wait
from metrics.webhooks.domain.signatures import headers

_LOOK_AGAIN_SECONDS = 0.2
_KEPT_AT_ONCE = 4
_BY = Principal.service("metrics")

_log = logging.getLogger(__name__)
_attempts = telemetry.counter("webhooks.attempts", "{attempt}", "Webhook deliveries that were tried, by outcome.")
_given_up = telemetry.counter("webhooks.given_up", "{delivery}", "Webhook deliveries that were given up.")
_real_time = SystemClock()


class DeliverWebhooks:
    """The job. Keep one for the life of the worker."""

    def __init__(self, settings: Settings, *, resolve: Resolve | None = None) -> None:
        self._settings = settings
        self._key = settings.webhook_secret_key.get_secret_value().encode()
        self._http = PublicClient(
            deadline_seconds=settings.webhook_timeout_seconds, loopback=settings.webhook_loopback, resolve=resolve
        )
        self._under_way: dict[asyncio.Task[None], UUID] = {}
        # Those that did not answer in time when last asked: until they do, each has one place of this worker's.
        self._slow: set[UUID] = set()
        # The consumer and the relay work on the same connections.
        self._keeping = asyncio.Semaphore(_KEPT_AT_ONCE)

    async def __call__(self, database: Database, clock: Clock) -> bool:
        """Begin what is due and see what has ended; True while anything is under way."""
        await self._begin(database, clock)
        if not self._under_way:
            return False
        await asyncio.wait(self._under_way, timeout=_LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self._look()
        return True

    async def finish(self) -> None:
        """End what is under way; what does not end in time is sent again by another worker, after its lease."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        self._look()
        await self._http.aclose()

    async def _begin(self, database: Database, clock: Clock) -> None:
        most = self._settings.webhook_at_once_max - len(self._under_way)
        if most <= 0:
            return
        async with database.transaction() as tx:
            claimed = await deliveries.claim_deliveries(
                tx,
                most=most,
                per_endpoint=self._settings.webhook_at_once_per_endpoint,
                lease_seconds=self._settings.webhook_lease_seconds,
                busy=set(self._under_way.values()),
                slow=self._slow,
            )
        if claimed:
            await failpoints.hit("job.after_claim")
        for each in claimed:
            task = asyncio.create_task(self._deliver(database, clock, each), name=f"webhook {each.id}")
            self._under_way[task] = each.endpoint_id

    def _look(self) -> None:
        for task in [each for each in self._under_way if each.done()]:
            del self._under_way[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                # Its lease ends by itself, and then it is due again.
                _log.error("how a webhook went could not be kept", exc_info=error)

    async def _deliver(self, database: Database, clock: Clock, claimed: Claimed) -> None:
        attempt = await self._send(claimed)
        if attempt.outcome is Outcome.TIMED_OUT:
            self._slow.add(claimed.endpoint_id)
        else:
            self._slow.discard(claimed.endpoint_id)
        await failpoints.hit("job.after_send")
        async with self._keeping, database.transaction() as tx:
            state = await deliveries.keep_attempt(tx, claimed, attempt, by=_BY, now=clock.now())
        _attempts.add(1, {"outcome": attempt.outcome.value.lower()})
        if state == "GIVEN_UP":
            _given_up.add(1)
            said = {"event_id": str(claimed.event_id), "outcome": attempt.outcome.value}
            _log.warning("a webhook could not be delivered and was given up", extra=said)

    async def _send(self, claimed: Claimed) -> Attempt:
        began_at, began = _real_time.now(), time.monotonic()
        live = endpoints.signing_secrets(claimed.endpoint_id, claimed.salts, self._key)
        content = claimed.body.encode()
        signed = {
            "Content-Type": "application/json",
            "User-Agent": "smartfactory-webhooks/1",
            **headers(str(claimed.event_id), content, live, at=began_at),
        }
        status, excerpt, wait = None, None, None
        try:
            heard = await self._http.post(claimed.url, content, headers=signed)
            outcome, status = outcome_of(heard.status), heard.status
            excerpt = excerpt_of(heard.excerpt)
            wait = told_wait(heard.retry_after, at=_real_time.now())
        except AddressRefused:
            outcome = Outcome.ADDRESS_REFUSED
        except TimedOut:
            outcome = Outcome.TIMED_OUT
        except HttpFault:
            outcome = Outcome.UNREACHABLE
        except Exception as error:  # noqa: BLE001  whatever it was, it counts as a try: none is made for ever
            _log.error("a webhook could not be sent", exc_info=error, extra={"event_id": str(claimed.event_id)})
            outcome = Outcome.UNREACHABLE
        return Attempt(
            outcome=outcome,
            began_at=began_at,
            milliseconds=int(1_000 * (time.monotonic() - began)),
            status=status,
            excerpt=excerpt,
            told_wait_seconds=wait,
        )


class ForgetWebhooks(Forgetting):
    """The job that removes deliveries past their time, and those whose endpoint was removed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._days = settings.webhook_kept_days

    async def forget(self, tx: Transaction, *, most: int) -> int:
        return await deliveries.forget_deliveries(tx, days=self._days, most=most)
