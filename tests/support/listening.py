"""A service that listens to others, on a real PostgreSQL: events come as the bytes they are on the wire."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from common import event as events
from common.acting import THE_SERVICE
from common.api import build_app
from common.clock import FixedClock
from common.consumer.batch import Applied, Applier
from common.db import Database
from common.event import DomainEvent, Envelope
from common.service import Service
from smartfactory.stack.provision import DatabaseUrls
from tests.support.documented import documented
from tests.support.patience import patiently
from tests.support.tokens import Issuer

NOW = datetime(2024, 5, 20, 1, 0, tzinfo=UTC)


@dataclass
class Listener:
    """One such service: tell it events, ask its API."""

    service: Service
    database: Database
    http: httpx2.AsyncClient
    issuer: Issuer
    clock: FixedClock
    _sequences: dict[tuple[str, UUID], int] = field(default_factory=lambda: defaultdict(int))
    app: FastAPI | None = None

    async def tell(self, *told: DomainEvent, at: datetime = NOW) -> Applied:
        """Have the consumer apply these events, which happened then, as one fetched batch."""
        records = [self.record(one, at=at) for one in told]
        return await self.apply(records)

    async def apply(self, records: Sequence[events.WireRecord]) -> Applied:
        """Have the consumer apply these records, once more perhaps."""
        applier = Applier(self.database, FixedClock(NOW), self.service.handlers, service=self.service.name)
        return await applier.apply(records)

    async def get(self, path: str, *, role: str | None = None, tenant: str = "52") -> httpx2.Response:
        headers = self.issuer.headers(role=role, tenant=tenant) if role else {}
        return await self.http.get(path, headers=headers)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        role: str,
        tenant: str = "52",
        subject: str | None = None,
        version: int | None = None,
    ) -> httpx2.Response:
        """Ask for something to be done, as somebody whose name follows from the role unless it is given."""
        headers = self.issuer.headers(role=role, tenant=tenant, subject=subject or f"somebody-{role}")
        headers |= {"Idempotency-Key": f"listening-{events.new_id()}"}
        headers |= {} if version is None else {"If-Match": f'"{version}"'}
        return await patiently(lambda: self.http.post(path, json=body, headers=headers))

    def record(self, told: DomainEvent, *, at: datetime = NOW) -> events.WireRecord:
        """What comes next of this key on the wire."""
        self._sequences[told.TOPIC, told.key] += 1
        envelope = Envelope(
            event_id=events.new_id(),
            type=told.TYPE,
            topic=told.TOPIC,
            key=told.key,
            sequence=self._sequences[told.TOPIC, told.key],
            occurred_at=at,
            recorded_at=at,
            correlation_id="test",
        )
        return events.encode(envelope, events.encode_data(told))


@asynccontextmanager
async def listener(service: Service, urls: Mapping[str, DatabaseUrls], **settings: Any) -> AsyncIterator[Listener]:
    """The service over its own migrated database."""
    issuer = Issuer()
    address = urls[service.name].application
    database = Database(address, application_name="tests", acting=THE_SERVICE)
    callers = Database(address, application_name="tests")
    config = service.settings(app_env="test", database_url=address, **settings)  # type: ignore[arg-type]
    clock = FixedClock(NOW)
    app = build_app(service, config, clock=clock, database=callers, verifier=issuer.verifier())
    async with (
        LifespanManager(app),
        httpx2.AsyncClient(
            event_hooks=documented(app), transport=httpx2.ASGITransport(app), base_url="http://service.test"
        ) as http,
    ):
        yield Listener(service, database, http, issuer, clock, app=app)
    await database.dispose()
    await callers.dispose()
