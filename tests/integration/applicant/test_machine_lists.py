"""A municipality's machine reads the applications of its area: by page, by filter, by what changed, and nobody else's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from contracts.roles import Role
from tests.support.applicant import DURING, GUNSAN, IKSAN, OPERATOR, Applicant, Person

GUNSAN_MACHINE = Person(Role.MUNICIPALITY_CLIENT, GUNSAN, f"municipality-{GUNSAN}")
IKSAN_MACHINE = Person(Role.MUNICIPALITY_CLIENT, IKSAN, f"municipality-{IKSAN}")


async def _handed_in(applicant: Applicant, call_id: str, count: int, place: str = GUNSAN) -> list[dict[str, Any]]:
    made = []
    for _ in range(count):
        owner, worksite_id = await applicant.company({"municipality_code": place})
        made.append(await applicant.submitted(call_id, owner, worksite_id))
    return made


async def _pages(applicant: Applicant, by: Person, **query: object) -> AsyncIterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        answer = await applicant.get("/v1/applications", by, **query, **cursor)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        if answer.json()["next"] is None:
            return
        cursor = {"cursor": answer.json()["next"]}


async def test_no_row_is_lost_or_doubled_while_others_come_in_between(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    there = {each["id"] for each in await _handed_in(applicant, call_id, 4)}
    for sort in ("id", "-id", "submitted_at", "-submitted_at", "changed_at", "-changed_at"):
        before, seen = set(there), []
        async for page in _pages(applicant, GUNSAN_MACHINE, sort=sort, page_size=3):
            if not seen:
                there |= {each["id"] for each in await _handed_in(applicant, call_id, 1)}
                await _handed_in(applicant, call_id, 1, IKSAN)
            seen += [item["id"] for item in page["items"]]
            assert {item["municipality_code"] for item in page["items"]} == {GUNSAN}
        assert len(seen) == len(set(seen)), sort
        assert set(seen) == (before if sort.startswith("-") else there), sort


async def test_a_machine_follows_what_changed_since_it_last_looked(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    first, second = await _handed_in(applicant, call_id, 2)
    listed = (await applicant.get("/v1/applications", GUNSAN_MACHINE, sort="changed_at")).json()["items"]
    assert [each["id"] for each in listed] == [first["id"], second["id"]]

    begun = await applicant.post(f"/v1/applications/{first['id']}/screenings", by=OPERATOR, version=first["version"])
    assert begun.status_code == 202, begun.text
    since = listed[-1]["changed_at"]
    changed = (await applicant.get("/v1/applications", GUNSAN_MACHINE, sort="changed_at", changed_from=since)).json()
    assert [(each["id"], each["version"]) for each in changed["items"]] == [
        (second["id"], second["version"]),
        (first["id"], begun.json()["version"]),
    ]
    until = (await applicant.get("/v1/applications", GUNSAN_MACHINE, changed_before=since)).json()
    assert until["items"] == [], "the moment itself is not before it"


async def test_filters_are_any_of_several_states_and_half_open_moments(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    (early,) = await _handed_in(applicant, call_id, 1)
    applicant.clock.move_to(DURING + timedelta(hours=1))
    (late,) = await _handed_in(applicant, call_id, 1)
    begun = await applicant.post(f"/v1/applications/{late['id']}/screenings", by=OPERATOR, version=late["version"])
    assert begun.status_code == 202, begun.text

    async def found(**query: object) -> set[str]:
        answer = await applicant.get("/v1/applications", GUNSAN_MACHINE, **query)
        assert answer.status_code == 200, answer.text
        return {each["id"] for each in answer.json()["items"]}

    moment = late["submitted_at"]
    assert await found(status="SUBMITTED") == {early["id"]}
    assert await found(status=["SUBMITTED", "UNDER_SCREENING"]) == {early["id"], late["id"]}
    assert await found(submitted_from=moment) == {late["id"]}
    assert await found(submitted_before=moment) == {early["id"]}
    assert await found(municipality_code=GUNSAN) == {early["id"], late["id"]}
    assert await found(municipality_code=IKSAN) == set(), "another municipality's are left out, not refused"


async def test_what_a_list_does_not_know_is_refused_by_name(applicant: Applicant) -> None:
    for name, value in (
        ("sort", "company_id"),
        ("sort", "id,submitted_at"),
        ("since", "2024-04-01"),
        ("status", "LOST"),
        ("submitted_from", "2024-04-01T00:00:00"),
        ("page_size", 0),
    ):
        answer = await applicant.get("/v1/applications", GUNSAN_MACHINE, **{name: value})
        assert (answer.status_code, answer.json()["errors"][0]["name"].partition(".")[0]) == (422, name)


async def test_a_cursor_counts_for_its_filters_its_order_and_its_municipality_only(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    await _handed_in(applicant, call_id, 2)
    asked = {"status": "SUBMITTED", "sort": "submitted_at", "page_size": 1}
    cursor = (await applicant.get("/v1/applications", GUNSAN_MACHINE, **asked)).json()["next"]
    assert (await applicant.get("/v1/applications", GUNSAN_MACHINE, **asked, cursor=cursor)).status_code == 200
    for by, query in (
        (GUNSAN_MACHINE, asked | {"status": ["SUBMITTED", "ELIGIBLE"]}),
        (GUNSAN_MACHINE, asked | {"sort": "-submitted_at"}),
        (GUNSAN_MACHINE, asked | {"call_id": call_id}),
        (IKSAN_MACHINE, asked),
    ):
        refused = await applicant.get("/v1/applications", by, **query, cursor=cursor)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-refused")


async def test_one_of_the_other_thirteen_does_not_exist(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    (other,) = await _handed_in(applicant, call_id, 1, IKSAN)
    answers = [
        await applicant.get(f"/v1/applications/{other['id']}{part}", GUNSAN_MACHINE) for part in ("", "/screening")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert (await applicant.get("/v1/applications", GUNSAN_MACHINE)).json()["items"] == []
