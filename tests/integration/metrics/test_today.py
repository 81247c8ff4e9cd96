"""Story 1, an officer's day from events: reports due, seats nobody holds, money that lapses, and the one extra call."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from applicant.calls.api import CallBody
from common.event import new_id
from contracts.applicant import (
    CallPublished,
    ProjectConfirmed,
    ProjectNotFunded,
)
from contracts.funding import (
    SettlementFixed,
    SettlementOpened,
    SettlementReported,
)
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.applicant import call_body
from tests.support.builders import project_selected
from tests.support.days import (
    CALL,
    CLOSES,
    EXTRA,
    IKSAN,
    MUJU,
    SHARE,
    THE_DAY,
    WANJU,
    case,
    confirmed_line,
    of,
    placed,
    published,
    report_out,
    told_of,
)
from tests.support.listening import Listener, listener
from tools.catalogue import golden

pytestmark = pytest.mark.anyio


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(THE_DAY)
        yield running


def reported(opened: SettlementOpened) -> SettlementReported:
    return SettlementReported(**told_of(opened), due_on=opened.due_on, late_months=0, rule_version="2024-1")


async def today(
    metrics: Listener, query: str = "", *, role: str = Role.PROVINCE_OFFICER, tenant: str = "52"
) -> dict[str, Any]:
    answer = await metrics.get(f"/v1/today{query}", role=role, tenant=tenant)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def seats(metrics: Listener, place: str = WANJU) -> dict[str, Any]:
    """The line of the first call in one municipality."""
    rows = (await today(metrics))["unused_seats"]["rows"]
    return next(row for row in rows if row["municipality_code"] == place and row["call_id"] == str(CALL))


def against(line: dict[str, Any]) -> list[str]:
    """Why no extra call is offered; nothing if one is."""
    offered = [action["code"] for action in line["actions"]]
    reasons = [reason["code"] for closed in line["closed_actions"] for reason in closed["because"]]
    assert offered == ([] if reasons else ["DRAFT_EXTRA_CALL"])
    return reasons


async def a_year(metrics: Listener, *, wanju_won: int = 31_000_000, province_won: int = 400_000_000) -> None:
    """Five seats in Wanju of which one is held, and money."""
    await metrics.tell(
        published(m52710=5),
        confirmed_line("PROVINCE", province_won),
        confirmed_line("MUNICIPALITY", wanju_won, WANJU),
        *placed(WANJU),
    )


async def test_story_1_three_reports_this_week_four_unused_seats_31_million_and_one_extra_call(
    metrics: Listener,
) -> None:
    await metrics.tell(
        published(m52710=5, m52730=2, m52140=3),
        confirmed_line("PROVINCE", 400_000_000),
        confirmed_line("MUNICIPALITY", 31_000_000, WANJU),
        confirmed_line("MUNICIPALITY", 14_736_841, MUJU),
        confirmed_line("MUNICIPALITY", 90_000_000, IKSAN),
        *(event for place in (WANJU, MUJU, IKSAN, IKSAN) for event in placed(place)),
        *case(IKSAN, "RESERVE"),
        *(report_out(date(2024, 12, 3) + timedelta(days=days)) for days in range(3)),
        report_out(date(2025, 2, 3)),
    )
    shown = await today(metrics)
    assert shown["on"] == "2024-12-02"
    due = shown["reports_due"]
    assert (due["count"], due["overdue"], [row["days_left"] for row in due["rows"]]) == (3, 0, [1, 2, 3])
    first = due["rows"][0]["actions"][0]
    assert (first["code"], first["roles"], first["yours"]) == ("REPORT_SETTLEMENT", ["company.owner"], False)
    assert first["path"] == f"/funding/v1/settlements/{due['rows'][0]['settlement_id']}/reports"

    unused = shown["unused_seats"]
    assert (unused["count"], unused["unused"], unused["offers"]) == (3, 6, 1)
    assert [(row["municipality_code"], row["unused"], against(row)) for row in unused["rows"]] == [
        (WANJU, 4, []),
        (IKSAN, 1, ["RESERVES_WAIT"]),
        (MUJU, 1, ["NO_MONEY"]),
    ]
    wanju = unused["rows"][0]
    lapses = {"lapses_on": "2024-12-31", "days_left": 29}
    assert wanju["money"] == [
        {"source": "MUNICIPALITY", "municipality_code": WANJU, "left_won": 31_000_000,
         "share_won": SHARE["MUNICIPALITY"]} | lapses,
        {"source": "PROVINCE", "municipality_code": None, "left_won": 400_000_000, "share_won": SHARE["PROVINCE"]}
        | lapses,
    ]  # fmt: skip
    assert wanju["fundable"] == 2, "four seats are free, and the county's money is for two"


async def test_the_offered_draft_is_one_that_the_call_route_takes_for_that_municipality_only(metrics: Listener) -> None:
    await a_year(metrics)
    offered = (await seats(metrics))["actions"][0]
    assert (offered["method"], offered["path"]) == ("POST", "/applicant/v1/calls")
    assert (offered["roles"], offered["yours"]) == (["technopark.operator"], False)
    assert offered["copies"]["path"] == f"/applicant/v1/calls/{CALL}"
    assert offered["body"]["seat_lines"] == [{"type_code": "JS1", "municipality_code": WANJU, "seats": 2}]
    assert {line["source"]: line["amount_won"] for line in offered["body"]["planned_budget_lines"]} == {
        source: 2 * won for source, won in SHARE.items()
    }
    earlier = call_body()
    terms = {name: earlier[name] for name in offered["copies"]["fields"]}
    anew = {name: earlier[name] for name in offered["copies"]["written_anew"]}
    drafted = CallBody.model_validate(terms | anew | offered["body"]).terms()
    assert {line.municipality_code for line in drafted.seat_lines} == {WANJU}

    operators = await today(metrics, role=Role.TECHNOPARK_OPERATOR, tenant="jtp")
    assert operators["unused_seats"]["rows"][0]["actions"][0]["yours"] is True


async def test_a_report_is_due_until_it_is_reported_or_its_amounts_are_fixed(metrics: Listener) -> None:
    day = date(2024, 12, 2)
    out = [report_out(day + timedelta(days=days)) for days in (-40, -1, 0, 7, 8)]
    await metrics.tell(*out)
    due = (await today(metrics))["reports_due"]
    assert (due["count"], due["overdue"], due["due_soon_days"]) == (4, 2, 7)
    assert [row["days_left"] for row in due["rows"]] == [-40, -1, 0, 7]
    few = (await today(metrics, "?most=1"))["reports_due"]
    assert (few["count"], [row["days_left"] for row in few["rows"]]) == (4, [-40])
    await metrics.tell(reported(out[0]), reported(out[0]), fixed(out[1]))
    assert [row["days_left"] for row in (await today(metrics))["reports_due"]["rows"]] == [0, 7]


def fixed(opened: SettlementOpened) -> SettlementFixed:
    return SettlementFixed(**told_of(opened), spent_won=0, refund_won=0, late_months=0, late_cut_max_bp=0)


async def test_an_end_that_is_heard_without_its_beginning_is_no_report_that_is_due(metrics: Listener) -> None:
    """A service that began to listen in between: a rebuild tells it the rest, in whatever batches."""
    opened = report_out(date(2024, 12, 1))
    await metrics.tell(fixed(opened))
    assert (await today(metrics))["reports_due"]["count"] == 0
    await metrics.tell(opened)
    assert (await today(metrics))["reports_due"]["count"] == 0


async def test_the_seats_show_when_the_window_has_closed_and_every_case_is_decided(metrics: Listener) -> None:
    submitted, refused = case(WANJU, "INELIGIBLE")
    await metrics.tell(published(m52710=5), submitted)
    assert (await today(metrics))["unused_seats"]["rows"] == [], "one case waits for its decision"
    await metrics.tell(refused)
    assert (await seats(metrics))["unused"] == 5
    metrics.clock.move_to(CLOSES - timedelta(seconds=1))
    assert (await today(metrics))["unused_seats"]["rows"] == [], "somebody may still apply"


async def test_a_project_that_could_not_be_funded_holds_no_place_and_one_that_waits_for_its_money_does(
    metrics: Listener,
) -> None:
    await a_year(metrics)
    refused, asked = (project_selected(call_id=CALL, municipality_code=WANJU, type_code="JS1") for _ in range(2))
    await metrics.tell(refused, ProjectNotFunded(**of(refused), reason="F-05: MUNICIPALITY"), asked)
    line = await seats(metrics)
    assert (line["held"], line["unused"], against(line)) == (2, 3, ["FUNDING_NOT_ANSWERED"])
    await metrics.tell(ProjectConfirmed(**of(asked)))
    assert against(await seats(metrics)) == []


async def test_while_another_call_of_the_municipality_is_open_no_extra_call_is_offered_and_its_seats_count_once(
    metrics: Listener,
) -> None:
    await a_year(metrics)
    await metrics.tell(published(EXTRA, closes_at=THE_DAY + timedelta(days=3), m52710=2))
    line = await seats(metrics)
    assert (line["unused"], line["offered_again"], against(line)) == (4, 2, ["CALL_UNDER_WAY"])
    metrics.clock.move_to(THE_DAY + timedelta(days=4))
    await metrics.tell(*placed(WANJU, call_id=EXTRA))
    shown = (await today(metrics))["unused_seats"]
    assert [(row["call_id"], row["unused"] - row["offered_again"], against(row)) for row in shown["rows"]] == [
        (str(CALL), 2, []),
        (str(EXTRA), 1, []),
    ]
    assert shown["unused"] == 3


async def test_a_call_is_decided_for_all_at_once_whoever_asks(metrics: Listener) -> None:
    """Row security hides the other municipalities' cases from one of them, and not that they wait."""
    await a_year(metrics)
    await metrics.tell(*case(MUJU))
    wanju = {"role": Role.MUNICIPALITY_OFFICER, "tenant": WANJU}
    assert (await today(metrics))["unused_seats"]["rows"] == []
    assert (await today(metrics, **wanju))["unused_seats"]["rows"] == []


