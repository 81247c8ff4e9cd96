"""Edge 4: money of a year that is over is paid only if two people carried it over before it ended; else it lapses."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.event import new_id
from contracts.applicant import InterimInspectionPassed, ProjectCompleted, ProjectSelected
from contracts.payment_archives import verify
from contracts.roles import Role
from funding.releases.jobs import end_unpayable_releases
from tests.support.archives import archive_of
from tests.support.funding import APPROVER, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk, head
from tests.support.releases import (
    approved,
    ask_draw,
    ask_tranche,
    budgets,
    in_force,
    lines,
    order,
    ordered,
    read,
)

pytestmark = pytest.mark.anyio

_BODY = {"cause": "BUILD_CROSSES_YEAR", "reference": "2024-12 의결 77"}
_NEXT_YEAR = datetime(2024, 12, 31, 15, tzinfo=UTC)
"""The first moment of 2025 in Korea."""
_FACT = ("project_id", "application_id", "call_id", "type_code", "municipality_code")
_GATES = ("AGREEMENT_EFFECTIVE", "INTERIM_PASSED", "COMPLETED")


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def carried(funding: Funding, path: str) -> Any:
    """Proposed by the officer, confirmed by the treasurer."""
    proposed = await funding.post(path, _BODY, by=OFFICER)
    assert proposed.status_code == 201, proposed.text
    confirmed = await funding.post(f"/v1/carry-overs/{proposed.json()['id']}/confirmations", by=TREASURER, version=1)
    assert confirmed.status_code == 201, confirmed.text
    return confirmed.json()


async def pass_gates(funding: Funding, selected: ProjectSelected) -> None:
    """The project is inspected on its way and completed."""
    said = {name: getattr(selected, name) for name in _FACT}
    await funding.deliver(InterimInspectionPassed(**said, inspection_id=new_id()))
    await funding.deliver(ProjectCompleted(**said, completion_id=new_id()))


async def lapsing(funding: Funding, by: Person = OFFICER) -> dict[str, Any]:
    found = (await funding.get("/v1/lapsing-money", by, fiscal_year=2024)).json()["items"]
    return {line["source"]: line for line in found}


async def test_edge_04_a_project_that_crosses_the_year_is_paid_from_what_was_carried_over_and_from_nothing_else(
    funding: Funding,
):
    await budgets(funding)
    selected = await in_force(funding)
    waiting = await approved(funding, (await ask_draw(funding, selected, 1_000)).json())
    funding.clock.move_to(datetime(2024, 12, 10, 1, tzinfo=UTC))
    province = (await lapsing(funding))["PROVINCE"]
    assert (province["days_left"], province["carried_won"]) == (21, 0)
    assert province["unpaid_won"] > 0 < province["uncommitted_won"]
    assert province["lapsing_won"] == province["unpaid_won"] + province["uncommitted_won"]
    assert list(await lapsing(funding, clerk(JEONJU))) == ["MUNICIPALITY"]
    path = f"/v1/budget-lines/{province['budget_line_id']}/carry-overs"
    proposed = (await funding.post(path, _BODY, by=OFFICER)).json()
    assert code(await funding.post(path, _BODY, by=OFFICER)) == (409, "carry-over-exists")
    confirm = f"/v1/carry-overs/{proposed['id']}/confirmations"
    same = Person(Role.PROVINCE_TREASURER, "52", OFFICER.subject)
    assert code(await funding.post(confirm, by=same, version=1)) == (409, "carry-over-own-proposal")
    assert code(await funding.post(confirm, by=head(JEONJU), version=1)) == (404, "carry-over-unknown")
    confirmed = (await funding.post(confirm, by=TREASURER, version=1)).json()
    assert (confirmed["state"], confirmed["amount_won"]) == ("CONFIRMED", province["unpaid_won"])
    assert code(await funding.post(confirm, by=TREASURER, version=1)) == (412, "carry-over-has-changed")
    assert code(await funding.post(path, _BODY, by=OFFICER)) == (409, "nothing-to-carry-over")
    left = await lapsing(funding)
    assert left["PROVINCE"]["carried_won"] == province["unpaid_won"]
    assert left["PROVINCE"]["lapsing_won"] == province["uncommitted_won"]
    municipal = left["MUNICIPALITY"]["budget_line_id"]
    late = f"/v1/budget-lines/{municipal}/carry-overs"
    assert code(await funding.post(late, _BODY, by=OFFICER)) == (403, "carry-over-not-yours")
    assert (await funding.post(late, _BODY, by=clerk(GUNSAN))).status_code == 404

    funding.clock.move_to(_NEXT_YEAR)
    assert code(await order(funding, waiting)) == (409, "fiscal-year-over")
    assert code(await ask_draw(funding, selected, 1, 2)) == (409, "fiscal-year-over")
    assert code(await funding.post(late, _BODY, by=clerk(JEONJU))) == (409, "carry-over-too-late")
    tranche = await ask_tranche(funding, selected)
    assert tranche.status_code == 201, "the province's money was carried over"
    assert (await ordered(funding, tranche.json()))["state"] == "ORDERED"
    await pass_gates(funding, selected)
    funding.clock.move_to(datetime(2025, 12, 31, 15, tzinfo=UTC))
    assert code(await ask_tranche(funding, selected, "INTERIM_PASSED")) == (409, "fiscal-year-over")


async def test_no_more_than_what_was_carried_over_leaves_the_line_whoever_was_promised_money_after_it(funding: Funding):
    await budgets(funding)
    first = await in_force(funding)
    funding.clock.move_to(datetime(2024, 12, 10, 1, tzinfo=UTC))
    line = (await lapsing(funding))["PROVINCE"]
    path = f"/v1/budget-lines/{line['budget_line_id']}/carry-overs"
    await carried(funding, path)
    second = await in_force(funding)
    late = (await lapsing(funding))["PROVINCE"]
    assert (late["carried_won"], late["unpaid_won"]) == (line["unpaid_won"], 2 * line["unpaid_won"])
    funding.clock.move_to(_NEXT_YEAR)
    for selected in (first, second):
        await pass_gates(funding, selected)
    for gate in _GATES:
        assert (await ask_tranche(funding, first, gate)).status_code == 201
    before = await funding.rows("SELECT * FROM release_line ORDER BY project_id, source")
    refused = await ask_tranche(funding, second)
    assert code(refused) == (409, "fiscal-year-over")
    assert f"{line['unpaid_won']:d}" in refused.json()["detail"]
    assert await funding.rows("SELECT * FROM release_line ORDER BY project_id, source") == before


async def test_a_second_carry_over_of_the_year_covers_what_was_promised_after_the_first(funding: Funding):
    await budgets(funding)
    await in_force(funding)
    line = (await lapsing(funding))["PROVINCE"]
    path = f"/v1/budget-lines/{line['budget_line_id']}/carry-overs"
    await carried(funding, path)
    second = await in_force(funding)
    assert (await carried(funding, path))["amount_won"] == 2 * line["unpaid_won"]
    funding.clock.move_to(_NEXT_YEAR)
    release = (await ask_tranche(funding, second)).json()
    assert (await ordered(funding, release))["state"] == "ORDERED"


async def year_end(funding: Funding) -> int:
    """What the worker does of itself once the year is over, and how often."""
    done = 0
    while await end_unpayable_releases(funding.database, funding.clock):
        done += 1
    return done


async def test_edge_04_what_nobody_ordered_or_carried_over_ends_with_its_year(funding: Funding):
    """Approved and carried over by nobody: it ends; ordered in its year: it is paid; the province's: carried over."""
    await budgets(funding)
    selected = await in_force(funding)
    paid = await ordered(funding, (await ask_draw(funding, selected, 2_000)).json())
    waiting = await approved(funding, (await ask_draw(funding, selected, 1_000, 2)).json())
    funding.clock.move_to(funding.clock.now() + timedelta(seconds=1))
    asked = (await ask_draw(funding, selected, 500, 3)).json()
    found = await lapsing(funding)
    assert found["MUNICIPALITY"]["under_way_won"] == 3_500
    await carried(funding, f"/v1/budget-lines/{found['PROVINCE']['budget_line_id']}/carry-overs")
    tranche = (await ask_tranche(funding, selected)).json()
    funding.clock.move_to(_NEXT_YEAR - timedelta(microseconds=1))
    assert await year_end(funding) == 0, "until the last moment of the year it may be ordered"
    funding.clock.move_to(_NEXT_YEAR)
    assert code(await order(funding, waiting)) == (409, "fiscal-year-over")
    assert await year_end(funding) == 2
    for each in (waiting, asked):
        ended = await read(funding, each)
        assert (ended["state"], ended["void_reason"]) == ("VOIDED", "FISCAL_YEAR_OVER")
    assert verify(await archive_of(funding, waiting)).findings == []
    assert (await read(funding, paid))["state"] == "ORDERED"
    assert (await read(funding, tranche))["state"] == "RESERVED"
    assert (await lines(funding, selected))["MUNICIPALITY"]["open_won"] == 2_000
    told = await funding.rows(
        "SELECT facts ->> 'release_id' AS of, actor FROM journal_entry WHERE decision = 'release-voided' ORDER BY id"
    )
    assert [each["of"] for each in told] == [asked["id"], waiting["id"]], "what was asked for last ends first"
    assert {each["actor"].partition(":")[0] for each in told} == {"service"}
    assert (await funding.told("disbursement.voided"))[-1]["reason"] == "FISCAL_YEAR_OVER"
    assert await funding.value("SELECT sum(amount_won) FROM ledger_entry") == 0


