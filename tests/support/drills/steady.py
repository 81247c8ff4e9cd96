"""The small workload, for high rates: companies draft and submit, towns propose and confirm budget lines, for a while.

Everything is created in an open call, so that no step waits for another's; the rate is offered, not waited for.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from common.clock import KST
from contracts.roles import Role
from contracts.types import MUNICIPALITIES, business_number_check_digit
from tests.support.applicant import call_body, company_body, plan_body, worksite_body
from tests.support.drills.history import Clients, Effect, Person
from tests.support.drills.installation import Installation
from tests.support.drills.pacing import pause
from tests.support.drills.season import confirmed_line

_SEEDED = UUID("3a7c0c6d-72b5-4d6f-9b0b-2f6a3a3c9d55")
_TOWNS = tuple(one.code for one in MUNICIPALITIES)
_OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "jtp", "technopark-operator")
_APPROVER = Person(Role.PROVINCE_APPROVER, "52", "province-approver")


@dataclass
class Steady:
    """People who come at a steady rate, whether or not those before them are served."""

    installation: Installation
    clients: Clients
    year: int
    seed: int
    done: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _call_id: str = ""

    async def open_call(self) -> None:
        """A call that stays open, in a year of its own."""
        opens = datetime(self.year, 3, 20, 9, tzinfo=KST)
        self.installation.move_clock(opens - timedelta(days=10))
        body = call_body(
            fiscal_year=self.year,
            opens_at=opens.isoformat(),
            closes_at=(opens + timedelta(days=14)).isoformat(),
            seat_lines=[{"type_code": "JS2", "municipality_code": town, "seats": 2} for town in _TOWNS],
            planned_budget_lines=[
                {"source": "PROVINCE", "municipality_code": None, "amount_won": 10**9},
                *({"source": "MUNICIPALITY", "municipality_code": town, "amount_won": 10**9} for town in _TOWNS),
            ],
        )
        effect = Effect("applicant", "call-drafted", "call/{id}")
        drafted = await self.clients.post(_OPERATOR, "applicant", "/v1/calls", body, kind="draft-call", effect=effect)
        self._call_id = drafted["id"]
        await self.clients.post(
            _APPROVER,
            "applicant",
            f"/v1/calls/{self._call_id}/publications",
            {"committee_date": f"{self.year}-02-20", "committee_resolution_number": "1"},
            kind="publish-call",
            version=drafted["version"],
            effect=Effect("applicant", "call-published", f"call/{self._call_id}"),
        )
        self.installation.move_clock(opens + timedelta(days=1))

    async def come(self, *, per_second: float, until: Callable[[], bool]) -> None:
        """Start people at this rate until told to stop, and wait until each has a definite answer to everything."""
        began, started = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while not until():
                started += 1
                group.create_task(self.one(next(self._numbers)))
                await pause(max(0.0, began + started / per_second - time.monotonic()))

    async def one(self, number: int) -> None:
        """One person's business: every third proposes and confirms money, the others apply."""
        await (self._budget(number) if number % 3 == 0 else self._apply(number))
        self.done += 1

    async def _budget(self, number: int) -> None:
        town = _TOWNS[number % len(_TOWNS)]
        clerk = Person(Role.MUNICIPALITY_OFFICER, town, f"officer-{town}")
        head = Person(Role.MUNICIPALITY_APPROVER, town, f"approver-{town}")
        track = f"S{self.seed}X{number}"
        await confirmed_line(self.clients, clerk, head, town, track=track, year=self.year, amount_won=1_000_000)

    async def _apply(self, number: int) -> None:
        company = str(uuid5(_SEEDED, f"{self.year}/{self.seed}/{number}"))
        owner = Person(Role.COMPANY_OWNER, company, f"owner-{company}")
        stem = f"0{(self.year * 31 + self.seed) % 1000:03d}{number:05d}"
        own = f"company/{company}"
        about = company_body(business_number=f"{stem}{business_number_check_digit(stem)}", name=f"가상기업 {stem}")
        effect = Effect("applicant", "company-registered", own)
        await self.clients.post(owner, "applicant", "/v1/companies", about, kind="register-company", effect=effect)
        effect = Effect("applicant", "worksite-added", own)
        town = random.Random(number).choice(_TOWNS)
        site = await self.clients.post(
            owner,
            "applicant",
            f"/v1/companies/{company}/worksites",
            worksite_body(municipality_code=town),
            kind="add-worksite",
            effect=effect,
        )
        plan = plan_body(call_id=self._call_id, type_code="JS2", worksite_id=site["id"])
        effect = Effect("applicant", "application-drafted", "application/{id}")
        draft = await self.clients.post(owner, "applicant", "/v1/applications", plan, kind="draft", effect=effect)
        await self.clients.post(
            owner,
            "applicant",
            f"/v1/applications/{draft['id']}/submissions",
            kind="submit",
            version=draft["version"],
            effect=Effect("applicant", "application-submitted", f"application/{draft['id']}"),
        )
