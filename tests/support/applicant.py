"""Applicant on a real PostgreSQL: people come over HTTP with real tokens, the registers are a server that can misbehave."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from applicant.applications.jobs import Registers, ask_registers
from applicant.main import SERVICE
from applicant.settings import Settings
from common.acting import THE_SERVICE
from common.api import build_app
from common.clock import KST, FixedClock
from common.db import Database
from common.jobs import Job
from contracts.roles import Role
from contracts.types import business_number_check_digit
from smartfactory.stack.provision import DatabaseUrls
from tests.support.documented import documented
from tests.support.patience import patiently
from tests.support.tokens import Issuer
from tests.support.waiting import eventually

OPENS = datetime(2024, 3, 20, 9, 0, tzinfo=KST)
CLOSES = datetime(2024, 4, 3, 17, 0, tzinfo=KST)
DURING = datetime(2024, 4, 1, 10, 0, tzinfo=KST)
GUNSAN, IKSAN = "52130", "52140"


@dataclass(frozen=True)
class Person:
    """Somebody with one role; the subject is who they are, whatever the role."""

    role: str
    tenant: str
    subject: str


OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "jtp", "operator")
APPROVER = Person(Role.PROVINCE_APPROVER, "52", "approver")
OFFICER = Person(Role.PROVINCE_OFFICER, "52", "officer")
AUDITOR = Person(Role.AUDITOR, "52", "auditor")
GUNSAN_OFFICER = Person(Role.MUNICIPALITY_OFFICER, GUNSAN, "gunsan")
IKSAN_OFFICER = Person(Role.MUNICIPALITY_OFFICER, IKSAN, "iksan")

_numbers = itertools.count(100_000_001)


def business_number() -> str:
    """A valid number that no other test has; synthetic, like everybody here."""
    first_nine = str(next(_numbers))
    return f"{first_nine}{business_number_check_digit(first_nine)}"


def an_owner() -> Person:
    """The owner of a new company."""
    company_id = str(uuid4())
    return Person(Role.COMPANY_OWNER, company_id, f"owner-{company_id[:8]}")


def call_body(**changes: object) -> dict[str, Any]:
    """Track B 2024 with seats in Gunsan and Iksan."""
    body: dict[str, Any] = {
        "track": "B", "title_ko": "2024년 전북형 스마트 제조혁신", "title_en": "Track B 2024", "fiscal_year": 2024,
        "opens_at": OPENS.isoformat(), "closes_at": CLOSES.isoformat(), "split_rule_version": "b-2024",
        "types": [
            {"type_code": "JS1", "cap_won": 40_000_000, "max_sales_won": 5_000_000_000, "max_employees": 20,
             "first_time_only": True},
            {"type_code": "JS2", "cap_won": 80_000_000, "min_cost_won": 20_000_000},
        ],
        "rates": [
            {"source": "PROVINCE", "rate_bp": 5508, "capped": True},
            {"source": "MUNICIPALITY", "rate_bp": 3213, "capped": True},
        ],
        "seat_lines": [
            {"type_code": code, "municipality_code": place, "seats": 2} for code in ("JS1", "JS2")
            for place in (GUNSAN, IKSAN)
        ],
        "planned_budget_lines": [
            {"source": "PROVINCE", "amount_won": 1_000_000_000},
            {"source": "MUNICIPALITY", "municipality_code": GUNSAN, "amount_won": 300_000_000},
        ],
        "panel_rule": {"size_min": 3, "trim_from": 5, "pass_mark": 6000},
        "screening_rule_version": "2024-1", "supplement_days": 7,
    }  # fmt: skip
    return body | changes


def company_body(**changes: object) -> dict[str, Any]:
    """A small metal shop in good standing; its names are what must never leave its table."""
    body: dict[str, Any] = {
        "business_number": business_number(), "corporate_number": None, "name": "가상정밀 주식회사",
        "representative_name": "홍가상", "size_class": "SMALL", "ksic_code": "C25924", "ksic_revision": "10",
        "annual_sales_won": 3_000_000_000, "employees": 15, "supported_before": False,
        "head_office_address": "서울특별시 가상구 가상로 1",
    }  # fmt: skip
    return body | changes


def worksite_body(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": "군산공장", "municipality_code": GUNSAN, "address": "전북특별자치도 군산시 가상산단로 2",
        "factory_registration_number": "F-2024-1", "manufacturing_floor_m2": 800, "in_industrial_complex": True,
    }  # fmt: skip
    return body | changes


def plan_body(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "total_cost_won": 60_000_000, "project_title": "가공 라인 자동 집계", "plan_summary": "바코드와 센서로 집계",
        "plan_sha256": "a" * 64, "supplier_business_number": SUPPLIER, "self_pay_capacity_won": 50_000_000,
        "concurrent_project": False,
        "consents": {
            "data_use": True, "credit_information": True, "no_duplicate_aid": True, "no_kickback": True,
        },
    }  # fmt: skip
    return body | changes


SUPPLIER = business_number()


@dataclass
class StandIn:
    """The outside registers as one small HTTP server in this process: good standing unless told otherwise.

    `mode` is "answer", "slow" (until `answer` again), "late" (who waits already goes on waiting, whoever comes new is
    answered), "refuse" (403), "down" (the connection is dropped) or "garbage".
    """

    address: str = ""
    mode: str = "answer"
    answers: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    waiting: int = 0

    def says(self, register: str, number: str, **fields: object) -> None:
        """One register's answer about one firm, from now on."""
        self.answers.setdefault((register, number), {}).update(fields)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := (await reader.readline()).decode():
                while (await reader.readline()).strip():
                    pass
                target = line.split(" ")[1]
                self.asked.append(target)
                if not await self._answer(target, writer):
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, target: str, writer: asyncio.StreamWriter) -> bool:
        status, content = "200 OK", self._content(target)
        if self.mode == "slow":
            self.waiting += 1
            await eventually(lambda: self.mode not in {"slow", "late"}, 300.0, what="the register's patience")
        if self.mode == "down":
            return False
        if self.mode == "refuse":
            status = "403 Forbidden"
        if self.mode == "garbage":
            content = b"<html>maintenance</html>"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        return True

    def _content(self, target: str) -> bytes:
        _, register, *_, number = target.partition("?")[0].split("/")
        known = {
            "tax-office": {"status": "ACTIVE", "national_tax_arrears": False, "local_tax_arrears": False},
            "sme-status": {
                "size_class": "SMALL", "certificate_number": "0010-1", "valid_from": "2023-04-01",
                "valid_to": "2024-12-31", "concurrent_project": False, "supported_before": False,
            },
            "debarment": {"excluded": False, "until": None, "ground": None, "registered_supplier": True},
        }[register]  # fmt: skip
        return json.dumps({"business_number": number} | known | self.answers.get((register, number), {})).encode()


