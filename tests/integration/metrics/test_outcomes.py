"""Outcome reports over HTTP: a baseline that is frozen or late, waves with days, corrections that stay beside."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common import journal
from common.db import sqlstate
from common.event import new_id
from contracts.applicant import AgreementEffective, ProjectCompleted, ProjectTerminated
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.outcomes import (
    AGREED,
    COMPLETED,
    REPORTING,
    SELECTED,
    decide,
    facts,
    one_built,
    outcomes_of,
    report,
    said,
    verified,
)

pytestmark = pytest.mark.anyio
P1 = {"P1": (1000, 10)}


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(REPORTING)
        yield running


async def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return dict(answer.json())


async def test_a_baseline_is_frozen_when_the_agreement_comes_into_force(metrics: Listener) -> None:
    firm = project_selected()
    await metrics.tell(firm, at=SELECTED)
    metrics.clock.move_to(AGREED - timedelta(hours=1))
    await verified(metrics, firm, said("BASELINE", P1))
    await metrics.tell(AgreementEffective(**facts(firm)), at=AGREED)
    metrics.clock.move_to(AGREED + timedelta(days=1))

    found = (await outcomes_of(metrics, firm))["baseline"]
    assert (found["given"], found["short"], found["frozen_at"][:10]) == ("FROZEN", False, "2023-03-02")

    without_reason = await report(metrics, firm, said("BASELINE", {"P1": (900, 10)}))
    assert (await refused(without_reason, 422, "outcome-correction-reason-missing"))["errors"][0][
        "pointer"
    ] == "/reason"
    amended = await verified(metrics, firm, said("BASELINE", {"P1": (900, 10)}, reason="BETTER_EVIDENCE"))
    found = (await outcomes_of(metrics, firm))["baseline"]
    assert (found["given"], found["report_id"]) == ("AMENDED", amended["id"]), "it says so for ever"


async def test_a_baseline_after_the_agreement_is_late_and_a_short_one_is_said_to_be(metrics: Listener) -> None:
    firm = await one_built(metrics)
    late = said("BASELINE", P1, period_from="2022-12-01")
    assert (await outcomes_of(metrics, firm))["baseline"]["given"] is None
    await verified(metrics, firm, late)
    found = (await outcomes_of(metrics, firm))["baseline"]
    assert (found["given"], found["short"]) == ("LATE", True)


@pytest.mark.parametrize(
    ("wave", "changes", "code", "pointer"),
    [
        ("BASELINE", {"period_to": "2023-03-03"}, "outcome-baseline-period-wrong", "/period_to"),  # after the agreement
        (
            "BASELINE",
            {"period_from": "2022-12-02"},
            "outcome-baseline-period-wrong",
            "/period_to",
        ),  # under three months
        ("COMPLETION", {"period_from": "2023-07-31"}, "outcome-period-wrong", "/period_from"),  # before completion
        ("COMPLETION", {"period_to": "2023-10-30"}, "outcome-period-wrong", "/period_from"),
        ("COMPLETION", {"period_to": "2023-11-16"}, "outcome-period-wrong", "/period_from"),  # tomorrow
        ("COMPLETION", {"period_to": "2023-07-30"}, "outcome-period-wrong", "/period_from"),
    ],
)
async def test_figures_are_of_the_period_that_is_asked_about(
    metrics: Listener, wave: str, changes: dict[str, Any], code: str, pointer: str
) -> None:
    firm = await one_built(metrics)
    problem = await refused(await report(metrics, firm, said(wave, P1, **changes)), 422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert (await outcomes_of(metrics, firm))["waves"][0]["reports"] == 0


@pytest.mark.parametrize(
    ("figures", "code", "pointer"),
    [
        ([("X9", 1, 1)], "outcome-kpi-unknown", "/figures/0/kpi"),
        ([("P1", 1, 1), ("P1", 2, 1)], "outcome-kpi-unknown", "/figures/1/kpi"),
        ([("D1", 101, 100)], "outcome-rate-above-whole", "/figures/0/numerator"),
        ([("P1", 1, 0)], "input-invalid", "/figures/0/denominator"),
        ([("P1", -1, 1)], "input-invalid", "/figures/0/numerator"),
        ([], "input-invalid", "/figures"),
    ],
)
async def test_a_figure_is_two_whole_numbers_of_a_defined_kpi(
    metrics: Listener, figures: list[tuple[str, int, int]], code: str, pointer: str
) -> None:
    firm = await one_built(metrics)
    listed = [{"kpi": kpi, "numerator": over, "denominator": under, "grade": "A"} for kpi, over, under in figures]
    problem = await refused(await report(metrics, firm, said("COMPLETION", {}) | {"figures": listed}), 422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_wave_has_its_days_and_a_late_report_is_taken_and_says_so(metrics: Listener) -> None:
    firm = await one_built(metrics)
    first, year = (await outcomes_of(metrics, firm))["waves"][:2]
    assert (first["opens_on"], first["due_on"], first["open"], first["overdue"]) == (
        "2023-11-01", "2023-12-01", True, False,
    )  # fmt: skip
    assert (year["wave"], year["opens_on"], year["due_on"]) == ("YEAR_1", "2025-01-01", "2025-03-31")
    early = await report(metrics, firm, said("YEAR_1", P1))
    assert "2025-01-01" in (await refused(early, 409, "outcome-wave-not-open"))["detail"]

    metrics.clock.move_to(datetime(2023, 12, 1, 15, tzinfo=UTC))  # midnight in Korea: the last day is over
    assert (await outcomes_of(metrics, firm))["waves"][0]["overdue"]
    await verified(metrics, firm, said("COMPLETION", P1))
    found = (await outcomes_of(metrics, firm))["waves"][0]
    assert (found["overdue"], found["late"]) == (False, True)


async def test_what_contradicts_itself_stays_and_the_last_verified_counts(metrics: Listener) -> None:
    firm = await one_built(metrics)
    await verified(metrics, firm, said("BASELINE", P1))
    first = await verified(metrics, firm, said("COMPLETION", {"P1": (1100, 10)}))
    twice = await report(metrics, firm, said("COMPLETION", {"P1": (1100, 10)}, reason="MISTAKE"))
    await refused(twice, 409, "outcome-report-repeated")
    second = await report(metrics, firm, said("COMPLETION", {"P1": (1300, 10)}, reason="MISTAKE"))
    assert (second.status_code, second.json()["number"]) == (201, 2)

    def counting(found: dict[str, Any]) -> tuple[str, int]:
        wave = found["waves"][0]
        return wave["report_id"], next(each["improvement_bp"] for each in wave["changes"] if each["kpi"] == "P1")

    assert counting(await outcomes_of(metrics, firm)) == (first["id"], 1000), "what waits changes nothing"
    returned = await decide(metrics, second.json(), decision="RETURN", finding="FIGURES_CONTRADICT_EVIDENCE")
    assert returned.json()["state"] == "RETURNED"
    assert counting(await outcomes_of(metrics, firm)) == (first["id"], 1000)
    third = await verified(metrics, firm, said("COMPLETION", {"P1": (1200, 10)}, reason="ASKED_BY_VERIFIER"))
    assert counting(await outcomes_of(metrics, firm)) == (third["id"], 2000)

    listed = await metrics.get(f"/v1/outcome-reports?project_id={firm.project_id}&wave=COMPLETION", role=Role.AUDITOR)
    states = [(each["number"], each["state"]) for each in listed.json()["items"]]
    assert states == [(1, "VERIFIED"), (2, "RETURNED"), (3, "VERIFIED")]


async def test_two_reports_at_once_never_take_one_number(metrics: Listener) -> None:
    firm = await one_built(metrics)
    bodies = [said("COMPLETION", {"P1": (1000 + at, 10)}) for at in range(2)]
    answers = await asyncio.gather(*(report(metrics, firm, body) for body in bodies))
    assert min(each.status_code for each in answers) == 201
    # Whoever comes second is told of the other, or is asked for the reason of what is now a correction.
    codes = {each.json().get("code") for each in answers if each.status_code != 201}
    assert codes in ({"outcome-report-meanwhile"}, {"outcome-correction-reason-missing"})
    assert (await outcomes_of(metrics, firm))["waves"][0]["reports"] == 1


async def test_a_report_is_decided_once_by_another_person_on_what_was_read(metrics: Listener) -> None:
    firm = await one_built(metrics)
    operator = {"role": Role.COMPANY_STAFF, "tenant": str(firm.company_id), "subject": "somebody-technopark.operator"}
    own = (await report(metrics, firm, said("COMPLETION", P1), **operator)).json()
    await refused(await decide(metrics, own), 409, "outcome-own-report")
    await refused(await decide(metrics, own | {"version": 7}), 412, "outcome-report-has-changed")
    told = (await report(metrics, firm, said("COMPLETION", {"P1": (1100, 10)}, reason="MISTAKE"))).json()
    await refused(await decide(metrics, told, decision="RETURN"), 422, "outcome-finding-misplaced")
    await refused(await decide(metrics, told, finding="WRONG_PERIOD"), 422, "outcome-finding-misplaced")
    await refused(await decide(metrics, told, checked_outliers=["Q1"]), 422, "outcome-kpi-unknown")
    decided = (await decide(metrics, told)).json()
    assert (decided["state"], decided["version"]) == ("VERIFIED", 2)
    await refused(await decide(metrics, decided), 409, "outcome-report-decided")

    async with metrics.database.transaction() as tx:
        written = await journal.entries_of(tx, f"project/{firm.project_id}")
        assert (await journal.verify(tx, f"project/{firm.project_id}")).faults == ()
    assert [each.decision for each in written] == ["outcome-reported", "outcome-reported", "outcome-verified"]
    assert written[-1].rule_version == "2024-1"


async def test_a_firm_sees_and_reports_its_own_and_a_municipality_its_area(metrics: Listener) -> None:
    firm, other = await one_built(metrics), await one_built(metrics, municipality_code="52130")
    told = (await report(metrics, firm, said("COMPLETION", P1))).json()
    stranger = {"tenant": str(other.company_id)}
    await refused(await report(metrics, firm, said("COMPLETION", P1), **stranger), 404, "outcome-project-unknown")
    for role, tenant, sees in (
        (Role.COMPANY_OWNER, str(firm.company_id), True),
        (Role.COMPANY_OWNER, str(other.company_id), False),
        (Role.MUNICIPALITY_OFFICER, "52110", True),
        (Role.MUNICIPALITY_OFFICER, "52130", False),
    ):
        one = await metrics.get(f"/v1/outcome-reports/{told['id']}", role=role, tenant=tenant)
        whole = await metrics.get(f"/v1/projects/{firm.project_id}/outcomes", role=role, tenant=tenant)
        listed = await metrics.get("/v1/outcome-reports", role=role, tenant=tenant)
        assert (one.status_code, whole.status_code) == ((200, 200) if sees else (404, 404))
        assert bool(listed.json()["items"]) is sees


async def test_nothing_is_asked_of_a_factory_that_does_not_stand(metrics: Listener) -> None:
    firm = project_selected()
    await metrics.tell(firm, at=SELECTED)
    await refused(await report(metrics, firm, said("COMPLETION", P1)), 409, "outcome-project-not-completed")
    assert (await outcomes_of(metrics, firm))["waves"] == []
    unknown = await report(metrics, project_selected(company_id=firm.company_id), said("COMPLETION", P1))
    await refused(unknown, 404, "outcome-project-unknown")


async def test_why_a_firm_is_silent_is_recorded_and_it_stays_due(metrics: Listener) -> None:
    firm = await one_built(metrics)
    path, operator = f"/v1/projects/{firm.project_id}/outcome-silences", {"role": Role.TECHNOPARK_OPERATOR}
    later = await metrics.post(path, {"wave": "YEAR_1", "reason": "CLOSED"}, **operator)
    await refused(later, 409, "outcome-wave-not-open")
    assert (await metrics.post(path, {"wave": "BASELINE", "reason": "CLOSED"}, **operator)).status_code == 422
    for reason in ("UNREACHABLE", "CLOSED"):
        assert (await metrics.post(path, {"wave": "COMPLETION", "reason": reason}, **operator)).status_code == 201
    ended = ProjectTerminated(
        **facts(firm), termination_id=new_id(), cause="SUPPLIER_INSOLVENT", fault_party="SUPPLIER"
    )
    await metrics.tell(ended, at=REPORTING)
    metrics.clock.move_to(REPORTING + timedelta(days=60))
    found = (await outcomes_of(metrics, firm))["waves"][0]
    assert (found["silence"], found["overdue"]) == ("CLOSED", True)
    summed = (await metrics.get("/v1/outcomes", role=Role.AUDITOR)).json()["aggregates"]
    total = next(each for each in summed if (each["kpi"], each["dimension"]) == ("P1", "TOTAL"))
    assert (total["n_due"], total["n_responded"], total["n_valid"]) == (1, 0, 0)
    assert (total["silent"], total["not_valid"]) == ({"CLOSED": 1}, {"NOT_REPORTED": 1})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outcome_report SET figures = '[]', version = version + 1",
        "UPDATE outcome_report SET state = 'RETURNED', finding = 'WRONG_PERIOD', version = version + 1",
        "DELETE FROM outcome_report",
        "TRUNCATE outcome_report",
        "UPDATE outcome_silence SET reason = 'REFUSED'",
        "DELETE FROM outcome_silence",
    ],
)
async def test_postgresql_keeps_what_was_said_whoever_asks(metrics: Listener, statement: str) -> None:
    firm = await one_built(metrics)
    await verified(metrics, firm, said("COMPLETION", P1))
    with pytest.raises(DBAPIError) as refusal:
        async with metrics.database.transaction() as tx:
            await tx.execute(text(statement))
    assert sqlstate(refusal.value) in {"42501", "23001"}


async def test_events_in_any_order_make_the_same_project(metrics: Listener) -> None:
    firm = project_selected()
    await metrics.tell(AgreementEffective(**facts(firm)), at=AGREED)
    await metrics.tell(ProjectCompleted(**facts(firm), completion_id=new_id()), at=COMPLETED)
    await refused(await report(metrics, firm, said("COMPLETION", P1)), 404, "outcome-project-unknown")
    await metrics.tell(firm, at=SELECTED)
    assert (await report(metrics, firm, said("COMPLETION", P1))).status_code == 201
    assert (await outcomes_of(metrics, firm))["track"] == "B"
