"""A whole installation as `smartfactory run --no-season` starts it, and the people of a programme year in front of it."""

import asyncio
import hashlib
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import httpx2

from contracts.roles import Role
from smartfactory.clock import ClockFile
from smartfactory.issuer.app import ADMIN_HEADER
from smartfactory.season.options import OutsideFirm
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.ports import free_port
from tests.support.applicant import Person, company_body, plan_body, worksite_body
from tests.support.connections import kept
from tests.support.patience import patiently
from tests.support.servers import Servers
from tests.support.waiting import eventually

START_SECONDS, HEARD_SECONDS = 300.0, 90.0
_TOKEN_SECONDS = 240.0
"""Less than half of what the issuer gives: the year may take longer than that."""
OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "jtp", "operator")
OFFICER = Person(Role.PROVINCE_OFFICER, "52", "officer")
APPROVER = Person(Role.PROVINCE_APPROVER, "52", "approver")
SECOND_APPROVER = Person(Role.PROVINCE_APPROVER, "52", "approver-2")
TREASURER = Person(Role.PROVINCE_TREASURER, "52", "treasurer")
AUDITOR = Person(Role.AUDITOR, "52", "auditor")
JUDGE = Person(Role.PANEL_MEMBER, "jtp", "judge")
ACCOUNT = "전북은행 가상계좌 1"

Json = Any


def clerk(code: str) -> Person:
    return Person(Role.MUNICIPALITY_OFFICER, code, f"officer-{code}")


def head(code: str) -> Person:
    return Person(Role.MUNICIPALITY_APPROVER, code, f"approver-{code}")


def sha256(what: str) -> str:
    return hashlib.sha256(what.encode()).hexdigest()


@dataclass
class Case:
    """One application: whose, and the version that was read last."""

    id: str
    owner: Person
    version: int


