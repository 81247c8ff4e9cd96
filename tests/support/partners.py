"""What partners are told, from the events that bring it about to the feed, and a reader of its stream."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from common.clock import FixedClock
from common.event import DomainEvent, new_id
from contracts.applicant import AgreementEffective, InterimInspectionPassed, ProjectSelected, ProjectTerminated
from contracts.mentoring import (
    ImprovementItemClosed,
    MentorTrainingCompleted,
    ResidencyAssigned,
    ResidencyEnded,
    ResidencyStarted,
)
from contracts.roles import Role
from metrics.main import SERVICE
from metrics.partners.jobs import place_partner_events
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import agreement_effective, project_selected
from tests.support.listening import NOW, Listener, listener

FEED = "/v1/partner-events"
SAMSUNG = {"role": Role.SAMSUNG_CLIENT, "tenant": "samsung"}
MANY = """
    WITH told AS (
        INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id)
        SELECT gen_random_uuid(), 'kr.jeonbuk.smartfactory.partner.project.selected.v1', 'partner.project.v1',
            gen_random_uuid(), 1, '{}', now(), 'planted'
        FROM generate_series(1, :count) RETURNING event_id, type, topic, key
    )
    INSERT INTO partner_event (event_id, caused_by, type, topic, key, data, occurred_at)
    SELECT event_id, gen_random_uuid(), type, topic, key, '{"planted": true}', now() FROM told
"""
"""So many events that partners were told, without a place yet."""


def residency(project_id: UUID | None = None) -> list[DomainEvent]:
    """One team's time at a firm, as the mentoring service tells it."""
    known: dict[str, Any] = {
        "residency_id": new_id(), "rotation_id": new_id(), "project_id": project_id or new_id(), "team_id": new_id(),
        "plan_id": new_id(),
    }  # fmt: skip
    return [
        ResidencyAssigned(**known, municipality_code="52110", first_week=date(2024, 6, 3), weeks=8, answer_due_at=NOW),
        ResidencyStarted(**known, started_on=date(2024, 6, 3)),
        ImprovementItemClosed(**known, item_id=new_id(), kpi="DEFECTS", closed_on=date(2024, 7, 12)),
        ResidencyEnded(**known, ended_on=date(2024, 7, 26)),
    ]


def project() -> list[DomainEvent]:
    """One project from its place to its end, as the applicant service tells it, as far as partners are told."""
    selected = project_selected()
    about = _of_project(selected)
    return [
        selected,
        agreement_effective(selected),
        InterimInspectionPassed(**about, inspection_id=new_id()),
        ProjectTerminated(**about, termination_id=new_id(), cause="FIRM_CLOSED", fault_party="COMPANY"),
    ]


def trained() -> MentorTrainingCompleted:
    """A mentor who may be assigned from now on."""
    return MentorTrainingCompleted(mentor_id=new_id(), cohort_id=new_id(), completed_on=date(2024, 3, 29))


def _of_project(selected: ProjectSelected) -> dict[str, Any]:
    return {name: getattr(selected, name) for name in AgreementEffective.__struct_fields__}


@dataclass
class Partners:
    """Metrics with its API, its consumer and the job that gives places in the feed."""

    metrics: Listener

    async def tell(self, *events: DomainEvent) -> None:
        """Have these heard, and told to partners with a place in the feed."""
        await self.metrics.tell(*events)
        await self.place()

    async def place(self) -> None:
        while await place_partner_events(self.metrics.database, FixedClock(NOW)):
            pass

    async def read(self, after: int = 0, *, headers: Mapping[str, str] | None = None, **query: Any) -> Any:
        known = {**self.headers(), **(headers or {})}
        return await self.metrics.http.get(FEED, params={"after": after, **query}, headers=known)

    def headers(self, subject: str = "samsung", **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.metrics.issuer.token(**SAMSUNG, subject=subject, **claims)}"}

    def stream(self, headers: Mapping[str, str] | None = None, query: str = "", method: str = "GET") -> "Stream":
        assert self.metrics.app is not None
        known = {"Accept": "text/event-stream", **self.headers(), **(headers or {})}
        return Stream(self.metrics.app, method, query, known)

    async def rows(self, statement: str, **values: object) -> Sequence[Any]:
        async with self.metrics.database.transaction(read_only=True) as tx:
            return list((await tx.execute(text(statement), values)).mappings())

    async def run(self, statement: str, **values: object) -> None:
        async with self.metrics.database.transaction() as tx:
            await tx.execute(text(statement), values)


@contextlib.asynccontextmanager
async def partners_over(urls: Mapping[str, DatabaseUrls], **changes: Any) -> AsyncIterator[Partners]:
    """Metrics over its own migrated database, whose streams look often whether anything is new."""
    async with listener(SERVICE, urls, **{"partner_stream_poll_seconds": 0.02, **changes}) as metrics:
        yield Partners(metrics)


@dataclass
class Stream:
    """A reader of the stream, which drives the application as a server would: it takes what it wants to."""

    app: FastAPI
    method: str
    query: str
    headers: Mapping[str, str]
    status: int | None = None
    answered: dict[str, str] = field(default_factory=dict)
    got: str = ""
    complete: bool = False
    taking: asyncio.Event = field(default_factory=asyncio.Event)
    _leaves: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.taking.set()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": self.method, "scheme": "http",
            "path": FEED, "raw_path": FEED.encode(), "query_string": self.query.encode(), "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in self.headers.items()],
            "client": ("127.0.0.1", 1), "server": ("service.test", 80),
        }  # fmt: skip
        self._task = asyncio.create_task(self.app(scope, self._receive, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()
        self.taking.set()
        assert self._task is not None
        await self._task

    def leave(self) -> None:
        self._leaves.set()

    @property
    def over(self) -> bool:
        """Whether the application is done with the request."""
        return self._task is not None and self._task.done()

    @property
    def ids(self) -> list[int]:
        return [int(line.removeprefix("id: ")) for line in self._lines() if line.startswith("id: ")]

    @property
    def data(self) -> list[str]:
        return [line.removeprefix("data: ") for line in self._lines() if line.startswith("data: ")]

    @property
    def beats(self) -> int:
        return sum(line == ":" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from self.got.splitlines()

    async def _receive(self) -> dict[str, Any]:
        if self.status is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.taking.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answered = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.got += message.get("body", b"").decode()
            self.complete = not message.get("more_body", False)
