"""Forty clients race for the last place: one gets it. The naive strategy runs in the same harness and must fail."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.projects import commands as projects
from applicant.selections.commands import promote_reserves
from applicant.selections.domain.places import take_place
from applicant.selections.domain.ranking import Line
from applicant.selections.store import places, rankings
from common.auth import Principal
from common.db import Transaction, is_trouble, sqlstate
from tests.support.judging import JEONJU, NOW, Judging, Standing, at_once

RACERS = 40
LINE = Line("JS1", JEONJU)
BY = Principal.service("applicant")

Strategy = Callable[[Transaction, Judging, Standing], Awaitable[bool]]


async def counted_first(tx: Transaction, judging: Judging, case: Standing) -> bool:
    """Naive: count the places taken, and take one when there seems to be one."""
    taken = await tx.execute(text("SELECT count(*) FROM project WHERE holds_place"))
    if taken.scalar_one() >= 1:
        return False
    await open_project(tx, judging, case)
    return True


async def counter_row(tx: Transaction, judging: Judging, case: Standing) -> bool:
    """Ours: the line's counter row is held while it is read and changed."""
    counter = await places.lock_place(tx, judging.call_id, LINE)
    if not counter.vacated:
        return False
    await places.save_places(tx, judging.call_id, take_place(counter))
    await open_project(tx, judging, case)
    return True


async def open_project(tx: Transaction, judging: Judging, case: Standing) -> None:
    place = projects.Place(
        application_id=case.id,
        company_id=case.company_id,
        call_id=judging.call_id,
        type_code="JS1",
        municipality_code=JEONJU,
        fiscal_year=2024,
        track="B",
        total_cost_won=40_000_000,
        cap_won=40_000_000,
        split_rule_version="b-2024",
        need_won={},
        promoted=True,
    )
    await projects.open_projects(tx, [place], evidence=[], by=BY, now=NOW)


async def one_vacated_place(judging: Judging) -> list[Standing]:
    """A call of one place that was refused its money, and forty reserves that want it."""
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * (RACERS + 1))
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000 - place) for place, case in enumerate(cases)])
    await judging.decided()
    async with judging.database.transaction() as tx:
        await tx.execute(text("UPDATE project SET state = 'NOT_FUNDED', holds_place = false, version = version + 1"))
        await tx.execute(text("UPDATE place SET taken = 0, vacated = 1"))
    return cases[1:]


async def race(judging: Judging, strategy: Strategy, cases: list[Standing]) -> int:
    """How many of those who started together got a place."""
    start = asyncio.Barrier(len(cases))

    async def racer(case: Standing) -> bool:
        async with judging.database.transaction() as tx:
            await tx.execute(text("SELECT 1"))
            await start.wait()
            return await strategy(tx, judging, case)

    answers = await at_once(*(racer(case) for case in cases))
    faults = [answer for answer in answers if isinstance(answer, BaseException) and not is_trouble(answer)]
    assert faults == []
    return sum(1 for answer in answers if answer is True)


@pytest.mark.promise("R19")
async def test_edge_10_of_forty_who_want_the_last_place_one_gets_it(judging: Judging):
    cases = await one_vacated_place(judging)
    assert await race(judging, counter_row, cases) == 1
    assert await judging.value("SELECT count(*) FROM project WHERE holds_place") == 1
    assert await judging.rows("SELECT taken, vacated FROM place") == [{"taken": 1, "vacated": 0}]


async def test_counting_first_gives_the_last_place_away_more_than_once(judging: Judging):
    cases = await one_vacated_place(judging)
    assert await race(judging, counted_first, cases) > 1, "the harness no longer bites"


async def test_forty_promotions_at_once_promote_the_first_reserve_once(judging: Judging):
    first, *_ = await one_vacated_place(judging)

    async def promote() -> int:
        while True:
            try:
                async with judging.database.transaction() as tx:
                    await rankings.lock_selection(tx, judging.call_id)
                    return await promote_reserves(tx, judging.call_id, evidence="event/x", by=BY, now=NOW)
            except DBAPIError as error:
                if not is_trouble(error):
                    raise

    assert sorted(await at_once(*(promote() for _ in range(RACERS)))) == [0] * (RACERS - 1) + [1]
    holding = await judging.rows("SELECT application_id FROM project WHERE holds_place")
    assert holding == [{"application_id": first.id}]
    assert len([event for event in await judging.told("selected") if event["promoted"]]) == 1


async def test_not_even_raw_sql_as_the_services_own_role_takes_more_places_than_there_are(judging: Judging):
    await one_vacated_place(judging)
    with pytest.raises(DBAPIError) as refused:
        async with judging.database.transaction() as tx:
            await tx.execute(text("UPDATE place SET taken = taken + 2, vacated = 0"))
    assert sqlstate(refused.value) == "23514"
