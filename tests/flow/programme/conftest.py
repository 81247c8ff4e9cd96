"""One small programme year on a whole installation, in the parts that its tests ask for; its time goes forward only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx2
import pytest

from common.clock import KST
from smartfactory.season.options import OutsideFirm
from tests.support.applicant import CLOSES, DURING, GUNSAN, IKSAN, business_number, call_body
from tests.support.live_programme import (
    APPROVER,
    AUDITOR,
    JUDGE,
    OPERATOR,
    SECOND_APPROVER,
    TREASURER,
    Case,
    Json,
    Programme,
    at_once,
    head,
)
from tests.support.servers import Servers
from tests.support.waiting import eventually

JEONJU = "52110"
PLACE_WON = 19_278_000
"""What a municipality pays of 60M won by b-2024."""
DEBARRED = "1101110000001"
SCORES = {
    "two-plants": 9500, "second-plant": 9500, "builder": 9400, "old-code": 9200, "new-code": 9100, "dear": 9000,
    "rival": 9000, "cheap": 8000, "objector": 5000, "late-objector": 5000,
}  # fmt: skip
SELECTED_AT = datetime(2024, 5, 17, 10, tzinfo=KST)
WINDOW_ENDS = datetime(2024, 6, 8, tzinfo=KST)
"""The twentieth day, 6 June, is a holiday: the window ends with the seventh."""
SIGNED_AT = datetime(2024, 5, 20, 10, tzinfo=KST)
ASKED_AT = datetime(2024, 5, 21, 10, tzinfo=KST)


@dataclass
class Year:
    """How far the year has come."""

    programme: Programme
    main: str = ""
    extra: str = ""
    cases: dict[str, Case] = field(default_factory=dict)
    screening: dict[str, Json] = field(default_factory=dict)
    decisions: dict[str, list[httpx2.Response]] = field(default_factory=dict)

    async def project(self, name: str) -> Json:
        """A case's project as it is now."""
        found = await self.programme.items(AUDITOR, "/applicant/v1/projects")
        return next(each for each in found if each["application_id"] == self.cases[name].id)

    async def outcome(self, name: str) -> Json:
        call = self.extra if name == "rival" else self.main
        found = await self.programme.items(APPROVER, f"/applicant/v1/calls/{call}/selections")
        return next(each for each in found if each["application_id"] == self.cases[name].id)

    async def confirmed(self, name: str) -> Json:
        """A case's project as soon as funding has committed its money."""

        async def there() -> Json:
            found = await self.programme.items(AUDITOR, "/applicant/v1/projects", state="CONFIRMED")
            return next((each for each in found if each["application_id"] == self.cases[name].id), None)

        return await eventually(there, 60, what=f"{name} is confirmed")

    async def into_force(self, name: str) -> Json:
        """A case's project once its agreement is in force, whatever of that was done before."""
        project, owner, programme = await self.project(name), self.cases[name].owner, self.programme
        path = f"/applicant/v1/agreements/{project['id']}"
        if (await programme.get(OPERATOR, path))["state"] != "EFFECTIVE":
            await programme.agreed(project, owner)
            await programme.once(OPERATOR, f"/funding/v1/coverages/{project['id']}", lambda found: found["lines"])
            payers = {"PROVINCE": TREASURER, "MUNICIPALITY": head(project["municipality_code"]), "SME": owner}
            for source, by in payers.items():
                await programme.cover(project, source, by)
            await programme.once(OPERATOR, path, lambda found: found["state"] == "EFFECTIVE")
        # Funding frees money only when it has heard so, too.
        await programme.once(
            OPERATOR, f"/funding/v1/coverages/{project['id']}/release-lines", lambda found: found["lines"]
        )
        return project


@pytest.fixture(scope="module")
async def programme(session_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Programme]:
    made = Programme(session_servers, tmp_path_factory.mktemp("programme"))
    made.start()
    made.move_clock(datetime(2024, 3, 4, 9, tzinfo=KST))
    yield made
    await made.close()
    made.stop()


@pytest.fixture(scope="module")
async def opened(programme: Programme) -> Year:
    """Two calls are open, and everybody has handed in but two who wait for the last second."""
    year = Year(programme)
    await programme.rule("b-2024")
    await programme.budget(1_000_000_000)
    for code, won in ((GUNSAN, 40_000_000), (IKSAN, 20_000_000), (JEONJU, 100_000_000)):
        await programme.budget(won, code)
    year.main = await _call(programme, {GUNSAN: 2, IKSAN: 1, JEONJU: 1})
    year.extra = await _call(programme, {IKSAN: 1})
    programme.move_clock(DURING)
    await programme.tell_registers(OutsideFirm(business_number(), DEBARRED, "SMALL", debarred=True))
    seoul = await programme.firm("two-plants", head_office_address="서울특별시 강남구 가상로 1")
    renamed = await programme.firm("renamed", corporate_number=DEBARRED, representative_name="새대표")
    year.cases = {
        "two-plants": await programme.draft(seoul, year.main, GUNSAN),
        "second-plant": await programme.draft(seoul, year.main, IKSAN, name="익산공장"),
        "renamed": await programme.draft(renamed, year.main, GUNSAN),
        "old-code": await programme.draft(
            await programme.firm("old-code"), year.main, "45110", recorded_on="2023-12-01"
        ),
        "new-code": await programme.draft(await programme.firm("new-code"), year.main, "52111"),
        "dear": await programme.draft(await programme.firm("dear"), year.main, GUNSAN, cost_won=70_000_000),
        "rival": await programme.draft(await programme.firm("rival"), year.extra, IKSAN),
    }
    for name in ("builder", "cheap", "objector", "late-objector", "tardy"):
        year.cases[name] = await programme.draft(await programme.firm(name), year.main, GUNSAN)
    for name, case in year.cases.items():
        if name not in {"objector", "tardy"}:
            await programme.submit(case)
    return year