async def test_beyond_what_was_carried_over_the_later_request_ends_and_the_earlier_stays(funding: Funding):
    await budgets(funding)
    first = await in_force(funding)
    await carried(funding, f"/v1/budget-lines/{(await lapsing(funding))['PROVINCE']['budget_line_id']}/carry-overs")
    second = await in_force(funding)
    for selected in (first, second):
        await pass_gates(funding, selected)
    early = [(await ask_tranche(funding, first, gate)).json() for gate in _GATES]
    funding.clock.move_to(funding.clock.now() + timedelta(seconds=1))
    late = (await ask_tranche(funding, second)).json()
    funding.clock.move_to(_NEXT_YEAR)
    waiting = await approved(funding, early[0])
    assert code(await order(funding, waiting)) == (409, "fiscal-year-over")
    ended = await asyncio.gather(*(end_unpayable_releases(funding.database, funding.clock) for _ in range(3)))
    assert any(ended)
    assert await year_end(funding) == 0
    assert (await read(funding, late))["void_reason"] == "FISCAL_YEAR_OVER"
    assert (await order(funding, waiting)).status_code == 201


async def test_a_private_fund_has_no_fiscal_year(funding: Funding):
    await funding.confirmed_rule(
        shares=[{"source": "SAMSUNG", "rate_bp": 5508}, {"source": "MUNICIPALITY", "rate_bp": 3213}],
        capped_sources=["SAMSUNG", "MUNICIPALITY"],
    )
    await funding.confirmed_line(10_000_000_000, source="SAMSUNG", legal_regime="PRIVATE_FUND")
    await funding.confirmed_line(5_000_000_000, JEONJU)
    assert (await lapsing(funding))["SAMSUNG"]["lapsing_won"] == 0


