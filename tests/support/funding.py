"""Funding on a real PostgreSQL: people come over HTTP, events as the bytes they are on the wire."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from common import event as events
from common.acting import THE_SERVICE
from common.api import build_app
from common.auth import Principal
from common.clock import FixedClock
from common.consumer import Received
from common.consumer.batch import Applied, Applier
from common.consumer.redrive import Redriven, free, redrive
from common.db import Database, Transaction, is_trouble
from common.event import DomainEvent
from common.inbox import Key
from contracts.roles import Role
from funding.consumers import HANDLERS
from funding.main import SERVICE
from funding.settings import Settings
from smartfactory.clock import ClockFile
from smartfactory.stack.provision import DatabaseUrls
from tests.support.documented import documented
from tests.support.patience import patiently
from tests.support.records import wire
from tests.support.tokens import Issuer

NOW = datetime(2024, 5, 20, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Somebody with one role; the subject is who they are, whatever the role."""

    role: str
    tenant: str
    subject: str


OFFICER = Person(Role.PROVINCE_OFFICER, "52", "officer")
APPROVER = Person(Role.PROVINCE_APPROVER, "52", "approver")
TREASURER = Person(Role.PROVINCE_TREASURER, "52", "treasurer")
AUDITOR = Person(Role.AUDITOR, "52", "auditor")
JEONJU, GUNSAN = "52110", "52130"
TRACK_B = [{"source": "PROVINCE", "rate_bp": 5508}, {"source": "MUNICIPALITY", "rate_bp": 3213}]


def clerk(code: str) -> Person:
    return Person(Role.MUNICIPALITY_OFFICER, code, f"officer-{code}")


def head(code: str) -> Person:
    return Person(Role.MUNICIPALITY_APPROVER, code, f"approver-{code}")