@pytest.fixture(scope="module")
async def screened(opened: Year) -> Year:
    """The window is closed and every case but one is eligible."""
    programme = opened.programme
    if (await programme.get(OPERATOR, f"/applicant/v1/applications/{opened.cases['objector'].id}"))[
        "status"
    ] == "DRAFT":
        await programme.submit(opened.cases["objector"])
    programme.move_clock(CLOSES + timedelta(days=1))
    await asyncio.gather(*(programme.find_eligible(opened.cases[name]) for name in SCORES))
    renamed = opened.cases["renamed"]
    opened.screening["renamed"] = found = await programme.screen(renamed)
    path = f"/applicant/v1/applications/{renamed.id}/eligibility-decisions"
    decided = await programme.do(OPERATOR, path, {"confirmed": "INELIGIBLE"}, version=found["version"])
    assert decided["status"] == "INELIGIBLE"
    return opened


@pytest.fixture(scope="module")
async def selected(screened: Year) -> Year:
    """Two officers decide on both calls at once, and funding has answered."""
    year, programme = screened, screened.programme
    programme.move_clock(SELECTED_AT)
    ranked = {}
    for call in (year.main, year.extra):
        panel = {"name": "평가위원회", "type_code": "JS2", "members": [{"subject": JUDGE.subject, "name": "가상위원"}]}
        await programme.do(OPERATOR, f"/applicant/v1/calls/{call}/panels", panel)
    for name, score in SCORES.items():
        path = f"/applicant/v1/applications/{year.cases[name].id}/scores"
        await programme.do(JUDGE, path, {"technical_score": score - 1000, "site_score": 1000})
    for call in (year.main, year.extra):
        ranked[call] = await programme.do(OPERATOR, f"/applicant/v1/calls/{call}/rankings")
    answers = await at_once(
        *(
            programme.ask(
                by,
                f"/applicant/v1/calls/{call}/selections",
                {"ranking": ranked[call]["number"]},
                version=ranked[call]["version"],
            )
            for call in (year.main, year.extra)
            for by in (APPROVER, SECOND_APPROVER)
        )
    )
    year.decisions = {year.main: answers[:2], year.extra: answers[2:]}
    await programme.once(
        AUDITOR,
        "/applicant/v1/projects",
        lambda found: len(found["items"]) == 5 and all(each["state"] != "SELECTED" for each in found["items"]),
        page_size=100,
    )
    return year


@pytest.fixture(scope="module")
async def builder(selected: Year) -> Json:
    """A project whose agreement is in force and whose firm has proven nothing yet."""
    selected.programme.move_clock(SIGNED_AT)
    return await selected.into_force("builder")


@pytest.fixture(scope="module")
async def advance(selected: Year, builder: Json) -> Json:
    """Its first tranche of the province, each step an hour after the one before, paid by the bank."""
    programme, owner = selected.programme, selected.cases["builder"].owner
    path = f"/funding/v1/coverages/{builder['id']}"
    await programme.prove(builder, owner, payer="ADOPTER", number=2)
    programme.move_clock(ASKED_AT)
    lines = {line["source"]: line for line in (await programme.get(OPERATOR, f"{path}/release-lines"))["lines"]}
    freed = next(each for each in lines["PROVINCE"]["tranches"] if each["gate"] == "AGREEMENT_EFFECTIVE")
    body = {"gate": freed["gate"], "amount_won": freed["amount_won"]}
    release = await programme.do(owner, f"{path}/lines/PROVINCE/releases", body)
    steps = (("approvals", APPROVER), ("approvals", SECOND_APPROVER), ("orders", TREASURER))
    for hour, (step, by) in enumerate(steps, start=1):
        programme.move_clock(ASKED_AT + timedelta(hours=hour))
        address = f"/funding/v1/releases/{release['id']}/{step}"
        if step == "orders":
            await programme.once(TREASURER, f"{path}/standings", lambda found: found["items"][0]["state"] == "GOOD")
        release = await programme.do(by, address, version=release["version"])
    return await posted(programme, release)


async def posted(programme: Programme, release: Json) -> Json:
    """Once the bank has paid and the ledger has it."""
    return await programme.once(
        AUDITOR, f"/funding/v1/releases/{release['id']}", lambda found: found["state"] == "POSTED"
    )


async def _call(programme: Programme, seats: dict[str, int]) -> str:
    body = call_body(
        seat_lines=[{"type_code": "JS2", "municipality_code": code, "seats": count} for code, count in seats.items()],
        planned_budget_lines=[
            {"source": "PROVINCE", "amount_won": 1_000_000_000},
            *({"source": "MUNICIPALITY", "municipality_code": code, "amount_won": 300_000_000} for code in seats),
        ],
        panel_rule={"size_min": 1, "trim_from": 5, "pass_mark": 6000},
    )
    drafted = await programme.do(OPERATOR, "/applicant/v1/calls", body)
    committee = {"committee_date": "2024-02-20", "committee_resolution_number": "2024-1"}
    path = f"/applicant/v1/calls/{drafted['id']}/publications"
    await programme.do(APPROVER, path, committee, version=drafted["version"])
    return str(drafted["id"])
