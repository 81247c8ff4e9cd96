"""Budget lines over HTTP: proposed by one person, confirmed by another, seen by whom they concern."""

import asyncio
from uuid import UUID

import pytest

from contracts.roles import Role
from tests.support.funding import AUDITOR, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk, head

MUNICIPAL = {"source": "MUNICIPALITY", "municipality_code": JEONJU}


async def test_a_confirmed_line_is_available_in_the_ledger_and_told(funding: Funding):
    proposed = await funding.propose_line()
    assert (proposed.status_code, proposed.headers["etag"]) == (201, '"1"')
    assert (proposed.json()["state"], proposed.json()["left_won"]) == ("PROPOSED", 0)

    confirmed = await funding.confirm_line(proposed.json()["id"], TREASURER)

    assert (confirmed.status_code, confirmed.headers["etag"]) == (201, '"2"')
    line_id = confirmed.json()["id"]
    assert (confirmed.json()["state"], confirmed.json()["left_won"]) == ("CONFIRMED", 1_000_000_000)
    assert await funding.money() == {line_id: (0, 1_000_000_000, 0, 1_000_000_000)}
    (told,) = await funding.told("budget.line-confirmed")
    assert (told["budget_line_id"], told["amount_won"]) == (line_id, 1_000_000_000)
    assert (told["balance"]["left_won"], told["balance"]["line_version"]) == (1_000_000_000, 2)


async def test_both_decisions_are_journalled(funding: Funding):
    line_id = await funding.confirmed_line(5)

    entries = await funding.rows(
        "SELECT decision, actor, facts FROM journal_entry WHERE chain = :chain ORDER BY position",
        chain=f"budget-line/{line_id}",
    )
    assert [(entry["decision"], entry["actor"]) for entry in entries] == [
        ("budget-line-proposed", "province.officer:52:officer"),
        ("budget-line-confirmed", "province.treasurer:52:treasurer"),
    ]
    assert entries[1]["facts"]["amount_won"] == 5


@pytest.mark.promise("R19")
async def test_nobody_confirms_their_own_proposal_in_whatever_role(funding: Funding):
    proposed = (await funding.propose_line()).json()
    same_person = Person(Role.PROVINCE_TREASURER, "52", OFFICER.subject)

    refused = await funding.confirm_line(proposed["id"], same_person)

    assert (refused.status_code, refused.json()["code"]) == (409, "budget-line-own-proposal")
    assert (await funding.get(f"/v1/budget-lines/{proposed['id']}", OFFICER)).json() == proposed
    assert await funding.told() == []


async def test_the_same_confirmation_twice_is_one(funding: Funding):
    line_id = (await funding.propose_line()).json()["id"]
    key = "confirm-the-province-line"

    first, second = await asyncio.gather(*(funding.confirm_line(line_id, TREASURER, key=key) for _ in range(2)))

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert await funding.value("SELECT count(*) FROM ledger_transfer") == 1
    assert len(await funding.told()) == 1


@pytest.mark.promise("R19")
async def test_another_confirmation_is_refused_as_stale_or_done(funding: Funding):
    line_id = await funding.confirmed_line(5)

    stale = await funding.confirm_line(line_id, TREASURER, version=1)
    done = await funding.confirm_line(line_id, TREASURER, version=2)
    unread = await funding.post(f"/v1/budget-lines/{line_id}/confirmations", by=TREASURER)

    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (412, "budget-line-stale", 2)
    assert (done.status_code, done.json()["code"]) == (409, "budget-line-already-confirmed")
    assert unread.status_code == 428


@pytest.mark.promise("R19")
async def test_treasurers_who_race_confirm_once(funding: Funding):
    line_id = (await funding.propose_line()).json()["id"]
    treasurers = [Person(Role.PROVINCE_TREASURER, "52", f"treasurer-{number}") for number in range(8)]

    answers = await asyncio.gather(*(funding.confirm_line(line_id, by) for by in treasurers))

    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 7
    assert await funding.value("SELECT count(*) FROM ledger_transfer") == 1


async def test_a_source_has_one_line_per_track_and_year(funding: Funding):
    assert (await funding.propose_line()).status_code == 201

    again = await funding.propose_line(amount_won=1)
    another_year = await funding.propose_line(fiscal_year=2025)
    another_track = await funding.propose_line(track="A")

    assert (again.status_code, again.json()["code"]) == (409, "budget-line-exists")
    assert (another_year.status_code, another_track.status_code) == (201, 201)