@dataclass
class Funding:
    """The service as its callers see it, and its database as an examiner does."""

    urls: DatabaseUrls
    database: Database
    owner: Database
    clock: FixedClock
    http: httpx2.AsyncClient
    issuer: Issuer
    _keys: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _sequences: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    async def get(self, path: str, by: Person | None = None, **query: object) -> httpx2.Response:
        return await self.http.get(path, params=query, headers=self._headers(by))

    async def post(
        self, path: str, body: object = None, *, by: Person, key: str | None = None, version: int | None = None
    ) -> httpx2.Response:
        headers = self._headers(by) | {"Idempotency-Key": key or f"integration-test-{next(self._keys)}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await patiently(lambda: self.http.post(path, json=body, headers=headers))

    def programme_time(self, folder: Path) -> dict[str, str]:
        """The settings of a worker that is at the same time as this API: on real time, it would end 2024's requests."""
        clock = folder / "programme-time"
        ClockFile(clock)(self.clock.now())
        return {"PROGRAMME_CLOCK_FILE": str(clock)}

    async def propose_line(self, by: Person = OFFICER, **changes: object) -> httpx2.Response:
        body = {
            "source": "PROVINCE", "track": "B", "fiscal_year": 2024, "amount_won": 1_000_000_000,
            "legal_regime": "LOCAL_SUBSIDY", "funder": "전북특별자치도",
        }  # fmt: skip
        return await self.post("/v1/budget-lines", body | changes, by=by)

    async def confirm_line(self, line_id: str, by: Person, version: int = 1, **options: Any) -> httpx2.Response:
        return await self.post(f"/v1/budget-lines/{line_id}/confirmations", by=by, version=version, **options)

    async def confirmed_line(self, amount_won: int, municipality_code: str | None = None, **changes: object) -> str:
        """The id of a line that two people made."""
        by, confirmer, own = OFFICER, TREASURER, {}
        if municipality_code is not None:
            by, confirmer = clerk(municipality_code), head(municipality_code)
            own = {"source": "MUNICIPALITY", "municipality_code": municipality_code}
        proposed = await self.propose_line(by, **({"amount_won": amount_won} | own | changes))
        assert proposed.status_code == 201, proposed.text
        confirmed = await self.confirm_line(proposed.json()["id"], confirmer)
        assert confirmed.status_code == 201, confirmed.text
        line_id: str = confirmed.json()["id"]
        return line_id

    async def propose_rule(self, version: str = "b-2024", by: Person = OFFICER, **changes: object) -> httpx2.Response:
        body = {
            "version": version, "title": "Track B", "shares": TRACK_B, "capped_sources": ["PROVINCE", "MUNICIPALITY"],
            "valid_from": "2024-01-01", "source_note": "assumed",
        }  # fmt: skip
        return await self.post("/v1/split-rules", body | changes, by=by)

    async def confirmed_rule(self, version: str = "b-2024", **changes: object) -> None:
        assert (await self.propose_rule(version, **changes)).status_code == 201
        assert (await self.post(f"/v1/split-rules/{version}/confirmations", by=APPROVER)).status_code == 201

    async def deliver(self, *told: DomainEvent, happened_at: datetime = NOW) -> Applied:
        """Have the consumer apply these events as one fetched batch."""
        return await self.apply([self.record(one, happened_at) for one in told])

    async def apply(self, records: list[events.WireRecord]) -> Applied:
        return await self._applier().apply(records)

    async def arrive(self, *records: events.WireRecord) -> None:
        """Let each of these come by itself, and what waited for it go on, as a worker does."""
        for record in records:
            applied = await self.apply([record])
            await free(self.database, self._applier(), set(applied.freed), service="funding")

    async def redrive(self, told: DomainEvent) -> Redriven:
        """Try all that is parked under this event's key again, as an operator does."""
        key = Key(told.TOPIC, str(told.key))
        return await redrive(self.database, self._applier(), key, by=Principal.service("test"))

    def record(self, told: DomainEvent, happened_at: datetime = NOW) -> events.WireRecord:
        """The event's next record of its key, as it comes from Kafka."""
        self._sequences[told.key] += 1
        return wire(told, self._sequences[told.key], at=happened_at)

    async def decide(self, tx: Transaction, told: DomainEvent) -> None:
        """Run the event's handler in this transaction."""
        received = Received(events.new_id(), told.TYPE, told.TOPIC, told.key, 1, NOW, self.clock.now(), "test")
        await HANDLERS[type(told)](tx, told, received)  # type: ignore[misc]

    async def handle(self, told: DomainEvent, *, tries: int = 50) -> int:
        """Run the handler in a transaction of its own, again on trouble as the consumer does; returns the retries."""
        for tried in range(tries):
            try:
                async with self.database.transaction() as tx:
                    await self.decide(tx, told)
            except Exception as error:
                if not is_trouble(error):
                    raise
                await asyncio.sleep(0)
            else:
                return tried
        raise AssertionError(f"{tries} tries were not enough")

    async def rows(self, sql: str, **parameters: object) -> list[Mapping[str, Any]]:
        """What an examiner's SQL finds."""
        async with self.owner.transaction(read_only=True) as tx:
            return [dict(row) for row in (await tx.execute(text(sql), parameters)).mappings()]

    async def value(self, sql: str, **parameters: object) -> Any:
        (row,) = await self.rows(sql, **parameters)
        (found,) = row.values()
        return found

    async def told(self, type_part: str = "") -> list[dict[str, Any]]:
        """The data of the events recorded so far whose type holds this text."""
        found = await self.rows(
            "SELECT convert_from(payload, 'UTF8')::jsonb AS data FROM outbox WHERE type LIKE :part ORDER BY id",
            part=f"%{type_part}%",
        )
        return [row["data"] for row in found]

    async def money(self) -> dict[str, tuple[int, int, int, int]]:
        """Per line what counter and ledger say: committed, left, and the two account balances."""
        found = await self.rows(
            """
            SELECT l.id::text AS id, l.committed_won, l.amount_won - l.committed_won AS left_won,
                   coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'COMMITTED'), 0)::bigint AS committed,
                   coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'AVAILABLE'), 0)::bigint AS available
              FROM budget_line l LEFT JOIN ledger_account a ON a.budget_line_id = l.id
              LEFT JOIN ledger_entry e ON e.account_id = a.id
             WHERE l.state = 'CONFIRMED' GROUP BY l.id
            """
        )
        return {row["id"]: (row["committed_won"], row["left_won"], row["committed"], row["available"]) for row in found}

    def _applier(self) -> Applier:
        return Applier(self.database, self.clock, HANDLERS, service="funding")

    def _headers(self, by: Person | None) -> dict[str, str]:
        return {} if by is None else self.issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)


@asynccontextmanager
async def running_funding(urls: DatabaseUrls) -> AsyncIterator[Funding]:
    """The service over these migrated databases, as an application in this process."""
    clock, issuer = FixedClock(NOW), Issuer()
    database = Database(
        urls.application, acting=THE_SERVICE, application_name="funding-test", pool_size=40, pool_timeout_seconds=30
    )
    callers = Database(urls.application, application_name="funding-test", pool_size=40, pool_timeout_seconds=30)
    owner = Database(urls.owner, application_name="examiner", pool_size=5)
    settings = Settings(app_env="test", database_url=urls.application)  # type: ignore[arg-type]
    app = build_app(SERVICE, settings, clock=clock, database=callers, verifier=issuer.verifier())
    try:
        async with (
            LifespanManager(app),
            httpx2.AsyncClient(
                event_hooks=documented(app), transport=httpx2.ASGITransport(app), base_url="http://funding.test"
            ) as http,
        ):
            yield Funding(urls, database, owner, clock, http, issuer)
    finally:
        await database.dispose()
        await callers.dispose()
        await owner.dispose()
