"""A closed call whose cases are eligible, on a real PostgreSQL: people judge over HTTP, funding answers by its events.

Companies, the call and the cases are put into place by the features' own stores; what happens to them from there goes
through the service's doors.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from applicant.applications.domain.case import ApplicationStatus
from applicant.calls import store as call_store
from applicant.consumers import HANDLERS
from applicant.evaluations import store as evaluations
from applicant.evaluations.domain import Marks, ScoreSheet
from applicant.main import SERVICE
from applicant.settings import Settings
from common import event as events
from common.acting import THE_SERVICE
from common.api import build_app
from common.clock import FixedClock
from common.consumer.batch import Applier
from common.db import Database
from common.event import DomainEvent
from contracts.funding import CommitmentRefused, CommitmentReleased, LineBalance, ProjectCommitted
from contracts.roles import Role
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_committed
from tests.support.closed_call import CLOSES, JEONJU, NOW, WANJU, add_case, closed_call
from tests.support.documented import documented
from tests.support.patience import patiently
from tests.support.records import wire
from tests.support.tokens import Issuer

__all__ = ["CLOSES", "JEONJU", "NOW", "WANJU", "Judging", "Person", "Standing", "at_once", "member", "owner_of"]


@dataclass(frozen=True)
class Person:
    """Somebody with one role; the subject is who they are, whatever the role."""

    role: str
    subject: str
    tenant: str = "jtp"


OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "operator")
APPROVER = Person(Role.PROVINCE_APPROVER, "approver", "52")
AUDITOR = Person(Role.AUDITOR, "auditor", "52")


def member(number: int) -> Person:
    return Person(Role.PANEL_MEMBER, f"member-{number}")


def owner_of(case: "Standing") -> Person:
    return Person(Role.COMPANY_OWNER, f"owner-{case.company_id}", str(case.company_id))


@dataclass(frozen=True)
class Standing:
    """An eligible case."""

    id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str


@dataclass
class Judging:
    """The service as its callers see it, and its database as an examiner does."""

    urls: DatabaseUrls
    database: Database
    owner: Database
    clock: FixedClock
    http: httpx.AsyncClient
    issuer: Issuer
    settings: Settings
    call_id: UUID = field(default_factory=events.new_id)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _sequences: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    _versions: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    async def get(self, path: str, by: Person, **query: Any) -> httpx.Response:
        return await self.http.get(path, params=query, headers=self._headers(by))

    async def post(self, path: str, body: object = None, *, by: Person, version: int | None = None) -> httpx.Response:
        headers = self._headers(by) | {"Idempotency-Key": f"judging-test-key-{next(self._numbers)}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await patiently(lambda: self.http.post(path, json=body, headers=headers))

    async def open_call(
        self,
        seats: Mapping[tuple[str, str], int],
        *,
        province_won: int = 10_000_000_000,
        municipality_won: Mapping[str, int] | None = None,
        size_min: int = 3,
    ) -> None:
        """A published, closed call of 2024's Track B with these seats, caps of 40M (JS1) and 80M (JS2)."""
        call = closed_call(
            self.call_id, seats, province_won=province_won, municipality_won=municipality_won or {}, size_min=size_min
        )
        async with self.database.transaction() as tx:
            await call_store.add_call(tx, call)

    async def eligible(
        self,
        type_code: str = "JS1",
        municipality_code: str = JEONJU,
        *,
        cost_won: int = 40_000_000,
        first_timer: bool = True,
        status: ApplicationStatus = ApplicationStatus.ELIGIBLE,
    ) -> Standing:
        """A case that passed screening, of a company of its own."""
        (case,) = await self.eligible_many([(type_code, municipality_code, cost_won, first_timer)], status=status)
        return case

    async def eligible_many(
        self,
        wanted: Sequence[tuple[str, str, int, bool]],
        *,
        status: ApplicationStatus = ApplicationStatus.ELIGIBLE,
    ) -> list[Standing]:
        found = []
        async with self.database.transaction() as tx:
            for type_code, municipality_code, cost_won, first_timer in wanted:
                application = await add_case(
                    tx, self.call_id, type_code, municipality_code, cost_won, first_timer=first_timer, status=status
                )
                found.append(Standing(application.id, application.company_id, type_code, municipality_code))
        return found

    async def panel(self, size: int = 3, type_code: str | None = None) -> dict[str, Any]:
        """A panel of `member(1)` to `member(size)`, by the operator."""
        members = [{"subject": member(n).subject, "name": f"평가위원 {n}"} for n in range(1, size + 1)]
        body = {"name": "평가위원회", "type_code": type_code, "members": members}
        formed = await self.post(f"/v1/calls/{self.call_id}/panels", body, by=OPERATOR)
        assert formed.status_code == 201, formed.text
        return dict(formed.json())

    async def score(self, case: Standing, by: Person, total: int, **changes: object) -> httpx.Response:
        body = {"technical_score": total - 1000, "site_score": 1000} | changes
        return await self.post(f"/v1/applications/{case.id}/scores", body, by=by)

    async def scored(self, scores: Mapping[Standing, int] | Sequence[tuple[Standing, int]], size: int = 3) -> None:
        """A panel whose members all give each case its score."""
        await self.panel(size)
        for case, total in scores.items() if isinstance(scores, Mapping) else scores:
            for number in range(1, size + 1):
                locked = await self.score(case, member(number), total)
                assert locked.status_code == 201, locked.text

    async def lock_sheets(self, sheets: Sequence[tuple[Standing, int, int]]) -> None:
        """The sheets of many (case, member, score) at once, put into place without the five hundred requests."""
        async with self.database.transaction() as tx:
            seats = {
                (case.id, number): await evaluations.get_assignment(tx, case.id, member(number).subject)
                for case, number, _ in sheets
            }
            for case, number, total in sheets:
                seat = seats[case.id, number]
                assert seat is not None
                marks = Marks(total - 1000, 1000)
                await evaluations.add_sheet(
                    tx, ScoreSheet(events.new_id(), case.id, seat.member_id, 1, marks, None, NOW)
                )

    async def propose(self, by: Person = OPERATOR) -> httpx.Response:
        return await self.post(f"/v1/calls/{self.call_id}/rankings", by=by)

    async def decide(self, ranking: int = 1, by: Person = APPROVER, version: int = 1) -> httpx.Response:
        return await self.post(f"/v1/calls/{self.call_id}/selections", {"ranking": ranking}, by=by, version=version)

    async def decided(self) -> dict[UUID, dict[str, Any]]:
        """Propose and decide; the outcome of each case."""
        proposed = await self.propose()
        assert proposed.status_code == 201, proposed.text
        decided = await self.decide(proposed.json()["number"])
        assert decided.status_code == 201, decided.text
        return await self.outcomes()

    async def outcomes(self, by: Person = APPROVER) -> dict[UUID, dict[str, Any]]:
        """What GET selections says of each case, over all its pages."""
        found, cursor = {}, None
        while True:
            query = {"page_size": 100} | ({"cursor": cursor} if cursor else {})
            page = (await self.get(f"/v1/calls/{self.call_id}/selections", by, **query)).json()
            found |= {UUID(item["application_id"]): item for item in page["items"]}
            cursor = page["next"]
            if cursor is None:
                return found

    async def project(self, case: Standing) -> dict[str, Any]:
        """The project of a case, as the province sees it."""
        project_id = (await self.outcomes())[case.id]["project_id"]
        return dict((await self.get(f"/v1/projects/{project_id}", APPROVER)).json())

    def balance(self, municipality_code: str | None, left_won: int, *, version: int | None = None) -> LineBalance:
        """A line's balance as funding tells it; each is newer than the one before unless told otherwise."""
        line_id = UUID(int=int(municipality_code or "52"))
        self._versions[line_id] += 1
        return LineBalance(
            budget_line_id=line_id,
            source="PROVINCE" if municipality_code is None else "MUNICIPALITY",
            municipality_code=municipality_code,
            fiscal_year=2024,
            track="B",
            left_won=left_won,
            line_version=self._versions[line_id] if version is None else version,
        )

    def committed(self, project: Mapping[str, Any], *balances: LineBalance) -> ProjectCommitted:
        return project_committed(
            project_id=UUID(project["id"]),
            call_id=self.call_id,
            municipality_code=project["municipality_code"],
            total_cost_won=project["total_cost_won"],
            balances=list(balances),
        )

    def refused(self, project: Mapping[str, Any], *balances: LineBalance) -> CommitmentRefused:
        return CommitmentRefused(
            project_id=UUID(project["id"]),
            call_id=self.call_id,
            municipality_code=project["municipality_code"],
            rule="F-05",
            short_source="MUNICIPALITY",
            needed_won=2,
            left_won=1,
            balances=list(balances),
        )

    def released(self, project: Mapping[str, Any], *balances: LineBalance) -> CommitmentReleased:
        return CommitmentReleased(
            project_id=UUID(project["id"]),
            commitment_id=events.new_id(),
            call_id=self.call_id,
            municipality_code=project["municipality_code"],
            balances=list(balances),
        )

    async def deliver(self, *told: DomainEvent) -> None:
        """Have the consumer apply these events as one fetched batch."""
        await self.apply([self.record(one) for one in told])

    async def apply(self, records: Sequence[events.WireRecord]) -> None:
        await Applier(self.database, self.clock, HANDLERS, service="applicant").apply(records)

    def record(self, told: DomainEvent) -> events.WireRecord:
        """The event's next record of its key, as it comes from Kafka."""
        self._sequences[told.key] += 1
        return wire(told, self._sequences[told.key], at=NOW)

    async def rows(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """What an examiner's SQL finds."""
        async with self.owner.transaction(read_only=True) as tx:
            return [dict(row) for row in (await tx.execute(text(sql), parameters)).mappings()]

    async def value(self, sql: str, **parameters: object) -> Any:
        (row,) = await self.rows(sql, **parameters)
        (found,) = row.values()
        return found

    async def told(self, happened: str) -> list[dict[str, Any]]:
        """The data of the events of one kind recorded so far."""
        return [
            row["data"]
            for row in await self.rows(
                "SELECT convert_from(payload, 'UTF8')::jsonb AS data FROM outbox WHERE type LIKE :kind ORDER BY id",
                kind=f"%.{happened}.v1",
            )
        ]

    async def journal(self, chain: str) -> list[dict[str, Any]]:
        return await self.rows(
            "SELECT decision, actor, rule_version, evidence, facts FROM journal_entry WHERE chain = :chain"
            " ORDER BY position",
            chain=chain,
        )

    def _headers(self, by: Person) -> dict[str, str]:
        return self.issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)


