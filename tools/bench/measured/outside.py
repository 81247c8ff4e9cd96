"""P15 and P16: what leaves for partners: how fast the feed is read, and how long a webhook and a streamed event take.

The event goes to Kafka when the clock starts. The worker applies it, gives it its place and sends the webhook; the
stream of the API tells it. Both are as shipped, on a database and topics of their own.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import msgspec

from common.acting import Acting
from common.event import WireRecord, new_id, open_envelope
from common.web.pages import MAX_PAGE_SIZE
from contracts.partner import PartnerProjectSelected
from contracts.roles import Role
from tools.bench import lives
from tools.bench.events import partition, producer
from tools.bench.figures import Figure, Slice, quantile, ratio, value_ratio
from tools.bench.ground import Ground, fresh_key
from tools.bench.http_load import request
from tools.bench.http_read import FeedPage, Line, Receiver, StreamedEvent
from tools.bench.ledger import Ledger
from tools.bench.suites import Variant

FEED, PAGES = "feed over HTTP", "the same pages on asyncpg alone"
TOLD, ROUND_TRIP = "events told to partners", "raw Kafka round trip"
_API, _WORKER, _DATABASE, _PREFIX = "outside-api", "outside-worker", "metrics_outside", "outside."
_PATH, _SAMSUNG = "/v1/partner-events", "samsung"
_EVENTS = 4_000
_TOLD_EVENTS, _RATE = 40, 10.0
_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.01
_ADD = """
    INSERT INTO partner_event (event_id, caused_by, type, topic, key, data, occurred_at, position, sequence,
        recorded_at)
    SELECT gen_random_uuid(), gen_random_uuid(), $2, $3, md5('project ' || n)::uuid,
        jsonb_build_object('project_id', md5('project ' || n)::uuid, 'call_id', md5('call')::uuid, 'type_code', 'JS2',
            'municipality_code', '52130', 'track', 'B', 'promoted', false)::text,
        now() - make_interval(secs => $1 - n), n, 1, now()
    FROM generate_series(1, $1::int) AS n
