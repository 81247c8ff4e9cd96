"""Good practices on a real PostgreSQL: three people, the firm's name, corrected figures, and who sees what."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common import journal
from common.db import sqlstate
from common.event import new_id
from contracts.applicant import ProjectTerminated
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, SELECTED, facts, one_built, report, said, verified
from tests.support.practices import (
    AFTER,
    consent,
    decide,
    done,
    nominate,
    nomination,
    publish,
    published,
    read,
    reported,
    shown,
    step,
    withdraw,
)

pytestmark = pytest.mark.anyio
NAME = "가상식품 주식회사"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return dict(answer.json())


async def test_a_case_is_nominated_verified_and_published_by_three_people(metrics: Listener) -> None:
    firm = await reported(metrics)
    two = [{"kpi": "P1", "change_kind": "PERCENT"}, {"kpi": "Q1", "change_kind": "POINTS"}]
    case = await done(await nominate(metrics, firm, nomination(kpis=two)))
    assert (case["state"], case["figures"], case["criteria_version"]) == ("NOMINATED", [], "2024-1")
    assert await shown(metrics) == []
    refused(await publish(metrics, case), 409, "good-practice-decided")

    case = await done(await decide(metrics, case))
    assert [(each["kpi"], each["improvement_bp"], each["grade"]) for each in case["figures"]] == [
        ("P1", 3000, "B"),
        ("Q1", 200, "B"),
    ]
    assert await shown(metrics) == []
    case = await done(await publish(metrics, case))
    (everybody,) = await shown(metrics)
    assert everybody == (await metrics.get(f"/v1/public/good-practices/{case['id']}")).json()
    assert everybody["figures"] == case["figures"]
    hidden = {"project_id", "company_id", "firm_name", "nominated_by"} & {k for k, v in everybody.items() if v}
    assert not hidden, "without consent only region, sector and size band"
    assert (everybody["municipality_code"], everybody["sector"], everybody["size_band"]) == ("52110", "10", "10-49")

    async with metrics.database.transaction() as tx:
        chain = f"project/{firm.project_id}"
        written = [each for each in await journal.entries_of(tx, chain) if each.decision.startswith("good-practice")]
        assert (await journal.verify(tx, chain)).faults == ()
    assert [each.decision.removeprefix("good-practice-") for each in written] == ["nominated", "verified", "published"]
    assert {each.rule_version for each in written} == {"2024-1"}
    assert len(written[1].evidence) == 2


async def test_a_figure_that_no_verified_report_carries_is_not_verified(metrics: Listener) -> None:
    firm = await one_built(metrics)
    case = await done(await nominate(metrics, firm))
    problem = refused(await decide(metrics, case), 409, "good-practice-figure-unproven")
    assert "NOT_REPORTED" in problem["detail"]
    await verified(metrics, firm, said("BASELINE", {"P1": (1000, 10)}))
    await report(metrics, firm, said("COMPLETION", {"P1": (1300, 10)}))
    assert "UNVERIFIED" in refused(await decide(metrics, case), 409, "good-practice-figure-unproven")["detail"]
    await verified(metrics, firm, said("COMPLETION", {"P1": (1050, 10)}, reason="MISTAKE"))
    refused(await decide(metrics, case), 409, "good-practice-figure-below")
    await verified(metrics, firm, said("COMPLETION", {"P1": (1200, 10)}, reason="MISTAKE"))
    assert (await done(await decide(metrics, case)))["figures"][0]["improvement_bp"] == 2000


async def test_a_corrected_figure_is_withheld_until_it_is_verified_anew(metrics: Listener) -> None:
    firm = await reported(metrics)
    case = await published(metrics, firm)
    told = await report(metrics, firm, said("COMPLETION", AFTER | {"P1": (1200, 10)}, reason="MISTAKE"))
    assert (await shown(metrics))[0]["under_review"] is False, "what is only reported changes nothing"
    path = f"/v1/outcome-reports/{told.json()['id']}/decisions"
    await done(await metrics.post(path, {"decision": "VERIFY"}, role=Role.TECHNOPARK_OPERATOR, version=1))

    (everybody,) = await shown(metrics)
    assert (everybody["under_review"], everybody["figures"]) == (True, [])
    waiting = await metrics.get("/v1/good-practices?needs_verification=true", role=Role.TECHNOPARK_OPERATOR)
    assert [each["id"] for each in waiting.json()["items"]] == [case["id"]]
    again = await done(await decide(metrics, await read(metrics, case)))
    assert (again["state"], again["needs_verification"], again["version"]) == ("PUBLISHED", False, 4)
    (everybody,) = await shown(metrics)
    assert (everybody["under_review"], everybody["figures"][0]["improvement_bp"]) == (False, 2000)
    refused(await decide(metrics, again), 409, "good-practice-decided")
    none = await metrics.get("/v1/good-practices?needs_verification=true", role=Role.TECHNOPARK_OPERATOR)
    assert none.json()["items"] == []


async def test_what_is_corrected_before_publication_is_not_published(metrics: Listener) -> None:
    firm = await reported(metrics)
    case = await done(await decide(metrics, await done(await nominate(metrics, firm))))
    await verified(metrics, firm, said("BASELINE", {"P1": (1250, 10)}, reason="BETTER_EVIDENCE"))
    refused(await publish(metrics, case), 409, "good-practice-needs-verification")
    refused(await decide(metrics, case), 409, "good-practice-figure-below")
    returned = await decide(metrics, case, decision="RETURN", finding="FIGURES_DO_NOT_HOLD", met=[])
    assert (await done(returned))["state"] == "RETURNED"


async def test_a_terminated_project_is_shown_without_figures_until_it_is_returned(metrics: Listener) -> None:
    firm = await reported(metrics)
    case = await published(metrics, firm, NAME)
    ended = ProjectTerminated(
        **facts(firm), termination_id=new_id(), cause="SUPPLIER_INSOLVENT", fault_party="SUPPLIER"
    )
    await metrics.tell(ended, at=REPORTING)
    (everybody,) = await shown(metrics)
    assert (everybody["under_review"], everybody["figures"]) == (True, [])
    refused(await decide(metrics, case), 409, "good-practice-project-not-completed")
    returned = await done(await decide(metrics, case, decision="RETURN", finding="FIGURES_DO_NOT_HOLD", met=[]))
    assert (returned["state"], returned["firm_name"]) == ("RETURNED", None)
    assert await shown(metrics) == []


async def test_a_firm_is_named_only_while_it_agrees_and_once_its_name_was_read(metrics: Listener) -> None:
    firm = await reported(metrics)
    case = await published(metrics, firm)
    refused(await consent(metrics, case, NAME, role=Role.COMPANY_STAFF), 403, "role-not-allowed")
    given = await done(await consent(metrics, case, NAME))
    assert (await shown(metrics))[0]["firm_name"] is None, "nobody has read it yet"
    named = await done(await publish(metrics, given))
    assert (await shown(metrics))[0]["firm_name"] == NAME
    assert named["published_at"] == case["published_at"]
    refused(await publish(metrics, named), 409, "good-practice-decided")
    await done(await consent(metrics, named, None))
    assert (await shown(metrics))[0]["firm_name"] is None
    async with metrics.database.transaction() as tx:
        written = await journal.entries_of(tx, f"project/{firm.project_id}")
        named_rows = await tx.execute(text("SELECT count(*) FROM good_practice WHERE firm_name IS NOT NULL"))
        assert named_rows.scalar_one() == 0, "what was taken back is erased"
    assert not any(NAME in str(each.facts) for each in written), "no name is in the journal"


async def test_a_publisher_has_read_what_the_firm_said_last(metrics: Listener) -> None:
    firm = await reported(metrics)
    case = await done(await decide(metrics, await done(await nominate(metrics, firm))))
    await done(await consent(metrics, case, NAME))
    refused(await publish(metrics, case), 412, "good-practice-has-changed")
    assert await shown(metrics) == []


async def test_a_withdrawn_case_is_gone_and_its_project_may_be_nominated_anew(metrics: Listener) -> None:
    firm = await reported(metrics)
    case = await published(metrics, firm, NAME)
    refused(await nominate(metrics, firm), 409, "good-practice-nominated-already")
    refused(await withdraw(metrics, case, role=Role.PROVINCE_OFFICER), 403, "role-not-allowed")
    gone = await done(await withdraw(metrics, case, "OUTDATED"))
    assert (gone["state"], gone["withdrawal_reason"], gone["firm_name"]) == ("WITHDRAWN", "OUTDATED", None)
    assert await shown(metrics) == []
    refused(await metrics.get(f"/v1/public/good-practices/{case['id']}"), 404, "good-practice-unknown")
    for answer in (await withdraw(metrics, gone), await publish(metrics, gone), await consent(metrics, gone, NAME)):
        refused(answer, 409, "good-practice-decided")
    assert (await nominate(metrics, firm)).status_code == 201


async def test_two_nominations_at_once_make_one_case(metrics: Listener) -> None:
    firm = await reported(metrics)
    answers = await asyncio.gather(
        nominate(metrics, firm), nominate(metrics, firm, role=Role.TECHNOPARK_OPERATOR, tenant="52")
    )
    assert sorted(each.status_code for each in answers) == [201, 409]
    refused(max(answers, key=lambda each: each.status_code), 409, "good-practice-nominated-already")


async def test_two_verifiers_at_once_are_one(metrics: Listener) -> None:
    case = await done(await nominate(metrics, await reported(metrics)))
    body = {"decision": "VERIFY", "met": ["TRANSFERABLE", "IN_USE", "NO_SECRETS"]}
    people = [{"role": Role.TECHNOPARK_OPERATOR, "subject": name} for name in ("operator-a", "operator-b")]
    answers = await asyncio.gather(*(step(metrics, case, "decisions", body, **person) for person in people))
    assert sorted(each.status_code for each in answers) == [201, 412]
    assert (await read(metrics, case))["version"] == 2


async def test_who_nominated_neither_verifies_nor_publishes(metrics: Listener) -> None:
    firm = await reported(metrics)
    one = {"role": Role.TECHNOPARK_OPERATOR, "tenant": "52", "subject": "somebody-technopark.operator"}
    case = await done(await nominate(metrics, firm, **one))
    refused(await decide(metrics, case), 409, "good-practice-own-case")
    body = {"decision": "VERIFY", "met": ["TRANSFERABLE", "IN_USE", "NO_SECRETS"]}
    other = await step(metrics, case, "decisions", body, role=Role.TECHNOPARK_OPERATOR, subject="another")
    case = await done(other)
    for subject in ("somebody-technopark.operator", "another"):
        refused(await publish(metrics, case, subject=subject), 409, "good-practice-own-case")
    assert (await done(await publish(metrics, case)))["state"] == "PUBLISHED"


async def test_a_municipality_nominates_and_sees_its_own_and_a_firm_its_own(metrics: Listener) -> None:
    firm, other = await reported(metrics), await reported(metrics, municipality_code="52130")
    refused(await nominate(metrics, firm, tenant="52130"), 404, "outcome-project-unknown")
    refused(await nominate(metrics, project_selected()), 404, "outcome-project-unknown")
    case = await done(await nominate(metrics, firm))
    for role, tenant, sees in (
        (Role.COMPANY_STAFF, str(firm.company_id), True),
        (Role.COMPANY_OWNER, str(other.company_id), False),
        (Role.MUNICIPALITY_APPROVER, "52110", True),
        (Role.MUNICIPALITY_OFFICER, "52130", False),
    ):
        one = await metrics.get(f"/v1/good-practices/{case['id']}", role=role, tenant=tenant)
        listed = await metrics.get("/v1/good-practices", role=role, tenant=tenant)
        assert one.status_code == (200 if sees else 404)
        assert bool(listed.json()["items"]) is sees
    refused(await consent(metrics, case, NAME, tenant=str(other.company_id)), 404, "good-practice-unknown")
    refused(await metrics.get(f"/v1/public/good-practices/{case['id']}"), 404, "good-practice-unknown")


async def test_a_project_that_does_not_stand_is_not_nominated(metrics: Listener) -> None:
    firm = project_selected()
    await metrics.tell(firm, at=SELECTED)
    refused(await nominate(metrics, firm), 409, "good-practice-project-not-completed")


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"sector": "99"}, "good-practice-code-unknown", "/sector"),
        ({"processes": ["PACKING", "PACKING"]}, "good-practice-code-unknown", "/processes"),
        ({"technologies": ["QUANTUM"]}, "good-practice-code-unknown", "/technologies"),
        ({"kpis": [{"kpi": "X9", "change_kind": "PERCENT"}]}, "good-practice-code-unknown", "/kpis/0"),
        ({"kpis": [{"kpi": "P1", "change_kind": "POINTS"}]}, "good-practice-code-unknown", "/kpis/0"),
        ({"kpis": []}, "input-invalid", "/kpis"),
        ({"wave": "BASELINE"}, "input-invalid", "/wave"),
        ({"title_ko": " "}, "input-invalid", "/title_ko"),
        ({"summary_en": "a\x00b"}, "input-invalid", "/summary_en"),
    ],
)
async def test_a_nomination_that_does_not_fit_names_the_place(
    metrics: Listener, changes: dict[str, Any], code: str, pointer: str
) -> None:
    firm = await reported(metrics)
    problem = refused(await nominate(metrics, firm, nomination(**changes)), 422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_everybody_finds_cases_by_region_process_and_technology_page_by_page(metrics: Listener) -> None:
    cases = []
    for place, processes, technologies in (
        ("52110", ["PACKING"], ["MES"]),
        ("52110", ["WELDING"], ["MES", "ROBOT"]),
        ("52130", ["WELDING", "PACKING"], ["VISION"]),
    ):
        firm = await reported(metrics, municipality_code=place)
        body = nomination(processes=processes, technologies=technologies)
        case = await done(await decide(metrics, await done(await nominate(metrics, firm, body))))
        cases.append((await done(await publish(metrics, case)))["id"])
    for query, found in (
        ("", [2, 1, 0]),
        ("?municipality_code=52110", [1, 0]),
        ("?process=WELDING", [2, 1]),
        ("?technology=MES&process=WELDING", [1]),
        ("?municipality_code=52800", []),
    ):
        assert [each["id"] for each in await shown(metrics, query)] == [cases[at] for at in found]
    first = (await metrics.get("/v1/public/good-practices?page_size=2")).json()
    second = (await metrics.get(f"/v1/public/good-practices?page_size=2&cursor={first['next']}")).json()
    assert [each["id"] for each in (*first["items"], *second["items"])] == [cases[at] for at in (2, 1, 0)]
    assert second["next"] is None
    assert (await metrics.get("/v1/public/good-practices?process=%00")).status_code == 400
    criteria = (await metrics.get("/v1/public/practice-criteria")).json()
    assert (criteria["version"], criteria["kpis_min"]["source"]) == ("2024-1", "assumed")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE good_practice SET title_ko = '다름', version = version + 1",
        "UPDATE good_practice SET figures = '[]'",
        "UPDATE good_practice SET verified_by = nominated_by, version = version + 1",
        "DELETE FROM good_practice",
        "TRUNCATE good_practice",
    ],
)
async def test_postgresql_keeps_a_case_whoever_asks(metrics: Listener, statement: str) -> None:
    await published(metrics, await reported(metrics))
    with pytest.raises(DBAPIError) as refusal:
        async with metrics.database.transaction() as tx:
            await tx.execute(text(statement))
    assert sqlstate(refusal.value) in {"42501", "23001", "23514"}
