"""Partners are told once, in order, and read their feed without a gap, whoever commits late and however long they were away."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from cloudevents.core.bindings import http as binding
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from common.acting import THE_SERVICE
from common.clock import FixedClock
from common.consumer import Received
from common.consumer.rebuild import rebuild
from common.consumer.rows import Together
from common.db import Database, Transaction
from common.event import DomainEvent, WireRecord, new_id
from common.kafka_history import History
from contracts.roles import EVERY_ROLE, Role
from metrics.main import SERVICE
from metrics.partners import commands
from metrics.partners.jobs import place_partner_events
from smartfactory.check.hashes import table_hashes
from smartfactory.stack.provision import DatabaseUrls
from tests.support.builders import project_selected
from tests.support.listening import NOW
from tests.support.partners import FEED, MANY, Partners, partners_over, project, residency, trained

pytestmark = pytest.mark.anyio
Databases = Callable[..., dict[str, DatabaseUrls]]
OUTBOX = "SELECT event_id, type, topic, key, sequence, correlation_id, causation_id, actor FROM outbox ORDER BY id"


@pytest.fixture
async def partners(fresh_databases: Databases) -> AsyncIterator[Partners]:
    async with partners_over(fresh_databases("metrics", migrated=True)) as running:
        yield running


async def test_each_fact_is_on_its_topic_and_in_the_feed_under_one_id(partners: Partners):
    await partners.tell(trained(), *project(), *residency())
    told = await partners.rows(OUTBOX)
    page = (await partners.read()).json()
    assert (len(told), page["after"], page["more"]) == (9, 9, False)
    assert [(each["id"], each["type"], int(each["sequence"])) for each in page["items"]] == [
        (str(row["event_id"]), row["type"], row["sequence"]) for row in told
    ]
    assert [each["position"] for each in page["items"]] == [str(number) for number in range(1, 10)]
    assert {row["topic"] for row in told} == {"partner.project.v1", "partner.mentoring.v1"}
    by_key: dict[str, list[int]] = {}
    for row in told:
        by_key.setdefault(str(row["key"]), []).append(row["sequence"])
    assert sorted(by_key.values()) == [[1], [1, 2, 3, 4], [1, 2, 3, 4]]
    # Nothing of whoever asked for it leaves, not even what the request was called.
    assert all(row["correlation_id"] == str(row["event_id"]) for row in told)
    sources = {str(row["event_id"]) for row in await partners.rows("SELECT event_id FROM inbox")}
    assert {row["causation_id"] for row in told} == sources
    assert {row["actor"] for row in told} == {"service:-:metrics"}


async def test_what_partners_do_not_see_is_not_told(partners: Partners):
    selected = project_selected()
    await partners.tell(selected)
    before = await partners.rows(OUTBOX)
    (item,) = (await partners.read()).json()["items"]
    assert len(before) == 1
    assert item["data"] == {
        "project_id": str(selected.project_id),
        "call_id": str(selected.call_id),
        "type_code": "JS2",
        "municipality_code": "52110",
        "track": "B",
        "promoted": False,
    }
    for secret in (selected.company_id, selected.application_id, selected.total_cost_won, selected.cap_won):
        assert str(secret) not in json.dumps(item)


async def test_an_event_that_comes_again_is_told_once(partners: Partners):
    record = partners.metrics.record(project_selected())
    for _ in range(3):
        await partners.metrics.apply([record])
        await partners.place()
    assert len(await partners.rows(OUTBOX)) == 1
    assert len((await partners.read()).json()["items"]) == 1
    assert await partners.rows("SELECT id FROM parked_event") == []


class _Kept(History):
    """The records that were applied, as Kafka would give them again."""

    def __init__(self, records: Sequence[WireRecord]) -> None:
        self._records = [list(records)]

    async def to_the_end(self) -> AsyncIterator[list[WireRecord]]:
        while self._records:
            yield self._records.pop()


@pytest.mark.promise("R16")
async def test_a_rebuild_tells_nobody_anything(fresh_databases: Databases):
    urls = fresh_databases("metrics", migrated=True)
    async with partners_over(urls) as partners:
        records = [partners.metrics.record(each) for each in project()]
        await partners.metrics.apply(records)
        await partners.place()
        addresses = {"metrics": urls["metrics"].owner.replace("+asyncpg", "")}
        before = await table_hashes(addresses)
        owner = Database(urls["metrics"].owner, application_name="rebuild", acting=THE_SERVICE, pool_size=1)
        try:
            done = await rebuild(
                owner,
                cast("History", _Kept(records)),
                SERVICE.handlers,
                SERVICE.projection,  # type: ignore[arg-type]  it has one
                service="metrics",
                clock=FixedClock(NOW),
                tables=SERVICE.all_tables(),
            )
        finally:
            await owner.dispose()
        assert done.events == 4
        assert "partner_event" not in done.rows
        assert await table_hashes(addresses) == before
        assert len(await partners.rows(OUTBOX)) == 4


async def tell_in(tx: Transaction, event: DomainEvent) -> None:
    """What the consumer's transaction does for partners, in one that the test holds open."""
    received = Received(
        event_id=new_id(), type=event.TYPE, topic=event.TOPIC, key=event.key, sequence=1, at=NOW, now=NOW,
        correlation_id="test",
    )  # fmt: skip
    for statement, row in commands.tell(event, received):
        if isinstance(statement, Together):
            await statement.write(tx, [row])
        else:
            await tx.execute(statement, [dict(row)])


