"""R19: fifty officers approve or reject the same release at once, round after round; one decides, and nobody twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from contracts.roles import Role
from tests.support.drills.figures import Drill
from tests.support.funding import JEONJU, Funding, Person, head, running_funding
from tests.support.releases import approve, ask_draw, budgets, in_force, read
from tests.support.servers import Servers

_OFFICERS = 50
_TWICE = """
    SELECT count(*) FROM release_approval a JOIN release r ON r.id = a.release_id
     WHERE a.approver IN (r.requested_by, r.ordered_by)
"""
_EVENTS = """
    SELECT count(*) FROM (SELECT key, count(*) FILTER (WHERE type LIKE '%.approved.v_' OR type LIKE '%.voided.v_') AS ends
                            FROM outbox WHERE topic = 'funding.disbursement.v1' GROUP BY key) AS told WHERE ends > 1
"""


@pytest.fixture
async def funding(crashable_servers: Servers) -> AsyncIterator[Funding]:
    urls = await asyncio.to_thread(lambda: crashable_servers.fresh_databases(["funding"], migrated=True)["funding"])
    async with running_funding(urls) as running:
        yield running


@pytest.mark.promise("R19")
async def test_fifty_officers_decide_on_one_release(funding: Funding, drill: Drill):
    """Half of them approve and half reject what they have read; one is heard, the others are told to read again."""
    rounds = drill.scale(ci=4, full=200)
    await budgets(funding)
    selected = await in_force(funding)
    winners, losers = Counter[int](), Counter[int]()
    for number in range(rounds):
        release = (await ask_draw(funding, selected, 1_000, number)).json()
        path = f"/v1/releases/{release['id']}/rejections"
        crowd = [Person(Role.PROVINCE_APPROVER, "52", f"officer-{number}-{each}") for each in range(_OFFICERS)]
        answers = await asyncio.gather(
            *(approve(funding, release, each) for each in crowd[::2]),
            *(
                funding.post(path, {"reason": "PAYEE_WRONG"}, by=each, version=release["version"])
                for each in crowd[1::2]
            ),
        )
        codes = Counter(answer.status_code for answer in answers)
        winners[codes.pop(201, 0)] += 1
        losers.update(codes)
        left = await read(funding, release)
        if left["state"] == "RESERVED":
            assert (await approve(funding, left, head(JEONJU))).json()["state"] == "APPROVED"
    drill.figure("rounds", rounds)
    drill.figure("rounds with one winner", winners[1], limit=f"== {rounds}")
    drill.figure("losers told that it had changed", losers[412], limit=f"== {rounds * (_OFFICERS - 1)}")
    drill.figure("losers told anything else", sum(losers.values()) - losers[412], limit="== 0")
    drill.figure("approvals by who had another part", await funding.value(_TWICE), limit="== 0")
    drill.figure("releases with two outcomes told", await funding.value(_EVENTS), limit="== 0")