async def test_a_municipality_sees_its_own_seats_money_and_reports(metrics: Listener) -> None:
    await a_year(metrics, province_won=25_263_156)
    await metrics.tell(
        report_out(THE_DAY.date(), MUJU), report_out(THE_DAY.date(), WANJU), confirmed_line("MUNICIPALITY", 7, MUJU)
    )
    for role in (Role.MUNICIPALITY_OFFICER, Role.MUNICIPALITY_APPROVER, Role.MUNICIPALITY_CLIENT):
        own = await today(metrics, role=role, tenant=WANJU)
        assert [row["municipality_code"] for row in own["reports_due"]["rows"]] == [WANJU]
        (line,) = own["unused_seats"]["rows"]
        assert [(money["municipality_code"], money["left_won"]) for money in line["money"]] == [(WANJU, 31_000_000)]
        assert against(line) == ["NO_MONEY"], "it is the province's that is short"
        other = await today(metrics, role=role, tenant=MUJU)
        assert (other["reports_due"]["count"], other["unused_seats"]["rows"]) == (1, [])
    refused = await metrics.get("/v1/today", role=Role.COMPANY_OWNER, tenant=str(new_id()))
    assert refused.status_code == 403


async def test_a_call_from_before_its_rates_were_told_offers_nothing_and_says_so(metrics: Listener) -> None:
    old, *_ = golden.read(ROOT)[CallPublished.TYPE]
    assert b'"rates"' not in (old.value or b"")
    assert (await metrics.apply([old])).done == 1
    await metrics.tell(published(rates=(), m52710=5), confirmed_line("MUNICIPALITY", 31_000_000, WANJU))
    line = await seats(metrics)
    assert against(line) == ["SHARES_UNKNOWN"]
    assert [money["share_won"] for money in line["money"]] == [None]


async def test_when_the_year_is_over_its_money_has_lapsed_and_its_seats_are_history(metrics: Listener) -> None:
    await a_year(metrics)
    metrics.clock.move_to(datetime(2024, 12, 31, 14, 59, 59, tzinfo=UTC))
    assert (await seats(metrics))["money"][0]["days_left"] == 0
    metrics.clock.move_to(datetime(2024, 12, 31, 15, tzinfo=UTC))
    shown = await today(metrics)
    assert (shown["on"], shown["unused_seats"]["rows"]) == ("2025-01-01", [])


@pytest.mark.parametrize("most", ["0", "201", "x"])
async def test_how_much_is_shown_at_once_is_bounded(metrics: Listener, most: str) -> None:
    assert (await metrics.get(f"/v1/today?most={most}", role=Role.AUDITOR)).status_code == 422