async def test_who_reads_on_misses_nothing_that_commits_late(partners: Partners):
    """A place that an insert draws would be passed over here: it is seen after later ones."""
    database = partners.metrics.database
    early, late = project_selected(), project_selected()
    async with database.transaction() as slow:
        await tell_in(slow, early)
        async with database.transaction() as quick:
            await tell_in(quick, late)
        await partners.place()
        first = (await partners.read()).json()
        assert [each["subject"] for each in first["items"]] == [str(late.project_id)]
    await partners.place()
    second = (await partners.read(first["after"])).json()
    assert [each["subject"] for each in second["items"]] == [str(early.project_id)]
    assert second["after"] == 2


async def test_two_workers_give_no_place_twice(partners: Partners):
    for _ in range(5):
        await partners.metrics.tell(*residency())
    async with partners.metrics.database.transaction() as tx:
        assert await commands.place_events(tx, most=7) == 7
        # Another worker leaves it alone meanwhile, and does not wait.
        assert await place_partner_events(partners.metrics.database, FixedClock(NOW)) is False
    await asyncio.gather(*(partners.place() for _ in range(3)))
    placed = [row["position"] for row in await partners.rows("SELECT position FROM partner_event ORDER BY id")]
    assert placed == list(range(1, 21))


async def test_whoever_was_away_for_a_week_catches_up_page_by_page(fresh_databases: Databases):
    async with partners_over(
        fresh_databases("metrics", migrated=True), partner_feed_per_minute=6_000, partner_feed_at_once=6_000
    ) as partners:
        await partners.run(MANY, count=3_050)
        await partners.place()
        seen: list[str] = []
        after, more = 0, True
        while more:
            page = (await partners.read(after, page_size=1_000)).json()
            assert len(page["items"]) <= 100
            seen += [each["id"] for each in page["items"]]
            after, more = page["after"], page["more"]
        assert len(set(seen)) == len(seen) == 3_050
        nothing = (await partners.read(after)).json()
        assert (nothing["items"], nothing["after"], nothing["more"]) == ([], 3_050, False)
        again = (await partners.read(3_000, headers={"Last-Event-ID": "3049"})).json()
        assert [each["position"] for each in again["items"]] == ["3050"]


async def test_a_place_that_the_feed_never_had_is_said_and_not_waited_for(partners: Partners):
    await partners.tell(trained())
    refused = await partners.read(2)
    assert (refused.status_code, refused.json()["code"]) == (409, "partner-feed-position-unknown")
    assert (refused.json()["after"], refused.json()["newest"]) == (2, 1)
    assert (await partners.read(1)).status_code == 200
    for wrong in ({"after": -1}, {"after": "x"}, {"page_size": 0}):
        assert (await partners.read(**wrong)).status_code == 422
    for place in ("-1", "x", "9" * 30):
        assert (await partners.read(headers={"Last-Event-ID": place})).status_code == 422


async def test_a_partner_ten_times_too_fast_is_told_when_to_come_again_and_misses_nothing(fresh_databases: Databases):
    async with partners_over(
        fresh_databases("metrics", migrated=True), partner_feed_per_minute=60, partner_feed_at_once=5
    ) as partners:
        await partners.tell(*project())
        began = time.monotonic()
        answers = [await partners.read() for _ in range(50)]
        seconds = time.monotonic() - began
        served = [each for each in answers if each.status_code == 200]
        refused = [each for each in answers if each.status_code == 429]
        assert len(served) + len(refused) == 50
        assert 5 <= len(served) <= 5 + seconds + 1, "five at once, and one in each second since"
        assert {each.json()["code"] for each in refused} == {"partner-feed-too-fast"}
        assert {each.headers["Retry-After"] for each in refused} == {"1"}
        assert {len(each.json()["items"]) for each in served} == {4}
        other = await partners.metrics.http.get(FEED, headers=partners.headers(subject="samsung-second-site"))
        assert other.status_code == 200


async def test_nobody_but_samsung_reads_it(partners: Partners):
    await partners.tell(trained())
    for role in sorted(EVERY_ROLE - {Role.SAMSUNG_CLIENT}):
        tenant = "52110" if role.startswith("municipality.") else str(new_id()) if role.startswith("company.") else "52"
        answer = await partners.metrics.get(FEED, role=role, tenant=tenant)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed"), role
    assert (await partners.metrics.get(FEED)).status_code == 401


async def test_the_cloudevents_sdk_takes_each_event_as_it_is_in_the_feed(partners: Partners):
    await partners.tell(trained(), *project(), *residency())
    items: list[dict[str, Any]] = (await partners.read()).json()["items"]
    assert len(items) == 9
    for item in items:
        message = binding.HTTPMessage(
            headers={"content-type": "application/cloudevents+json"}, body=json.dumps(item).encode()
        )
        event = binding.from_structured(message, JSONFormat())
        assert isinstance(event, CloudEvent)
        assert (event.get_id(), event.get_type(), event.get_source()) == (item["id"], item["type"], "/partner")
        assert event.get_time() == datetime(2024, 5, 20, 1, tzinfo=UTC)
        assert event.get_data() == item["data"]
        assert event.get_extension("sequence") == item["sequence"]
        assert event.get_dataschema() == f"urn:smartfactory:schema:{item['type']}"