@pytest.mark.parametrize(
    ("by", "body"),
    [
        pytest.param(clerk(GUNSAN), MUNICIPAL, id="an officer for another municipality"),
        pytest.param(clerk(JEONJU), {}, id="a municipality for the province"),
        pytest.param(OFFICER, MUNICIPAL, id="the province for a municipality"),
        pytest.param(head(JEONJU), MUNICIPAL, id="an approver, who confirms"),
        pytest.param(TREASURER, {}, id="the treasurer, who confirms"),
        pytest.param(AUDITOR, {}, id="the auditor, who changes nothing"),
    ],
)
async def test_nobody_proposes_a_line_of_another_purse(shared: Funding, by: Person, body: dict[str, object]):
    assert (await shared.propose_line(by, **body)).status_code == 403
    assert await shared.value("SELECT count(*) FROM budget_line") == 0


async def test_everybody_proposes_their_own(funding: Funding):
    machine = Person(Role.MUNICIPALITY_CLIENT, GUNSAN, "machine")

    assert (await funding.propose_line(OFFICER, source="SAMSUNG")).status_code == 201
    assert (await funding.propose_line(clerk(JEONJU), **MUNICIPAL)).status_code == 201
    assert (await funding.propose_line(machine, **(MUNICIPAL | {"municipality_code": GUNSAN}))).status_code == 201


async def test_a_municipalitys_own_approver_confirms_its_line(funding: Funding):
    line_id = (await funding.propose_line(clerk(JEONJU), **MUNICIPAL)).json()["id"]

    others = [await funding.confirm_line(line_id, by) for by in (head(GUNSAN), TREASURER, clerk(JEONJU))]

    assert [refused.status_code for refused in others] == [404, 403, 403]
    assert (await funding.confirm_line(line_id, head(JEONJU))).status_code == 201


async def test_a_municipality_sees_its_own_lines_only(funding: Funding):
    province = await funding.confirmed_line(5)
    jeonju = await funding.confirmed_line(6, JEONJU)
    gunsan = await funding.confirmed_line(7, GUNSAN)

    async def seen(by: Person) -> set[str]:
        return {line["id"] for line in (await funding.get("/v1/budget-lines", by)).json()["items"]}

    assert await seen(OFFICER) == await seen(AUDITOR) == {province, jeonju, gunsan}
    assert await seen(clerk(JEONJU)) == {jeonju}
    assert (await funding.get(f"/v1/budget-lines/{gunsan}", clerk(JEONJU))).status_code == 404
    assert (await funding.get(f"/v1/budget-lines/{province}", clerk(JEONJU))).status_code == 404
    assert (await funding.get(f"/v1/budget-lines/{gunsan}", clerk(GUNSAN))).status_code == 200
    assert (await funding.get("/v1/budget-lines", Person(Role.COMPANY_OWNER, str(UUID(int=1)), "x"))).status_code == 403


async def test_a_municipality_sees_its_part_of_the_ledger_only(funding: Funding):
    await funding.confirmed_line(5)
    jeonju = await funding.confirmed_line(6, JEONJU)
    await funding.confirmed_line(7, GUNSAN)

    async def seen(by: Person, **query: object) -> list[int]:
        found = (await funding.get("/v1/ledger/transfers", by, **query)).json()["items"]
        return sorted(entry["amount_won"] for transfer in found for entry in transfer["entries"])

    assert await seen(AUDITOR) == [-7, -6, -5, 5, 6, 7]
    assert await seen(clerk(JEONJU)) == [-6, 6]
    assert await seen(AUDITOR, budget_line_id=jeonju) == [-6, 6]
    assert await seen(clerk(GUNSAN), budget_line_id=jeonju) == []
    assert await seen(AUDITOR, kind="REVERSAL") == []


async def test_the_list_comes_in_pages_without_gaps(funding: Funding):
    made = [await funding.confirmed_line(5, fiscal_year=2024 + number) for number in range(5)]

    seen, cursor = [], {}
    while True:
        page = (await funding.get("/v1/budget-lines", OFFICER, page_size=2, **cursor)).json()
        seen += [line["id"] for line in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert seen == made


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount_won": 0}, "/amount_won"),
        ({"amount_won": 1.5}, "/amount_won"),
        ({"amount_won": "5"}, "/amount_won"),
        ({"amount_won": True}, "/amount_won"),
        ({"source": "SME"}, "/municipality_code"),
        ({"municipality_code": JEONJU}, "/municipality_code"),
        ({"legal_regime": "UNKNOWN"}, "/legal_regime"),
        ({"committed_won": 5}, "/committed_won"),
        ({"state": "CONFIRMED"}, "/state"),
        ({"funder": "a\u0000b"}, "/funder"),
    ],
)
async def test_malformed_proposals_are_refused_and_store_nothing(shared: Funding, changes, pointer):
    refused = await shared.propose_line(**changes)

    assert refused.status_code == 422
    assert pointer in refused.text
    assert await shared.value("SELECT count(*) FROM budget_line") == 0