"""
_NEWEST = "SELECT coalesce(max(position), 0) FROM partner_event"


def _after(name: str, said: str, value: str) -> Figure:
    return Figure(
        name,
        f"from an event in Kafka to {said}, p99 in ms",
        lambda one: one[TOLD].values[value],
        (TOLD,),
        3_000.0,
        2_000.0,
        higher_is_better=False,
    )


@dataclass
class Outside:
    """A subscriber as Samsung's: its feed, its stream, its webhook."""

    ground: Ground
    events: int = _EVENTS
    told: int = _TOLD_EVENTS
    name: str = "outside"
    figures: Sequence[Figure] = (
        Figure(
            "P15", "feed over HTTP / the same pages on asyncpg alone", ratio(FEED, PAGES), (FEED, PAGES), 0.05, 0.10
        ),
        _after("P16", "its webhook", "webhook p99 ms"),
        _after("P16s", "its place in the stream", "stream p99 ms"),
        Figure(
            "X16",
            "a webhook's p50 / raw Kafka round trip p50",
            value_ratio((TOLD, "webhook p50 ms"), (ROUND_TRIP, "p50 ms")),
            (TOLD, ROUND_TRIP),
            higher_is_better=False,
        ),
        Figure(
            "X16s",
            "a streamed event's p50 / raw Kafka round trip p50",
            value_ratio((TOLD, "stream p50 ms"), (ROUND_TRIP, "p50 ms")),
            (TOLD, ROUND_TRIP),
            higher_is_better=False,
        ),
    )
    _receiver: Receiver = field(default_factory=Receiver)
    _rounds: int = 0

    async def prepare(self) -> None:
        urls = self.ground.make_database("metrics", _DATABASE)
        await self.ground.make_topics_apart(_PREFIX)
        settings = {"KAFKA_TOPIC_PREFIX": _PREFIX, "KAFKA_GROUP_PREFIX": _PREFIX, "WEBHOOK_LOOPBACK": "true"}
        self.ground.start_apart(_API, "metrics", "api", urls, settings)
        self.ground.start_apart(_WORKER, "metrics", "worker", urls, settings)
        async with self.ground.administrator(_DATABASE) as admin:
            await admin.execute(_ADD, self.events, PartnerProjectSelected.TYPE, PartnerProjectSelected.TOPIC)
            await admin.execute("ANALYZE")
        await self.ground.until_ready(_API, _WORKER)
        await self._receiver.start()
        self.ground.closing.append(self._receiver.close)
        body = msgspec.json.encode({"url": self._receiver.url, "types": []})
        headers = self._as_samsung("registrar") | {"Idempotency-Key": fresh_key()}
        line = await Line.to(self.ground.ports[_API])
        await line.ask(request("POST", "/v1/webhook-endpoints", headers, body))
        line.close()

    async def begin_round(self) -> None:
        self.ground.quiet()
        self.ground.thaw(_WORKER)
        self._rounds += 1
        async with self.ground.administrator(_DATABASE) as admin:
            await admin.execute("CHECKPOINT")

    def variants(self) -> Mapping[str, Variant]:
        return {FEED: self._feed, PAGES: self._pages, TOLD: self._tell, ROUND_TRIP: self._round_trip}

    async def _feed(self) -> Slice:
        # Who reads the feed may read so many pages at once: each round has a reader of its own.
        headers, newest = self._as_samsung(f"reader-{self._rounds}"), await self._newest()
        line, places, after, more = await Line.to(self.ground.ports[_API]), list[int](), 0, True
        ledger = Ledger(self.ground.pids({"api": _API, "postgres": "postgres"}))
        spent, began = ledger.read(), time.monotonic()
        while more:
            body = await line.ask(request("GET", f"{_PATH}?after={after}&page_size={MAX_PAGE_SIZE}", headers))
            page = msgspec.json.decode(body, type=FeedPage)
            places += [int(one.position) for one in page.items]
            after, more = page.after, page.more
        seconds, cpu = time.monotonic() - began, ledger.since(spent)
        line.close()
        fault = "" if places == list(range(1, newest + 1)) else f"{len(places)} events of {newest}, or out of order"
        return Slice(len(places), seconds, fault=fault, cpu_seconds=cpu)

    async def _pages(self) -> Slice:
        answer = await self.ground.part("feed").ask(
            "read",
            url=self.ground.dsn(_DATABASE),
            caller=Acting(Role.SAMSUNG_CLIENT.value, _SAMSUNG, "reader").said,
            page_size=MAX_PAGE_SIZE,
        )
        newest = await self._newest()
        missing = newest - answer["operations"]
        return Slice(answer["operations"], answer["seconds"], fault=f"{missing} of {newest} missing" if missing else "")

    async def _tell(self) -> Slice:
        told = [lives.recorded(lives.selected(number, new_id()), 1) for number in range(self.told)]
        ids = {str(uuid5(_event_id(one), PartnerProjectSelected.TOPIC)) for one in told}
        streamed: dict[str, list[float]] = {}
        opened = asyncio.Event()
        reading = asyncio.create_task(self._stream(streamed, opened, after=await self._newest()))
        ledger = Ledger(self.ground.pids({"api": _API, "worker": _WORKER, "postgres": "postgres", "kafka": "kafka"}))
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await opened.wait()
            spent, began = ledger.read(), time.monotonic()
            sent = await self._send(told)
            await _until_come(ids, streamed, self._receiver.came)
            seconds, cpu = time.monotonic() - began, ledger.since(spent)
        finally:
            reading.cancel()
            await asyncio.wait({reading})
        hooks = {one: self._receiver.came.pop(one, []) for one in ids}
        values = _delays("webhook", sent, hooks) | _delays("stream", sent, streamed)
        fault = fault_of("webhook", ids, hooks) or fault_of("stream", ids, streamed)
        return Slice(len(ids), seconds, fault=fault, cpu_seconds=cpu, values=values)

    async def _send(self, told: Sequence[WireRecord]) -> dict[str, float]:
        """Put them into Kafka at random moments; when each was due there, by its id outside."""
        sender, chance, sent = producer(self.ground.bootstrap_servers), random.Random(self._rounds), {}  # noqa: S311  reproducible
        await sender.start()
        try:
            due = time.monotonic()
            for one in told:
                due += chance.expovariate(_RATE)
                if (wait := due - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                sent[str(uuid5(_event_id(one), PartnerProjectSelected.TOPIC))] = due
                await sender.send_and_wait(
                    _PREFIX + one.topic,
                    key=one.key,
                    value=one.value,
                    headers=list(one.headers),
                    partition=partition(one.key),
                )
        finally:
            await sender.stop()
        return sent

    async def _stream(self, came: dict[str, list[float]], opened: asyncio.Event, *, after: int) -> None:
        line = await Line.to(self.ground.ports[_API])
        headers = self._as_samsung(f"stream-{self._rounds}") | {"Accept": "text/event-stream"}
        try:
            async for event in line.events(request("GET", f"{_PATH}?after={after}", headers)):
                opened.set()
                for part in event.split(b"\n"):
                    if part.startswith(b"data: "):
                        one = msgspec.json.decode(part.removeprefix(b"data: "), type=StreamedEvent)
                        came.setdefault(one.id, []).append(time.monotonic())
        finally:
            line.close()

    async def _round_trip(self) -> Slice:
        answer = await self.ground.part("kafka").ask(
            "round_trips",
            bootstrap_servers=self.ground.bootstrap_servers,
            topic="bench.round-trip.v1",
            rate=_RATE,
            count=max(10, self.told // 2),
        )
        taken: list[float] = answer["milliseconds"]
        return Slice(len(taken), 1.0, values={"p50 ms": quantile(taken, 0.50), "p99 ms": quantile(taken, 0.99)})

    async def _newest(self) -> int:
        async with self.ground.administrator(_DATABASE) as admin:
            return int(await admin.fetchval(_NEWEST))

    def _as_samsung(self, subject: str) -> dict[str, str]:
        token = self.ground.issuer.token(role=Role.SAMSUNG_CLIENT.value, tenant=_SAMSUNG, subject=subject)
        return {"Authorization": f"Bearer {token}"}


async def _until_come(ids: set[str], *ways: Mapping[str, object]) -> None:
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        if all(ids <= way.keys() for way in ways):
            return
        await asyncio.sleep(_LOOK_SECONDS)


def fault_of(said: str, ids: set[str], came: Mapping[str, Sequence[float]]) -> str:
    """Which of them did not come, or came more than once: nothing was broken, so nothing may come twice."""
    missing = sum(not came.get(one) for one in ids)
    again = sum(len(came.get(one, ())) > 1 for one in ids)
    wrong = [f"{missing} of {len(ids)} missing"] if missing else []
    return f"{said}: {', '.join(wrong + ([f'{again} came again'] if again else []))}" if missing or again else ""


def _delays(said: str, sent: Mapping[str, float], came: Mapping[str, Sequence[float]]) -> dict[str, float]:
    taken = sorted(1_000 * (came[one][0] - at) for one, at in sent.items() if came.get(one))
    shares = {"p50": 0.50, "p99": 0.99}
    return {f"{said} {name} ms": quantile(taken, share) for name, share in shares.items()}


def _event_id(record: WireRecord) -> UUID:
    envelope, _ = open_envelope(record)
    return envelope.event_id