async def test_two_who_confirm_one_carry_over_at_once_confirm_it_once(funding: Funding):
    await budgets(funding)
    await in_force(funding)
    line = (await lapsing(funding))["PROVINCE"]["budget_line_id"]
    proposed = (await funding.post(f"/v1/budget-lines/{line}/carry-overs", _BODY, by=OFFICER)).json()
    confirm = f"/v1/carry-overs/{proposed['id']}/confirmations"
    other = Person(Role.PROVINCE_TREASURER, "52", "treasurer-2")
    answers = await asyncio.gather(*(funding.post(confirm, by=by, version=1) for by in (TREASURER, other)))
    assert sorted(answer.status_code for answer in answers) == [201, 412]
    assert await funding.value("SELECT count(*) FROM journal_entry WHERE decision = 'carry-over-confirmed'") == 1


async def test_raw_sql_neither_releases_from_a_year_that_is_over_nor_carries_over_afterwards(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = await approved(funding, (await ask_tranche(funding, selected)).json())
    assert release["state"] == "APPROVED"
    insert = (
        "INSERT INTO carry_over SELECT gen_random_uuid(), id, municipality_code, fiscal_year, fiscal_year + 1, 1, 0,"
        " 'BUILD_CROSSES_YEAR', 'x', "
    )
    order_it = (
        "UPDATE release SET state = 'ORDERED', ordered_by = 'x', ordered_at = '2025-01-01 00:00+09',"
        " next_attempt_at = now(), version = version + 1"
    )
    attacks = (
        order_it,
        f"{insert} 'PROPOSED', 'a', '2025-01-01 00:00+09', NULL, NULL, 1 FROM budget_line",
        f"{insert} 'CONFIRMED', 'a', '2024-01-01', 'b', '2024-01-01', 1 FROM budget_line",
    )
    for attack in attacks:
        with pytest.raises(DBAPIError):
            async with funding.owner.transaction() as tx:
                await tx.execute(text(attack))
    assert (await order(funding, release, TREASURER)).status_code == 201
    assert (await funding.get("/v1/carry-overs", APPROVER)).json()["items"] == []