async def at_once(*work: Any) -> list[Any]:
    """Run all of it together; what raised is among the results."""
    return list(await asyncio.gather(*work, return_exceptions=True))


@asynccontextmanager
async def running_judging(urls: DatabaseUrls) -> AsyncIterator[Judging]:
    """The service over these migrated databases, as an application in this process."""
    clock, issuer, folder = FixedClock(NOW), Issuer(), TemporaryDirectory()
    database = Database(
        urls.application, acting=THE_SERVICE, application_name="applicant-test", pool_size=45, pool_timeout_seconds=30
    )
    callers = Database(urls.application, application_name="applicant-test", pool_size=45, pool_timeout_seconds=30)
    owner = Database(urls.owner, application_name="examiner", pool_size=5)
    settings = Settings(app_env="test", database_url=urls.application, documents_folder=folder.name)  # type: ignore[arg-type]
    app = build_app(SERVICE, settings, clock=clock, database=callers, verifier=issuer.verifier())
    async with (
        LifespanManager(app),
        httpx.AsyncClient(
            event_hooks=documented(app), transport=httpx.ASGITransport(app), base_url="http://applicant.test"
        ) as http,
    ):
        yield Judging(urls, database, owner, clock, http, issuer, settings)
    folder.cleanup()
    await database.dispose()
    await callers.dispose()
    await owner.dispose()