@dataclass
class Applicant:
    """The service as its callers see it, and its database as an examiner does."""

    urls: DatabaseUrls
    database: Database
    owner: Database
    clock: FixedClock
    http: httpx.AsyncClient
    issuer: Issuer
    registers: StandIn
    job: Job
    hurried_job: Job
    """The same, for registers that do not answer: it waits a fifth of a second for them, and not ten."""
    _keys: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def get(self, path: str, by: Person | None = None, **query: object) -> httpx.Response:
        return await self.http.get(path, params=query, headers=self._headers(by))

    async def post(
        self, path: str, body: object = None, *, by: Person, key: str | None = None, version: int | None = None
    ) -> httpx.Response:
        headers = self._headers(by, version) | {"Idempotency-Key": key or f"integration-test-{next(self._keys)}"}
        return await patiently(lambda: self.http.post(path, json=body, headers=headers))

    async def change(self, method: str, path: str, body: object, *, by: Person, version: int) -> httpx.Response:
        return await self.http.request(method, path, json=body, headers=self._headers(by, version))

    async def made(self, path: str, body: object = None, **options: Any) -> dict[str, Any]:
        """What a POST made; it must not be refused."""
        answer = await self.post(path, body, **options)
        assert answer.is_success, answer.text
        return answer.json()

    async def published_call(self, **changes: object) -> str:
        """The id of a call that two people made."""
        self.clock.move_to(OPENS)
        call = await self.made("/v1/calls", call_body(**changes), by=OPERATOR)
        committee = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-7"}
        await self.made(f"/v1/calls/{call['id']}/publications", committee, by=APPROVER, version=call["version"])
        self.clock.move_to(DURING)
        return str(call["id"])

    async def company(self, worksite: Mapping[str, object] | None = None, **changes: object) -> tuple[Person, str]:
        """A registered company with one worksite: its owner and the worksite's id."""
        owner = an_owner()
        await self.made("/v1/companies", company_body(**changes), by=owner)
        made = await self.made(f"/v1/companies/{owner.tenant}/worksites", worksite_body(**(worksite or {})), by=owner)
        return owner, made["id"]

    async def draft(
        self, call_id: str, owner: Person, worksite_id: str, type_code: str = "JS2", **changes: object
    ) -> dict[str, Any]:
        case = {"call_id": call_id, "type_code": type_code, "worksite_id": worksite_id}
        return await self.made("/v1/applications", plan_body(**(case | changes)), by=owner)

    async def submitted(self, call_id: str, owner: Person, worksite_id: str, **changes: Any) -> dict[str, Any]:
        drafted = await self.draft(call_id, owner, worksite_id, **changes)
        return await self.made(f"/v1/applications/{drafted['id']}/submissions", by=owner, version=drafted["version"])

    async def screened(self, application: Mapping[str, Any]) -> dict[str, Any]:
        """The screening once every register has answered."""
        begun = await self.made(
            f"/v1/applications/{application['id']}/screenings", by=OPERATOR, version=application["version"]
        )
        return await self.checked(begun["id"])

    async def checked(self, application_id: str) -> dict[str, Any]:
        async def all_answered() -> dict[str, Any]:
            await self.job(self.database, self.clock)
            view = (await self.get(f"/v1/applications/{application_id}/screening", by=OPERATOR)).json()
            assert view["state"] != "CHECKING", view
            return view

        return await eventually(all_answered)

    async def decided(self, application_id: str, confirmed: str, version: int) -> httpx.Response:
        path = f"/v1/applications/{application_id}/eligibility-decisions"
        return await self.post(path, {"confirmed": confirmed}, by=OPERATOR, version=version)

    async def rows(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """What an examiner's SQL finds."""
        async with self.owner.transaction(read_only=True) as tx:
            return [dict(row) for row in (await tx.execute(text(sql), parameters)).mappings()]

    async def told(self, application_id: str) -> list[str]:
        """The types of the events recorded about an aggregate, in their order."""
        found = await self.rows("SELECT type FROM outbox WHERE key = :key ORDER BY sequence", key=UUID(application_id))
        return [row["type"].removeprefix("kr.jeonbuk.smartfactory.applicant.") for row in found]

    def _headers(self, by: Person | None, version: int | None = None) -> dict[str, str]:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        if by is None:
            return headers
        return headers | self.issuer.headers(role=by.role, tenant=by.tenant, subject=by.subject)


@asynccontextmanager
async def running_applicant(urls: DatabaseUrls) -> AsyncIterator[Applicant]:
    """The service in this process on a migrated database, its worker's job run by hand."""
    issuer, clock, registers = Issuer(), FixedClock(datetime(2024, 3, 1, tzinfo=UTC)), StandIn()
    server = await asyncio.start_server(registers.serve, "127.0.0.1", 0)
    registers.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = Settings(
        app_env="test",
        database_url=urls.application,  # type: ignore[arg-type]
        tax_office_url=f"{registers.address}/tax-office",
        sme_status_url=f"{registers.address}/sme-status",
        debarment_url=f"{registers.address}/debarment",
        register_timeout_seconds=10.0,
        register_first_wait_seconds=0.02,
        register_longest_wait_seconds=0.05,
    )
    hurried = settings.model_copy(update={"register_timeout_seconds": 0.2})
    asked, asked_in_a_hurry = Registers(settings), Registers(hurried)
    database = Database(urls.application, acting=THE_SERVICE, application_name="applicant-test", pool_size=10)
    callers = Database(urls.application, application_name="applicant-test", pool_size=10)
    owner = Database(urls.owner, application_name="examiner", pool_size=5)
    app = build_app(SERVICE, settings, clock=clock, database=callers, verifier=issuer.verifier())
    async with (
        server,
        LifespanManager(app),
        httpx.AsyncClient(
            event_hooks=documented(app), transport=httpx.ASGITransport(app), base_url="http://applicant.test"
        ) as http,
    ):
        job, hurried_job = partial(ask_registers, asked, settings), partial(ask_registers, asked_in_a_hurry, hurried)
        yield Applicant(urls, database, owner, clock, http, issuer, registers, job, hurried_job)
        await asked.aclose()
        await asked_in_a_hurry.aclose()
    await database.dispose()
    await callers.dispose()
    await owner.dispose()
