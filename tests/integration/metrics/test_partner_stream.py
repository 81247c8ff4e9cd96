"""The stream of the feed: what is new as it comes, heart-beats, and an end for tokens, processes and readers that stop."""

import json
import time
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from smartfactory.stack.provision import DatabaseUrls
from tests.support.partners import Partners, partners_over, project, residency, trained
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio
Databases = Callable[..., dict[str, DatabaseUrls]]


@pytest.fixture
async def partners(fresh_databases: Databases) -> AsyncIterator[Partners]:
    async with partners_over(fresh_databases("metrics", migrated=True)) as running:
        yield running


async def test_it_tells_what_there_is_and_then_what_comes(partners: Partners):
    await partners.tell(*project())
    async with partners.stream() as stream:
        await eventually(lambda: stream.ids == [1, 2, 3, 4])
        assert (stream.status, stream.answered["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert "content-length" not in stream.answered
        assert stream.got.startswith("retry: 3000\n\n")
        await partners.tell(trained())
        await eventually(lambda: stream.ids == [1, 2, 3, 4, 5])
        page = (await partners.read()).json()
        assert [json.loads(each) for each in stream.data] == page["items"]
        assert not stream.over


async def test_whoever_comes_again_goes_on_behind_its_last_event(partners: Partners):
    await partners.tell(*project())
    async with partners.stream({"Last-Event-ID": "3"}, query="after=0") as stream:
        await eventually(lambda: stream.ids == [4])
        await partners.tell(*residency())
        await eventually(lambda: stream.ids == [4, 5, 6, 7, 8])
    async with partners.stream(query="after=6&page_size=1") as stream:
        await eventually(lambda: stream.ids == [7, 8])
    async with partners.stream({"Last-Event-ID": "9"}) as stream:
        await eventually(lambda: stream.over)
        assert (stream.status, json.loads(stream.got)["code"]) == (409, "partner-feed-position-unknown")


async def test_a_silent_stream_says_that_it_stands(fresh_databases: Databases):
    async with (
        partners_over(fresh_databases("metrics", migrated=True), partner_stream_beat_seconds=0.05) as partners,
        partners.stream() as stream,
    ):
        await eventually(lambda: stream.beats >= 3)
        assert stream.ids == []


async def test_it_ends_whole_with_the_callers_token(partners: Partners):
    now = int(time.time())
    async with partners.stream(partners.headers(iat=now - 596, exp=now + 4)) as stream:
        await eventually(lambda: stream.status == 200)
        await eventually(lambda: stream.over)
        assert stream.complete


async def test_it_ends_when_the_token_is_taken_back(partners: Partners):
    async with partners.stream() as stream:
        await eventually(lambda: stream.status == 200)
        async with partners.metrics.database.transaction() as tx:
            await tx.execute(
                text(
                    "INSERT INTO token_denial (issuer, subject, issued_until)"
                    " VALUES ('https://issuer.test', 'samsung', now() + interval '5 seconds')"
                )
            )
        await eventually(lambda: stream.over)
        assert stream.complete


async def test_it_ends_when_the_process_is_about_to(partners: Partners):
    async with partners.stream() as stream:
        await eventually(lambda: stream.status == 200)
        assert partners.metrics.app is not None
        partners.metrics.app.state.health.draining = True
        await eventually(lambda: stream.over)
        assert stream.complete


async def test_it_ends_when_the_reader_leaves_and_its_place_is_free(fresh_databases: Databases):
    async with (
        partners_over(fresh_databases("metrics", migrated=True), partner_streams_max=2) as partners,
        partners.stream() as first,
        partners.stream() as second,
    ):
        await eventually(lambda: first.status == second.status == 200)
        async with partners.stream() as third:
            await eventually(lambda: third.over)
            assert (third.status, third.answered["retry-after"]) == (429, "30")
            assert json.loads(third.got)["code"] == "partner-streams-full"
        assert (await partners.read()).status_code == 200
        first.leave()
        await eventually(lambda: first.over)
        async with partners.stream() as fourth:
            await eventually(lambda: fourth.status == 200)


async def test_a_reader_that_takes_nothing_is_cut_off_and_nothing_is_made_for_it(fresh_databases: Databases):
    settings = {"partner_stream_stall_seconds": 0.2, "partner_streams_max": 1}
    async with partners_over(fresh_databases("metrics", migrated=True), **settings) as partners:
        await partners.tell(*project())
        async with partners.stream() as stream:
            await eventually(lambda: stream.ids == [1, 2, 3, 4])
            stream.taking.clear()
            for _ in range(3):
                await partners.tell(*residency())
            await eventually(lambda: stream.over)
            # Without an end: whoever did read it knows that something is missing, and where to go on.
            assert not stream.complete
            assert stream.ids == [1, 2, 3, 4]
        async with partners.stream({"Last-Event-ID": "4"}) as again:
            await eventually(lambda: again.ids == list(range(5, 17)))


async def test_a_database_that_is_away_ends_it_for_the_reader_to_come_again(
    partners: Partners, monkeypatch: pytest.MonkeyPatch
):
    async with partners.stream() as stream:
        await eventually(lambda: stream.status == 200)
        assert partners.metrics.app is not None
        database = partners.metrics.app.state.runtime.database

        def away(**_: object) -> None:
            raise OSError("away")

        monkeypatch.setattr(database, "transaction", away)
        await eventually(lambda: stream.over)
        assert stream.complete


async def test_who_asks_for_the_headers_only_gets_those(partners: Partners):
    await partners.tell(*project())
    async with partners.stream(method="HEAD") as stream:
        await eventually(lambda: stream.over)
        assert (stream.status, stream.got, stream.complete) == (200, "", True)


async def test_streams_are_opened_only_as_often_as_pages_are_read(fresh_databases: Databases):
    async with partners_over(
        fresh_databases("metrics", migrated=True), partner_feed_per_minute=1, partner_feed_at_once=2
    ) as partners:
        statuses = []
        for _ in range(3):
            async with partners.stream() as stream:
                await eventually(lambda stream=stream: stream.status is not None)
                statuses.append(stream.status)
        assert statuses == [200, 200, 429]