class Programme:
    """The installation at its one origin; every request is a person's, with a token of the local issuer."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._data = DataDirectory(folder / "data")
        self._port = free_port()
        at = ("--data-dir", str(folder / "data"), "--port", str(self._port))
        argv = (sys.executable, "-m", "smartfactory", "run", "--no-season", *at)
        self._process = servers.process("smartfactory", argv)
        self._keys = itertools.count(1)
        self._http = httpx2.AsyncClient(base_url=self.origin, timeout=30.0, limits=kept())
        self._tokens: dict[Person, tuple[str, float]] = {}

    def start(self) -> None:
        self._process.start()
        self._process.wait_for_log("ready at", START_SECONDS)

    def stop(self) -> None:
        self._process.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def data(self) -> Path:
        return self._data.root

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self._ports['kafka']}"

    def move_clock(self, instant: datetime) -> None:
        ClockFile(self._data.clock_file)(instant)

    async def tell_registers(self, *firms: OutsideFirm) -> None:
        told = await self._http.put(f"{self._outside}/registers/admin/firms", json=[asdict(firm) for firm in firms])
        assert told.is_success, told.text

    async def ask(
        self, by: Person, path: str, body: object = None, *, version: int | None = None, key: str | None = None
    ) -> httpx2.Response:
        """One request that changes something, whatever comes of it; "not now" is asked again under the same key."""
        headers = await self._headers(by) | {"Idempotency-Key": key or f"live-programme-{next(self._keys):06}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await patiently(lambda: self._http.post(path, json=body, headers=headers))

    async def do(self, by: Person, path: str, body: object = None, *, version: int | None = None) -> Json:
        """One request that must be taken; what it made."""
        answer = await self.ask(by, path, body, version=version)
        assert answer.is_success, f"{by.role} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def refused(self, by: Person, path: str, body: object = None, *, version: int | None = None) -> str:
        """One request that a rule must refuse; the rule."""
        answer = await self.ask(by, path, body, version=version)
        assert answer.status_code == 409, f"{by.role} {path}: {answer.status_code} {answer.text}"
        return str(answer.json()["code"])

    async def look(self, by: Person | None, path: str, **query: str | int) -> httpx2.Response:
        return await self._http.get(path, params=query, headers=await self._headers(by) if by else {})

    async def get(self, by: Person | None, path: str, **query: str | int) -> Json:
        answer = await self.look(by, path, **query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def items(self, by: Person, path: str, **query: str | int) -> list[Json]:
        return list((await self.get(by, path, page_size=100, **query))["items"])

    async def once(self, by: Person, path: str, is_so: Callable[[Json], object], **query: str | int) -> Json:
        """What the address answers as soon as it is so: other services hear by Kafka."""

        async def heard() -> Json:
            answer = await self.look(by, path, **query)
            assert answer.status_code == 200, answer.text
            found = answer.json()
            assert is_so(found), found
            return found

        return await eventually(heard, HEARD_SECONDS, what=path)

    async def close(self) -> None:
        await self._http.aclose()

    async def budget(self, amount_won: int, code: str | None = None) -> None:
        """A line of 2024's Track B that two people bring in."""
        by, confirmer = (clerk(code), head(code)) if code else (OFFICER, TREASURER)
        body = {
            "source": "MUNICIPALITY" if code else "PROVINCE", "track": "B", "fiscal_year": 2024,
            "municipality_code": code, "amount_won": amount_won, "legal_regime": "LOCAL_SUBSIDY", "funder": "가상 재원",
        }  # fmt: skip
        line = await self.do(by, "/funding/v1/budget-lines", body)
        await self.do(confirmer, f"/funding/v1/budget-lines/{line['id']}/confirmations", version=line["version"])

    async def rule(self, version: str, **changes: object) -> None:
        shares = [{"source": "PROVINCE", "rate_bp": 5508}, {"source": "MUNICIPALITY", "rate_bp": 3213}]
        body = {
            "version": version, "title": "가상 분담 규칙", "shares": shares,
            "capped_sources": ["PROVINCE", "MUNICIPALITY"], "valid_from": "2024-01-01", "source_note": "assumed",
        }  # fmt: skip
        await self.do(OFFICER, "/funding/v1/split-rules", body | changes)
        await self.do(APPROVER, f"/funding/v1/split-rules/{version}/confirmations")

    async def firm(self, name: str, **changes: object) -> Person:
        """A registered company's owner."""
        owner = Person(Role.COMPANY_OWNER, _uuid(name), f"owner-{name}")
        await self.do(owner, "/applicant/v1/companies", company_body(name=f"가상기업 {name}") | changes)
        return owner

    async def draft(
        self, owner: Person, call_id: str, code: str, *, cost_won: int = 60_000_000, **site: object
    ) -> Case:
        path = f"/applicant/v1/companies/{owner.tenant}/worksites"
        made = await self.do(owner, path, worksite_body(municipality_code=code) | site)
        return await self.draft_for(owner, call_id, made["id"], cost_won=cost_won)

    async def draft_for(self, owner: Person, call_id: str, worksite_id: str, *, cost_won: int = 60_000_000) -> Case:
        plan = plan_body(call_id=call_id, type_code="JS2", worksite_id=worksite_id, total_cost_won=cost_won)
        drafted = await self.do(owner, "/applicant/v1/applications", plan | {"self_pay_capacity_won": cost_won})
        return Case(drafted["id"], owner, drafted["version"])

    async def submit(self, case: Case) -> Case:
        path = f"/applicant/v1/applications/{case.id}/submissions"
        case.version = (await self.do(case.owner, path, version=case.version))["version"]
        return case

    async def screen(self, case: Case) -> Json:
        """Begin, and what the registers' answers come to."""
        path = f"/applicant/v1/applications/{case.id}"
        await self.do(OPERATOR, f"{path}/screenings", version=case.version)
        return await self.once(OPERATOR, f"{path}/screening", lambda found: found["state"] != "CHECKING")

    async def find_eligible(self, case: Case) -> None:
        found = await self.screen(case)
        path = f"/applicant/v1/applications/{case.id}/eligibility-decisions"
        await self.do(OPERATOR, path, {"confirmed": "ELIGIBLE"}, version=found["version"])

    async def agreed(self, project: Json, owner: Person) -> None:
        """Issued and signed by the three parties."""
        path = f"/applicant/v1/agreements/{project['id']}"
        found = await self.once(OPERATOR, path, lambda agreement: agreement["state"] == "DRAFT")
        found = await self.do(OPERATOR, f"{path}/issues", version=found["version"])
        terms = {"plan_sha256": sha256(project["id"]), "supplier_contract_won": project["total_cost_won"]}
        for by in (owner, Person(Role.SUPPLIER, found["supplier_business_number"], "supplier"), OPERATOR):
            if by is OPERATOR:
                await self.once(by, f"{path}/standing-checks", lambda asked: asked["items"][0]["state"] == "ANSWERED")
            found = await self.do(by, f"{path}/signatures", terms, version=found["version"])

    async def cover(self, project: Json, source: str, by: Person) -> None:
        path = f"/funding/v1/coverages/{project['id']}/lines/{source}/confirmations"
        body = {"reference": ACCOUNT, "evidence_sha256": sha256(source)}
        await self.do(by, path, body, version=1)

    async def prove(self, project: Json, owner: Person, *, payer: str, number: int) -> Json:
        """The firm says that it paid its share, and the operator who really did."""
        path = f"/funding/v1/coverages/{project['id']}"
        due = (await self.get(OPERATOR, f"{path}/self-pay"))["self_pay_won"]
        body = {
            "amount_won": due, "paid_on": "2024-05-20", "from_account": ACCOUNT,
            "bank_reference": f"JB-{project['id']}-{number}", "evidence_sha256": sha256(f"deposit {number}"),
        }  # fmt: skip
        payment = await self.do(owner, f"{path}/self-payments", body)
        path = f"/funding/v1/self-payments/{payment['id']}/verifications"
        return await self.do(OPERATOR, path, {"payer": payer}, version=1)

    @property
    def _ports(self) -> Mapping[str, int]:
        return cast("Mapping[str, int]", self._data.recall("ports"))

    @property
    def _outside(self) -> str:
        return f"http://127.0.0.1:{self._ports['outside']}"

    async def _headers(self, by: Person) -> dict[str, str]:
        token, until = self._tokens.get(by, ("", 0.0))
        if time.monotonic() > until:
            wanted = {"subject": by.subject, "role": by.role, "tenant": by.tenant}
            address, secret = f"{self._outside}/issuer/local/tokens", self._data.local_secret()
            until = time.monotonic() + _TOKEN_SECONDS
            answer = await self._http.post(address, json=wanted, headers={ADMIN_HEADER: secret})
            token = answer.json()["access_token"]
            self._tokens[by] = token, until
        return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}


async def at_once(*asked: Awaitable[httpx2.Response]) -> list[httpx2.Response]:
    return list(await asyncio.gather(*asked))


def codes(answers: list[httpx2.Response]) -> list[tuple[int, str]]:
    """Status and rule of each, in a fixed order."""
    return sorted((answer.status_code, answer.json().get("code") or "") for answer in answers)


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"live-programme/{name}"))
