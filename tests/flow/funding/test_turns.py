"""Funding's workers on a real broker: two of them, many partitions, one killed twice; the order of money holds."""

import random
from collections.abc import Callable, Sequence

import pytest

from common.event import WireRecord, new_id
from common.kafka import KafkaOptions, Publisher
from contracts.applicant import ProjectSelected
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.builders import commitment_requested, project_selected, project_withdrawn
from tests.support.funding import Funding, running_funding
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

BUDGET_WON = 1_000
CASES = 60
GONE = 5
"""Who leaves early is ranked so high that its money is there."""
HALF = {"shares": [{"source": "PROVINCE", "rate_bp": 5000}], "capped_sources": []}


def _walk(shares: Sequence[int]) -> list[str]:
    """What each firm must hear: best first, each takes what it needs while that is left."""
    left, found = BUDGET_WON, []
    for share in shares:
        found.append("COMMITTED" if share <= left else "REFUSED")
        left -= share if share <= left else 0
    return found


@pytest.mark.promise("R3", "R20", "I7")
async def test_the_better_firm_has_the_last_won_whoever_dies_and_whatever_comes_first(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], topic_prefix: str
):
    urls = fresh_databases("funding", migrated=True)["funding"]
    options = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="drill", topic_prefix=topic_prefix)
    await have_topics(options, topics())
    pick = random.Random(41)
    async with running_funding(urls) as funding:
        await funding.confirmed_rule("half", **HALF)
        calls: dict[str, list[ProjectSelected]] = {}
        for track in ("P", "Q", "R"):
            await funding.confirmed_line(BUDGET_WON, track=track)
            calls[track] = _a_call(track, [pick.randrange(5, 90) for _ in range(CASES)])
        dying, steady = [
            servers.service(
                "funding", "worker", urls, topic_prefix=topic_prefix, env={"KAFKA_SESSION_TIMEOUT_MS": "2000"}
            )
            for _ in range(2)
        ]
        gone = {track: selected[GONE] for track, selected in calls.items()}
        await _hear_who_left(funding, options, dying, list(gone.values()))

        left = {one.project_id for one in gone.values()}
        told = [one for selected in calls.values() for one in selected if one.project_id not in left]
        pick.shuffle(told)
        asked = {
            track: iter([funding.record(commitment_requested(one)) for one in selected])
            for track, selected in calls.items()
        }
        tracks = [track for track in calls for _ in range(CASES)]
        pick.shuffle(tracks)
        await _publish(options, [*(funding.record(one) for one in told), *(next(asked[track]) for track in tracks)])

        # Of some 360 events fifty at most are one commit, so it dies twice with two hundred and more still to come.
        for _ in range(2):
            dying.start(FAILPOINTS="consumer.before_commit=kill9@2")
            assert dying.wait_for_end(120) == -9, dying.log[-3000:]
        assert await funding.value("SELECT count(*) FROM commitment") < len(calls) * CASES
        dying.start(FAILPOINTS="")
        steady.start(FAILPOINTS="")

        async def settled() -> bool:
            assert (dying.exit_code(), steady.exit_code()) == (None, None), dying.log[-3000:] + steady.log[-3000:]
            return await funding.value("SELECT count(*) FROM commitment") == len(calls) * CASES

        await eventually(settled, deadline=120)
        for track, selected in calls.items():
            await _as_ranked(funding, selected, gone[track])
        assert await funding.value("SELECT count(*) FROM parked_event WHERE resolved_at IS NULL") == 0
        for committed, line_left, posted, available in (await funding.money()).values():
            assert (committed, line_left) == (posted, available)
        assert (dying.stop(), steady.stop()) == (0, 0)


async def _hear_who_left(
    funding: Funding, options: KafkaOptions, worker: ServiceProcess, gone: Sequence[ProjectSelected]
) -> None:
    """These firms have given their places back before anybody was asked for money, and funding has heard of it."""
    await _publish(options, [funding.record(told) for one in gone for told in (one, project_withdrawn(one))])
    worker.start(FAILPOINTS="")

    async def remembered() -> bool:
        assert worker.exit_code() is None, worker.log[-3000:]
        return await funding.value("SELECT count(*) FROM early_withdrawal") == len(gone)

    await eventually(remembered, deadline=60)
    assert worker.stop() == 0


async def _as_ranked(funding: Funding, selected: Sequence[ProjectSelected], gone: ProjectSelected) -> None:
    found = await funding.rows(
        "SELECT c.project_id, c.state, c.turn FROM outbox o JOIN commitment c ON c.project_id = o.key"
        " WHERE c.call_id = :call AND (o.type LIKE '%.committed.v1' OR o.type LIKE '%.refused.v1') ORDER BY o.id",
        call=selected[0].call_id,
    )
    assert [row["project_id"] for row in found] == [one.project_id for one in selected]
    assert [row["turn"] for row in found] == list(range(1, CASES + 1))
    # Who has left gives its money back before the next is answered, so the others are answered as if it were not there.
    others = [one for one in selected if one is not gone]
    states = {row["project_id"]: row["state"] for row in found}
    assert [states[one.project_id] for one in others] == _walk([one.total_cost_won // 2 for one in others])
    assert states[gone.project_id] == "RELEASED"


def _a_call(track: str, shares: Sequence[int]) -> list[ProjectSelected]:
    call_id = new_id()
    return [
        project_selected(
            call_id=call_id, track=track, split_rule_version="half", total_cost_won=2 * share, asked_in_turn=True
        )
        for share in shares
    ]


async def _publish(options: KafkaOptions, records: list[WireRecord]) -> None:
    publisher = Publisher(options)
    await publisher.start()
    published = await publisher.publish(records, deadline_seconds=60)
    await publisher.close()
    assert all(published.acknowledged), published.fault
