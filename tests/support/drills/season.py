"""Workload W: one call played from its budgets to funding's last answer, over HTTP, by many people at once.

Seeded and bounded: the seed gives the companies, costs and scores; a round of another number is another year, with
budgets of its own. Some cases are withdrawn, some projects cannot be funded, and reserves move up.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from common.clock import KST
from contracts.roles import Role
from contracts.types import business_number_check_digit
from tests.support.applicant import call_body, company_body, plan_body, worksite_body
from tests.support.drills.history import Clients, Effect, Person
from tests.support.drills.installation import Installation
from tests.support.drills.pacing import pause

_Item = TypeVar("_Item")
_SEEDED = UUID("b5c6d2a4-3d0e-4a0f-8f57-1c6cfb0c6a11")
_TOWNS = ("52130", "52140", "52110")
_OFFICER = Person(Role.PROVINCE_OFFICER, "52", "province-officer")
_APPROVER = Person(Role.PROVINCE_APPROVER, "52", "province-approver")
_TREASURER = Person(Role.PROVINCE_TREASURER, "52", "province-treasurer")
_OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "jtp", "technopark-operator")
_PANEL = tuple(Person(Role.PANEL_MEMBER, "jtp", f"panel-{number}") for number in range(1, 4))
_SETTLE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Firm:
    """One company that applies: who speaks for it, and what is drawn for it."""

    owner: Person
    town: str
    number: str
    cost_won: int
    score: int
    withdraws: bool


@dataclass
class Round:
    """One call of one year."""

    installation: Installation
    clients: Clients
    year: int
    companies: int
    at_once: int = 8
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    call_id: str = ""

    @property
    def firms(self) -> list[Firm]:
        chance = random.Random(self.year * 1000 + self.companies)
        return [_firm(self.year, number, chance) for number in range(self.companies)]

    async def play(self) -> None:
        """All of it, in the programme's order; within a step everybody at once."""
        opens = datetime(self.year, 3, 20, 9, tzinfo=KST)
        self.installation.move_clock(opens - timedelta(days=10))
        await self._agree_rule()
        await self._for_each([None, *_TOWNS], self._budget)
        await self._publish(opens)
        self.installation.move_clock(opens + timedelta(days=1))
        await self._for_each(self.firms, self._apply)
        self.installation.move_clock(opens + timedelta(days=20))
        await self._for_each(self._standing(), self._screen)
        await self._judge()
        await self._select()

    async def _agree_rule(self) -> None:
        version = f"b-{self.year}"
        body = {
            "version": version,
            "title": "Track B",
            "shares": [{"source": "PROVINCE", "rate_bp": 5508}, {"source": "MUNICIPALITY", "rate_bp": 3213}],
            "capped_sources": ["PROVINCE", "MUNICIPALITY"],
            "valid_from": f"{self.year}-01-01",
            "source_note": "assumed",
        }
        effect = Effect("funding", "split-rule-proposed", f"split-rule/{version}")
        await self._post(_OFFICER, "funding", "/v1/split-rules", body, kind="propose-rule", effect=effect)
        effect = Effect("funding", "split-rule-confirmed", f"split-rule/{version}")
        path = f"/v1/split-rules/{version}/confirmations"
        await self._post(_APPROVER, "funding", path, kind="confirm-rule", effect=effect)

    async def _budget(self, town: str | None) -> None:
        clerk = Person(Role.MUNICIPALITY_OFFICER, town, f"officer-{town}") if town else _OFFICER
        head = Person(Role.MUNICIPALITY_APPROVER, town, f"approver-{town}") if town else _TREASURER
        # The last town votes for about one project of its two places, so that funding must refuse and reserves move.
        won = 1_000_000_000 if town != _TOWNS[-1] else 30_000_000
        await confirmed_line(self.clients, clerk, head, town, track="B", year=self.year, amount_won=won)
        if town:
            await self.clients.get(clerk, "funding", "/v1/budget-lines", kind="list-lines")

    async def _publish(self, opens: datetime) -> None:
        body = call_body(
            fiscal_year=self.year,
            opens_at=opens.isoformat(),
            closes_at=(opens + timedelta(days=14)).isoformat(),
            split_rule_version=f"b-{self.year}",
            seat_lines=[
                {"type_code": "JS2", "municipality_code": town, "seats": max(2, self.companies // 5)} for town in _TOWNS
            ],
            planned_budget_lines=[
                {"source": "PROVINCE", "municipality_code": None, "amount_won": 1_000_000_000},
                *({"source": "MUNICIPALITY", "municipality_code": town, "amount_won": 10**9} for town in _TOWNS),
            ],
            panel_rule={"size_min": 2, "trim_from": 5, "pass_mark": 6000},
        )
        effect = Effect("applicant", "call-drafted", "call/{id}")
        drafted = await self._post(_OPERATOR, "applicant", "/v1/calls", body, kind="draft-call", effect=effect)
        self.call_id = drafted["id"]
        body = {"committee_date": f"{self.year}-02-20", "committee_resolution_number": f"{self.year}-1"}
        effect = Effect("applicant", "call-published", f"call/{self.call_id}")
        path = f"/v1/calls/{self.call_id}/publications"
        version = drafted["version"]
        await self._post(_APPROVER, "applicant", path, body, kind="publish-call", version=version, effect=effect)

    async def _apply(self, firm: Firm) -> None:
        company, own = firm.owner.tenant, f"company/{firm.owner.tenant}"
        about = company_body(business_number=firm.number, name=f"가상기업 {firm.number}")
        effect = Effect("applicant", "company-registered", own)
        await self._post(firm.owner, "applicant", "/v1/companies", about, kind="register-company", effect=effect)
        site = await self._post(
            firm.owner,
            "applicant",
            f"/v1/companies/{company}/worksites",
            worksite_body(municipality_code=firm.town),
            kind="add-worksite",
            effect=Effect("applicant", "worksite-added", own),
        )
        plan = plan_body(
            call_id=self.call_id, type_code="JS2", worksite_id=site["id"], total_cost_won=firm.cost_won
        ) | {"self_pay_capacity_won": firm.cost_won}
        effect = Effect("applicant", "application-drafted", "application/{id}")
        draft = await self._post(firm.owner, "applicant", "/v1/applications", plan, kind="draft", effect=effect)
        path, chain = f"/v1/applications/{draft['id']}", f"application/{draft['id']}"
        effect = Effect("applicant", "application-submitted", chain)
        submitted = await self._post(
            firm.owner, "applicant", f"{path}/submissions", kind="submit", version=draft["version"], effect=effect
        )
        await self.clients.get(firm.owner, "applicant", "/v1/applications", kind="list-own")
        self.cases[draft["id"]] = {"firm": firm, "version": submitted["version"], "withdrawn": firm.withdraws}
        if firm.withdraws:
            await self._post(
                firm.owner,
                "applicant",
                f"{path}/withdrawals",
                {"reason": "가상 사유"},
                kind="withdraw",
                version=submitted["version"],
                effect=Effect("applicant", "application-withdrawn", chain),
            )

    async def _screen(self, case: str) -> None:
        path, chain = f"/v1/applications/{case}", f"application/{case}"
        await self._post(
            _OPERATOR,
            "applicant",
            f"{path}/screenings",
            kind="screen",
            version=self.cases[case]["version"],
            effect=Effect("applicant", "screening-begun", chain),
        )
        screening = await self._until(
            lambda: self.clients.get(_OPERATOR, "applicant", f"{path}/screening", kind="poll-screening"),
            lambda found: found["state"] != "CHECKING",
        )
        await self._post(
            _OPERATOR,
            "applicant",
            f"{path}/eligibility-decisions",
            {"confirmed": "ELIGIBLE"},
            kind="decide-eligibility",
            version=screening["version"],
            effect=Effect("applicant", "eligibility-decided", chain),
        )

    async def _judge(self) -> None:
        members = [{"subject": one.subject, "name": f"가상위원 {one.subject}"} for one in _PANEL]
        body = {"name": "평가위원회", "type_code": "JS2", "members": members}
        effect = Effect("applicant", "panel-formed", f"call/{self.call_id}")
        path = f"/v1/calls/{self.call_id}/panels"
        await self._post(_OPERATOR, "applicant", path, body, kind="form-panel", effect=effect)

        async def score(sheet: tuple[str, Person]) -> None:
            case, member = sheet
            total = self.cases[case]["firm"].score
            await self._post(
                member,
                "applicant",
                f"/v1/applications/{case}/scores",
                {"technical_score": total - 1000, "site_score": 1000},
                kind="score",
                effect=Effect("applicant", "score-locked", f"application/{case}"),
            )

        await self._for_each([(case, member) for case in self._standing() for member in _PANEL], score)

    async def _select(self) -> None:
        chain = f"call/{self.call_id}"
        ranking = await self._post(
            _OPERATOR,
            "applicant",
            f"/v1/calls/{self.call_id}/rankings",
            kind="rank",
            effect=Effect("applicant", "ranking-proposed", chain),
        )
        await self._post(
            _APPROVER,
            "applicant",
            f"/v1/calls/{self.call_id}/selections",
            {"ranking": ranking["number"]},
            kind="decide-selection",
            version=ranking["version"],
            effect=Effect("applicant", "selection-decided", chain),
        )

        async def projects() -> Sequence[Mapping[str, Any]]:
            path = f"/v1/projects?call_id={self.call_id}&page_size=100"
            return (await self.clients.get(_APPROVER, "applicant", path, kind="poll-projects"))["items"]

        await self._until(projects, lambda found: found and all(one["state"] != "SELECTED" for one in found))

    def _standing(self) -> list[str]:
        return [case for case, what in self.cases.items() if not what["withdrawn"]]

    async def _post(self, by: Person, service: str, path: str, body: Any = None, **more: Any) -> Any:
        return await self.clients.post(by, service, path, body, **more)

    async def _for_each(self, items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
        await for_each(items, work, at_once=self.at_once)

    async def _until(self, ask: Callable[[], Awaitable[Any]], is_so: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(_SETTLE_SECONDS):
            while not is_so(found := await ask()):
                await pause(0.1)
        return found


async def confirmed_line(
    clients: Clients, clerk: Person, head: Person, town: str | None, *, track: str, year: int, amount_won: int
) -> str:
    """A budget line that one person proposes and another confirms; its id."""
    body = {
        "source": "MUNICIPALITY" if town else "PROVINCE",
        "track": track,
        "fiscal_year": year,
        "municipality_code": town,
        "amount_won": amount_won,
        "legal_regime": "LOCAL_SUBSIDY",
        "funder": "가상 재원",
    }
    effect = Effect("funding", "budget-line-proposed", "budget-line/{id}")
    line = await clients.post(clerk, "funding", "/v1/budget-lines", body, kind="propose-line", effect=effect)
    effect = Effect("funding", "budget-line-confirmed", "budget-line/{id}")
    path = f"/v1/budget-lines/{line['id']}/confirmations"
    await clients.post(head, "funding", path, kind="confirm-line", version=line["version"], effect=effect)
    return str(line["id"])


async def for_each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]], *, at_once: int) -> None:
    """Do the work for every item, so many at once; the first that fails stops the others."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(worker())


async def played(installation: Installation) -> None:
    """A drill that is run by itself has none before it whose cases, events and decisions could be looked at."""
    if not installation.history.operations:
        async with installation.clients(seed=1) as clients:
            await Round(installation, clients, year=2024, companies=12).play()


def _firm(year: int, number: int, chance: random.Random) -> Firm:
    company = uuid5(_SEEDED, f"{year}/{number}")
    # Like all synthetic firms: a number that begins with 0 is no real tax office's.
    stem = f"0{year % 100:02d}{number:06d}"
    return Firm(
        owner=Person(Role.COMPANY_OWNER, str(company), f"owner-{company}"),
        town=_TOWNS[number % len(_TOWNS)],
        number=f"{stem}{business_number_check_digit(stem)}",
        cost_won=chance.randrange(52_000_000, 100_000_000),
        score=chance.randrange(7000, 9500),
        withdraws=number % 7 == 6,
    )
