"""Studies of good practices on a real PostgreSQL: who asks, who settles, what is adopted, and what everybody sees."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common import journal
from common.db import sqlstate
from contracts.applicant import ProjectSelected
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, one_built
from tests.support.practices import done, published, reported, shown, withdraw

pytestmark = pytest.mark.anyio
TODAY = "2023-11-15"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return dict(answer.json())


def firm_of(firm: ProjectSelected) -> dict[str, Any]:
    return {"role": Role.COMPANY_STAFF, "tenant": str(firm.company_id)}


async def ask(metrics: Listener, case: Any, wanted_on: str = TODAY, **by: Any) -> Any:
    body = {"kind": "VISIT", "wanted_on": wanted_on}
    return await metrics.post(f"/v1/good-practices/{case['id']}/studies", body, **by)


async def settle(metrics: Listener, study: Any, body: dict[str, Any] | None = None, **by: Any) -> Any:
    said = {"outcome": "HELD", "held_on": TODAY} if body is None else body
    who = {"role": Role.TECHNOPARK_OPERATOR, "version": study["version"]}
    return await metrics.post(f"/v1/practice-studies/{study['id']}/outcomes", said, **(who | by))


async def adopt(metrics: Listener, study: Any, project: ProjectSelected, **by: Any) -> Any:
    body = {"project_id": str(project.project_id), "processes": ["PACKING"], "adopted_on": TODAY}
    return await metrics.post(f"/v1/practice-studies/{study['id']}/adoptions", body, **by)


async def test_a_firm_studies_a_case_and_adopts_it_in_a_project_of_its_own(metrics: Listener) -> None:
    host, guest = await reported(metrics), await one_built(metrics, municipality_code="52130")
    case = await published(metrics, host)
    study = await done(await ask(metrics, case, **firm_of(guest)))
    assert (study["state"], study["visitor_company_id"]) == ("REQUESTED", str(guest.company_id))
    refused(await adopt(metrics, study, guest, **firm_of(guest)), 409, "practice-study-settled")
    study = await done(await settle(metrics, study))
    assert (study["state"], study["held_on"]) == ("HELD", TODAY)
    refused(await settle(metrics, study), 409, "practice-study-settled")

    refused(await adopt(metrics, study, host, **firm_of(guest)), 404, "outcome-project-unknown")
    found = await done(await adopt(metrics, study, guest, **firm_of(guest)))
    assert [(each["project_id"], each["processes"]) for each in found["adoptions"]] == [
        (str(guest.project_id), ["PACKING"])
    ]
    refused(await adopt(metrics, study, guest, **firm_of(guest)), 409, "practice-adopted-already")
    async with metrics.database.transaction() as tx:
        written = await journal.entries_of(tx, f"project/{host.project_id}")
        assert (await journal.verify(tx, f"project/{host.project_id}")).faults == ()
    assert [each.decision.removeprefix("good-practice-") for each in written[-3:]] == [
        "study-requested",
        "study-held",
        "adopted",
    ]
    assert written[-1].facts["project_id"] == str(guest.project_id)


async def test_a_municipality_studies_for_the_firms_of_its_area(metrics: Listener) -> None:
    host = await reported(metrics)
    inside = await one_built(metrics, municipality_code="52130")
    outside = await one_built(metrics, municipality_code="52140")
    case = await published(metrics, host)
    officer = {"role": Role.MUNICIPALITY_OFFICER, "tenant": "52130"}
    study = await done(await ask(metrics, case, **officer))
    assert study["visitor_office"] == "52130"
    refused(await settle(metrics, study, **officer), 403, "practice-study-not-yours")
    study = await done(await settle(metrics, study, role=Role.MUNICIPALITY_OFFICER, tenant="52110"))
    refused(await adopt(metrics, study, outside, **officer), 404, "outcome-project-unknown")
    refused(await adopt(metrics, study, outside, role=Role.TECHNOPARK_OPERATOR), 409, "practice-adopter-differs")
    assert (await done(await adopt(metrics, study, inside, **officer)))["adoptions"]


async def test_only_published_cases_of_others_are_studied(metrics: Listener) -> None:
    host, guest = await reported(metrics), await one_built(metrics)
    case = await published(metrics, host)
    refused(await ask(metrics, case, **firm_of(host)), 409, "practice-own-factory")
    refused(await ask(metrics, case, role=Role.FORUM_MEMBER), 403, "role-not-allowed")
    await done(await withdraw(metrics, case))
    refused(await ask(metrics, case, **firm_of(guest)), 404, "good-practice-unknown")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"outcome": "HELD"}, "practice-outcome-misplaced", "/held_on"),
        ({"outcome": "DECLINED"}, "practice-outcome-misplaced", "/reason"),
        ({"outcome": "HELD", "held_on": "2023-11-16"}, "practice-day-wrong", "/held_on"),
        ({"outcome": "HELD", "held_on": "2023-11-14"}, "practice-day-wrong", "/held_on"),
        ({"outcome": "LOST"}, "input-invalid", "/outcome"),
    ],
)
async def test_an_outcome_that_does_not_fit_names_the_place(
    metrics: Listener, body: dict[str, Any], code: str, pointer: str
) -> None:
    case = await published(metrics, await reported(metrics))
    study = await done(await ask(metrics, case, role=Role.TECHNOPARK_OPERATOR))
    problem = refused(await settle(metrics, study, body), 422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_two_requests_at_once_are_one_and_two_who_settle_are_one(metrics: Listener) -> None:
    host, guest = await reported(metrics), await one_built(metrics)
    case = await published(metrics, host)
    answers = await asyncio.gather(*(ask(metrics, case, **firm_of(guest)) for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [201, 409]
    refused(max(answers, key=lambda each: each.status_code), 409, "practice-study-open")
    study = min(answers, key=lambda each: each.status_code).json()
    declined = {"outcome": "DECLINED", "reason": "NO_DATE"}
    said = await asyncio.gather(settle(metrics, study), settle(metrics, study, declined, subject="another"))
    assert sorted(each.status_code for each in said) == [201, 412]
    assert (await ask(metrics, case, **firm_of(guest))).status_code == 201, "what is settled makes way for the next"


async def test_both_sides_see_a_study_and_nobody_else(metrics: Listener) -> None:
    host, guest = await reported(metrics), await one_built(metrics, municipality_code="52130")
    other = await one_built(metrics, municipality_code="52140")
    study = await done(await ask(metrics, await published(metrics, host), **firm_of(guest)))
    for role, tenant, sees in (
        (Role.COMPANY_OWNER, str(host.company_id), True),
        (Role.COMPANY_OWNER, str(guest.company_id), True),
        (Role.COMPANY_OWNER, str(other.company_id), False),
        (Role.MUNICIPALITY_OFFICER, "52110", True),
        (Role.MUNICIPALITY_OFFICER, "52130", False),
        (Role.AUDITOR, "52", True),
    ):
        one = await metrics.get(f"/v1/practice-studies/{study['id']}", role=role, tenant=tenant)
        listed = await metrics.get("/v1/practice-studies?state=REQUESTED", role=role, tenant=tenant)
        assert one.status_code == (200 if sees else 404)
        assert bool(listed.json()["items"]) is sees


async def test_everybody_sees_how_many_studied_and_adopted_unless_they_are_few(metrics: Listener) -> None:
    case = await published(metrics, await reported(metrics))
    for at in range(5):
        guest = await one_built(metrics, municipality_code="52130")
        study = await done(await settle(metrics, await done(await ask(metrics, case, **firm_of(guest)))))
        if at < 4:
            await done(await adopt(metrics, study, guest, **firm_of(guest)))
        (everybody,) = await shown(metrics)
        assert everybody["studied"] == (5 if at == 4 else None)
    assert (everybody["adopted"], everybody["suppressed_below"]) == (None, 5)
    assert everybody == (await metrics.get(f"/v1/public/good-practices/{case['id']}")).json()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE practice_study SET wanted_on = '2020-01-01'",
        "UPDATE practice_study SET held_on = '2020-01-01', version = version + 1",
        "DELETE FROM practice_study",
        "UPDATE practice_adoption SET adopted_on = '2020-01-01'",
        "DELETE FROM practice_adoption",
    ],
)
async def test_postgresql_keeps_studies_and_adoptions_whoever_asks(metrics: Listener, statement: str) -> None:
    guest = await one_built(metrics)
    case = await published(metrics, await reported(metrics))
    study = await done(await settle(metrics, await done(await ask(metrics, case, **firm_of(guest)))))
    await done(await adopt(metrics, study, guest, **firm_of(guest)))
    with pytest.raises(DBAPIError) as refusal:
        async with metrics.database.transaction() as tx:
            await tx.execute(text(statement))
    assert sqlstate(refusal.value) in {"42501", "23001"}
