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
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from applicant.applications.domain.case import Application, ApplicationStatus, Consents, Eligibility, Plan
from applicant.applications.store import cases
from applicant.calls import domain as calls
from applicant.calls import store as call_store
from applicant.companies import store as companies
from applicant.companies.domain import Company, CompanyFacts, SizeClass, Worksite, WorksiteFacts
from applicant.consumers import HANDLERS
from applicant.evaluations import store as evaluations
from applicant.evaluations.domain import Marks, ScoreSheet
from applicant.main import SERVICE
from applicant.settings import Settings
from common import event as events
from common.clock import FixedClock
from common.consumer.batch import Applier
from common.db import Database
from common.event import DomainEvent, Envelope
from common.service import build_app
from contracts.funding import CommitmentRefused, CommitmentReleased, LineBalance, ProjectCommitted
from contracts.roles import Role
from contracts.types import BasisPoints, BusinessNumber, MunicipalityCode, Source, Won, business_number_check_digit
from smartfactory.stack.provision import DatabaseUrls
from tests.support.tokens import Issuer

CLOSES = datetime(2024, 4, 3, 8, tzinfo=UTC)
NOW = datetime(2024, 5, 2, 1, tzinfo=UTC)
JEONJU, WANJU = "52110", "52710"


@dataclass(frozen=True)
class Person:
    """Somebody with one role; the subject is who they are, whatever the role."""

    role: str
    subject: str
    tenant: str | None = None


OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "operator")
APPROVER = Person(Role.PROVINCE_APPROVER, "approver", "52")
AUDITOR = Person(Role.AUDITOR, "auditor")


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
        return await self.http.post(path, json=body, headers=headers)

    async def open_call(
        self,
        seats: Mapping[tuple[str, str], int],
        *,
        province_won: int = 10_000_000_000,
        municipality_won: Mapping[str, int] | None = None,
        size_min: int = 3,
    ) -> None:
        """A published, closed call of 2024's Track B with these seats, caps of 40M (JS1) and 80M (JS2)."""
        planned = [calls.PlannedBudgetLine(Source.PROVINCE, None, Won(province_won))]
        for code in sorted({code for _, code in seats}):
            won = (municipality_won or {}).get(code, 10_000_000_000)
            planned.append(calls.PlannedBudgetLine(Source.MUNICIPALITY, MunicipalityCode(code), Won(won)))
        terms = calls.CallTerms(
            track=calls.Track.B,
            title_ko="모집공고",
            title_en="Call",
            fiscal_year=2024,
            opens_at=CLOSES - timedelta(days=14),
            closes_at=CLOSES,
            split_rule_version="b-2024",
            types=(calls.ProjectType("JS1", Won(40_000_000)), calls.ProjectType("JS2", Won(80_000_000))),
            rates=(
                calls.Rate(Source.PROVINCE, BasisPoints(5508), capped=True),
                calls.Rate(Source.MUNICIPALITY, BasisPoints(3213), capped=True),
            ),
            seat_lines=tuple(calls.SeatLine(t, MunicipalityCode(m), n) for (t, m), n in seats.items()),
            planned_budget_lines=tuple(planned),
            panel_rule=calls.PanelRule(size_min, 5, 6000, 1200, tuple(calls.TieBreak)),
            screening_rule_version="2024-1",
            supplement_days=7,
        )
        publication = calls.Publication(CLOSES - timedelta(days=20), "approver", date(2024, 3, 5), "2024-1")
        call = calls.Call(self.call_id, terms, calls.CallState.PUBLISHED, ("drafter",), publication, version=2)
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
                application = await self._application(tx, type_code, municipality_code, cost_won, first_timer, status)
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
        return ProjectCommitted(
            project_id=UUID(project["id"]),
            commitment_id=events.new_id(),
            call_id=self.call_id,
            municipality_code=project["municipality_code"],
            fiscal_year=2024,
            track="B",
            total_cost_won=project["total_cost_won"],
            shares=[],
            nominal_burden_bp=1279,
            effective_burden_bp=1279,
            split_rule_version="b-2024",
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
        envelope = Envelope(
            event_id=events.new_id(),
            type=told.TYPE,
            topic=told.TOPIC,
            key=told.key,
            sequence=self._sequences[told.key],
            occurred_at=NOW,
            recorded_at=NOW,
            correlation_id="test",
        )
        return events.encode(envelope, events.encode_data(told))

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

    async def _application(
        self,
        tx: Any,
        type_code: str,
        municipality_code: str,
        cost_won: int,
        first_timer: bool,
        status: ApplicationStatus,
    ) -> Application:
        number = next(self._numbers)
        stem = f"{100_000_000 + number}"
        facts = CompanyFacts(
            business_number=BusinessNumber(f"{stem}{business_number_check_digit(stem)}"),
            corporate_number=None,
            name=f"가상기업 {number}",
            representative_name="가상인",
            size_class=SizeClass.SMALL,
            ksic_code="29000",
            ksic_revision="11",
            annual_sales_won=Won(1_000_000_000),
            employees=10,
            supported_before=not first_timer,
            head_office_address="전북특별자치도",
        )
        company = Company(events.new_id(), facts, version=1)
        await companies.add_company(tx, company)
        site = WorksiteFacts(
            "공장", municipality_code, NOW.date(), MunicipalityCode(municipality_code), "주소", None, 100, False
        )
        worksite = Worksite(events.new_id(), company.id, site, version=1)
        await companies.add_worksite(tx, worksite)
        plan = Plan(
            Won(cost_won), "과제", "요약", "0" * 64, facts.business_number, Won(cost_won), False, Consents(*[True] * 4)
        )
        application = Application(
            id=events.new_id(),
            company_id=company.id,
            call_id=self.call_id,
            fiscal_year=2024,
            type_code=type_code,
            worksite_id=worksite.id,
            municipality_code=MunicipalityCode(municipality_code),
            plan=plan,
            status=status,
            created_at=CLOSES - timedelta(days=2),
            version=1,
            submitted_at=CLOSES - timedelta(days=1) + timedelta(seconds=number),
            first_timer=first_timer,
            eligibility=Eligibility("2024-1", (), CLOSES, None) if status is ApplicationStatus.ELIGIBLE else None,
        )
        await cases.add_application(tx, application)
        return application

    def _headers(self, by: Person) -> dict[str, str]:
        return self.issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)


async def at_once(*work: Any) -> list[Any]:
    """Run all of it together; what raised is among the results."""
    return list(await asyncio.gather(*work, return_exceptions=True))


@asynccontextmanager
async def running_judging(urls: DatabaseUrls) -> AsyncIterator[Judging]:
    """The service over these migrated databases, as an application in this process."""
    clock, issuer = FixedClock(NOW), Issuer()
    database = Database(urls.application, application_name="applicant-test", pool_size=45, pool_timeout_seconds=30)
    owner = Database(urls.owner, application_name="examiner", pool_size=5)
    settings = Settings(app_env="test", database_url=urls.application)  # type: ignore[arg-type]
    app = build_app(SERVICE, settings, clock=clock, database=database, verifier=issuer.verifier())
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://applicant.test") as http,
    ):
        yield Judging(urls, database, owner, clock, http, issuer)
    await database.dispose()
    await owner.dispose()
