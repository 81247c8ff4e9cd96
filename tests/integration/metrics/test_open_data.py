"""Open data: awards as 360Giving has them, with nobody named who did not agree, and calls that CommonGrants' own client reads."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import anyio.to_thread
import httpx
import pytest
from common_grants_sdk.client import Auth, Client, Config
from common_grants_sdk.schemas.pydantic import OpportunityBase
from sqlalchemy import text

from common.event import new_id
from contracts.roles import Role
from contracts.types import MUNICIPALITIES
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_committed
from tests.support.days import CALL, published
from tests.support.listening import Listener, listener
from tests.support.three_sixty import faults_of

pytestmark = pytest.mark.anyio
GRANTS = "/v1/public/open-data/grants?fiscal_year=2024"
PLACES = ["52110"] * 7 + ["52130"] * 6 + ["52140"] * 3 + ["52710"] * 3
NAMED = "전주정밀식품 주식회사"
COMMITTED = datetime(2024, 5, 19, 16, tzinfo=UTC)
REGION = "전북특별자치도 (Jeonbuk State)"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        yield running


async def _committed(metrics: Listener, places: list[str], *, at: datetime = COMMITTED) -> dict[UUID, UUID]:
    """The commitment of each project of one call."""
    call_id, commitments = new_id(), {new_id(): new_id() for _ in places}
    async with metrics.database.transaction() as tx:
        await tx.execute(_CALL, {"call": call_id, "at": 3})
        for (project, commitment), place in zip(commitments.items(), places, strict=True):
            of = {"project": project, "call": call_id, "place": place}
            await tx.execute(_COMMITMENT, {**of, "commitment": commitment, "at": at})
            for source, won in _SHARES.items():
                await tx.execute(_SHARE, {"project": project, "source": source, "won": won})
            await tx.execute(_PROJECT, {**of, "firm": new_id()})
        first, second, *_ = commitments
        named = {"id": new_id(), "project": first, "firm": new_id(), "name": NAMED, "named": True}
        await tx.execute(_PRACTICE, named)
        await tx.execute(_PRACTICE, {**named, "id": new_id(), "project": second, "named": False})
    return commitments


_SHARES = {"NATIONAL": 60_000_000, "PROVINCE": 24_000_000, "SAMSUNG": 30_000_000, "SME": 40_000_000}
_CALL = text(
    "INSERT INTO call (call_id, track, title_ko, fiscal_year, opens_at, closes_at) VALUES (:call, 'B',"
    " '2024년 스마트공장 공고', 2024, make_timestamptz(2024, :at, 4, 0, 0, 0, 'UTC'),"
    " make_timestamptz(2024, :at + 1, 29, 8, 0, 0, 'UTC'))"
)
_COMMITMENT = text(
    "INSERT INTO commitment (project_id, commitment_id, call_id, municipality_code, state, total_cost_won, changed_at)"
    " VALUES (:project, :commitment, :call, :place, 'COMMITTED', 154000000, :at)"
)
_SHARE = text("INSERT INTO commitment_share (project_id, source, amount_won) VALUES (:project, :source, :won)")
_PROJECT = text(
    "INSERT INTO outcome_project (project_id, company_id, municipality_code, track, type_code, agreed_at)"
    " VALUES (:project, :firm, :place, 'B', 'JS2', '2024-05-31T16:00:00Z')"
)
_PRACTICE = text(
    """
    INSERT INTO good_practice (id, project_id, company_id, municipality_code, criteria_version, wave, title_ko, title_en,
        summary_ko, summary_en, sector, size_band, processes, technologies, kpis, nominated_by, nominated_at, state,
        figures, baseline_number, report_number, verified_by, verified_at, firm_name, consented_by, consented_at, named,
        published_by, published_at, version)
    VALUES (:id, :project, :firm, '52110', '2024-1', 'COMPLETION', '제목', 'Title', '요약', 'Summary', 'FOOD', 'SMALL',
        '{PACKING}', '{SENSOR}', '[]', 'one', '2024-02-01T00:00:00Z', 'PUBLISHED', '[]', 1, 1, 'two',
        '2024-02-02T00:00:00Z', :name, 'owner', '2024-02-03T00:00:00Z', :named, 'three', '2024-02-04T00:00:00Z', 1)
    """
)


async def test_awards_keep_the_rules_of_the_standard_and_name_nobody_who_did_not_agree(metrics: Listener):
    commitments = await _committed(metrics, PLACES)
    answer = await metrics.get(GRANTS)
    assert answer.status_code == 200, answer.text
    package = answer.json()
    assert faults_of(package) == []
    grants = {grant["id"]: grant for grant in package["grants"]}
    names = [_award(commitment) for commitment in commitments.values()]
    assert grants.keys() == set(names)
    first, second = grants[names[0]], grants[names[1]]
    assert (first["amountAwarded"], first["currency"]) == (84_000_000, "KRW"), "what firm and Samsung pay is no award"
    assert first["awardDate"] == "2024-05-20", "a day in Korea"
    assert first["recipientOrganization"][0]["name"] == NAMED
    assert NAMED not in str(second)
    assert "기업" in second["recipientOrganization"][0]["name"]
    ids = [grant["recipientOrganization"][0]["id"] for grant in grants.values()]
    assert len(set(ids)) == len(ids)


def _award(commitment_id: UUID) -> str:
    return f"360G-jbsmartfactory-{uuid5(commitment_id, 'grant')}"


async def test_whoever_knows_the_projects_finds_no_award_by_id_time_or_order(metrics: Listener):
    commitments = await _committed(metrics, PLACES)
    grants = (await metrics.get(GRANTS)).json()["grants"]
    told = str(grants)
    for project, commitment in commitments.items():
        derived = (project, uuid5(project, "recipient"), uuid5(project, "grant"), commitment)
        assert not any(str(each) in told for each in derived)
    assert [grant["id"] for grant in grants] == sorted(_award(each) for each in commitments.values())
    assert {grant["dateModified"] for grant in grants} == {"2024-05-20T00:00:00+09:00"}
    assert not any("plannedDates" in grant or "actualDates" in grant for grant in grants)
    assert (await metrics.get(GRANTS)).json()["grants"] == grants, "an award is named the same for ever"


async def test_an_award_is_named_by_the_commitment_that_funding_told_of(metrics: Listener):
    await _committed(metrics, PLACES)
    call_id = new_id()
    async with metrics.database.transaction() as tx:
        await tx.execute(_CALL, {"call": call_id, "at": 3})
    told = [project_committed(call_id=call_id) for _ in range(5)]
    await metrics.tell(*told, at=COMMITTED)
    named = {grant["id"] for grant in (await metrics.get(GRANTS)).json()["grants"]}
    assert named > {_award(each.commitment_id) for each in told}


async def test_the_title_of_a_call_may_be_longer_than_the_standards(metrics: Listener):
    await _committed(metrics, PLACES)
    async with metrics.database.transaction() as tx:
        await tx.execute(text("UPDATE call SET title_ko = repeat('공', 200)"))
    package = (await metrics.get(GRANTS)).json()
    assert faults_of(package) == []
    first, *_ = package["grants"]
    assert (first["title"], first["grantProgramme"][0]["title"]) == ("공" * 138 + "…", "공" * 200)


async def test_a_place_with_few_awards_is_not_told(metrics: Listener):
    await _committed(metrics, PLACES)
    assert await _told_places(metrics) == {"52110": 7, "52130": 6, None: 6}


async def test_all_whose_budgets_bear_an_award_are_its_funders_as_far_as_their_place_is_told(metrics: Listener):
    await _committed(metrics, PLACES)
    async with metrics.database.transaction() as tx:
        await tx.execute(text("UPDATE commitment_share SET source = 'MUNICIPALITY' WHERE source = 'SME'"))
    grants = (await metrics.get(GRANTS)).json()["grants"]
    assert faults_of({"grants": grants}) == []
    by_place = {
        grant["beneficiaryLocation"][0]["name"]: [each["name"] for each in grant["fundingOrganization"]]
        for grant in grants
    }
    state = "대한민국 (Republic of Korea)"
    assert by_place == {
        "전주시 (Jeonju-si)": [REGION, state, "전주시 (Jeonju-si)"],
        "군산시 (Gunsan-si)": [REGION, state, "군산시 (Gunsan-si)"],
        REGION: [REGION, state, "전북특별자치도의 시·군 (Municipalities of Jeonbuk State)"],
    }
    assert {grant["amountAwarded"] for grant in grants} == {124_000_000}, "the sum of what these bear"


async def test_a_budget_that_bears_nothing_of_one_project_does_not_tell_which_it_is(metrics: Listener):
    await _committed(metrics, PLACES)
    async with metrics.database.transaction() as tx:
        await tx.execute(_BEARS_NOTHING)
    grants = (await metrics.get(GRANTS)).json()["grants"]
    assert {len(grant["fundingOrganization"]) for grant in grants} == {2}
    assert {grant["amountAwarded"] for grant in grants} == {84_000_000, 24_000_000}


_BEARS_NOTHING = text(
    """
    UPDATE commitment_share SET amount_won = 0
    WHERE source = 'NATIONAL'
        AND project_id = (SELECT project_id FROM commitment WHERE municipality_code = '52140' LIMIT 1)
    """
)


async def test_few_awards_of_a_place_are_not_told_by_those_of_another_day(metrics: Listener):
    await _committed(metrics, PLACES)
    await _committed(metrics, ["52110"] * 4 + ["52130"] * 2, at=datetime(2024, 7, 1, 1, tzinfo=UTC))
    assert await _told_places(metrics) == {"52110": 7, "52130": 6, None: 12}


async def test_awards_that_their_day_would_give_away_are_not_listed(metrics: Listener):
    await _committed(metrics, PLACES)
    few = await _committed(metrics, ["52110"] * 4, at=datetime(2024, 7, 1, 1, tzinfo=UTC))
    grants = (await metrics.get(GRANTS)).json()["grants"]
    assert len(grants) == len(PLACES)
    assert not {grant["id"] for grant in grants} & {_award(each) for each in few.values()}


async def _told_places(metrics: Listener) -> dict[str | None, int]:
    """How many awards are told to be where; all others are of the region."""
    codes = {f"{each.ko} ({each.en})": str(each.code) for each in MUNICIPALITIES} | {REGION: None}
    grants = (await metrics.get(GRANTS)).json()["grants"]
    told = [codes[grant["beneficiaryLocation"][0]["name"]] for grant in grants]
    return {place: told.count(place) for place in set(told)}


async def test_fewer_awards_than_the_minimum_are_none(metrics: Listener):
    await _committed(metrics, ["52110"] * 4)
    answer = await metrics.get(GRANTS)
    assert (answer.status_code, answer.json()["code"]) == (409, "open-grants-too-few")


def test_the_check_of_the_standard_finds_what_is_wrong():
    good: dict[str, Any] = {
        "id": "360G-a-1",
        "title": "t",
        "description": "d",
        "currency": "KRW",
        "amountAwarded": 1,
        "awardDate": "2024-02-29",
        "recipientOrganization": [{"id": "360G-a-org-1", "name": "n"}],
        "fundingOrganization": [{"id": "360G-a-org-2", "name": "n"}],
    }
    assert faults_of({"grants": [good]}) == []
    wrong = [
        {**good, "awardDate": "2023-02-29"},
        {**good, "amountAwarded": "1"},
        {**good, "id": "1"},
        {**good, "currency": "원"},
        {**good, "recipientOrganization": []},
        {**good, "fundingOrganization": [{"id": "x"}]},
        {**good, "plannedDates": [{"endDate": "2024-01-01"}]},
        {**good, "beneficiaryLocation": [{"name": "n", "countryCode": "KR", "geoCode": "52110"}]},
        {name: value for name, value in good.items() if name != "description"},
        {**good, "companyNumber": "4028112341"},
    ]
    assert all(faults_of({"grants": [each]}) for each in wrong)
    assert faults_of({"grants": [good, good]}) == ["360G-a-1: told twice"]


async def test_a_call_was_created_when_it_was_published_and_not_when_its_window_opens(metrics: Listener):
    at = datetime(2024, 2, 29, 1, tzinfo=UTC)
    await metrics.tell(published(CALL), at=at)
    read = (await metrics.get(f"/v1/public/common-grants/opportunities/{CALL}")).json()["data"]
    assert {datetime.fromisoformat(read[name]) for name in ("createdAt", "lastModifiedAt")} == {at}
    assert read["keyDates"]["postDate"]["date"] == "2024-03-20"


async def test_the_protocols_own_client_reads_every_published_call(metrics: Listener):
    calls = [new_id() for _ in range(3)]
    async with metrics.database.transaction() as tx:
        for at, call_id in enumerate(calls):
            await tx.execute(_CALL, {"call": call_id, "at": 3 + at})
            for place, seats in (("52110", 5), ("52130", 3)):
                await tx.execute(_SEAT, {"call": call_id, "place": place, "seats": seats})
    metrics.clock.move_to(datetime(2024, 4, 29, 7, 59, 59, tzinfo=UTC))
    answers = await _relayed(metrics, calls[0])

    def read() -> tuple[list[OpportunityBase], OpportunityBase]:
        config = Config(base_url="http://service.test/v1/public", api_key="none is needed", page_size=2)
        with Client(config=config, auth=Auth.api_key("none is needed")) as client:
            client.http.close()
            client.http = httpx.Client(transport=httpx.MockTransport(answers))
            found = client.opportunities.list()
            assert found.errors == []
            return list(found.items), client.opportunities.get(calls[0])

    listed, one = await anyio.to_thread.run_sync(read)
    assert [each.id for each in listed] == [calls[2], calls[1], calls[0]], "both pages, the latest window first"
    assert [each.status.value for each in listed] == ["forecasted", "open", "open"]
    assert one.id == calls[0]
    assert one.title == "2024년 스마트공장 공고"
    assert one.funding.estimated_award_count == 8
    assert (one.key_dates.close_date.date.isoformat(), one.key_dates.close_date.time.isoformat()) == (
        "2024-04-29",
        "17:00:00",
    )
    metrics.clock.move_to(datetime(2024, 4, 29, 8, 0, 0, tzinfo=UTC))
    closed = (await metrics.get(f"/v1/public/common-grants/opportunities/{calls[0]}")).json()
    assert closed["data"]["status"]["value"] == "closed", "a window is half open"


_SEAT = text(
    "INSERT INTO call_seat (call_id, type_code, municipality_code, seats) VALUES (:call, 'JS2', :place, :seats)"
)


async def _relayed(metrics: Listener, call_id: UUID) -> Callable[[httpx.Request], httpx.Response]:
    """The client is synchronous and we are not: what it will ask is asked before, and handed to it as it was answered."""
    root = "/v1/public/common-grants/opportunities"
    paths = (f"{root}?page=1&pageSize=2", f"{root}?page=2&pageSize=2", f"{root}/{call_id}")
    known = {path: await metrics.get(path) for path in paths}

    def answer(request: httpx.Request) -> httpx.Response:
        found = known[request.url.raw_path.decode()]
        return httpx.Response(found.status_code, content=found.content, headers={"Content-Type": "application/json"})

    return answer


async def test_a_call_that_was_not_published_is_not_found(metrics: Listener):
    answer = await metrics.get(f"/v1/public/common-grants/opportunities/{new_id()}", role=Role.AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (404, "open-call-unknown")
    beyond = (await metrics.get("/v1/public/common-grants/opportunities?page=9")).json()
    assert (beyond["items"], beyond["paginationInfo"]["totalItems"]) == ([], 0)
    assert (await metrics.get("/v1/public/common-grants/opportunities?pageSize=101")).status_code == 422
