"""The client for other systems: short, bounded, and tried again only where that is safe."""

import contextlib
from collections.abc import Callable

import httpx
import pytest
import uvicorn

from common.breaker import Breaker
from common.http import KEPT_SECONDS, BadAnswer, HttpClient, LeftAlone, TimedOut, Unreachable

Answer = Callable[[httpx.Request], httpx.Response]


class Other:
    """The other system: answers with each of the given in turn, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers, self.asked = list(answers), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> HttpClient:
        return HttpClient("http://other.test", transport=httpx.MockTransport(self))


async def test_json_comes_back():
    other = Other(httpx.Response(200, json={"status": "good"}))
    async with other.client() as client:
        assert await client.get_json("/v1/companies/7", params={"at": "2024-01-01"}) == {"status": "good"}
    assert str(other.asked[0].url) == "http://other.test/v1/companies/7?at=2024-01-01"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (httpx.ConnectError("no"), Unreachable),
        (httpx.RemoteProtocolError("cut"), Unreachable),
        (httpx.ReadTimeout("slow"), TimedOut),
        (httpx.ConnectTimeout("slow"), TimedOut),
        (httpx.Response(302, headers={"Location": "http://evil.test"}), BadAnswer),
        (httpx.Response(404), BadAnswer),
        (httpx.Response(503), BadAnswer),
        (httpx.Response(200, content=b"<html>"), BadAnswer),
        (httpx.Response(200, content=b"[" * 100_000), BadAnswer),
        (httpx.Response(200, content=b" " * 1_100_000), BadAnswer),
    ],
)
async def test_every_other_end_is_one_of_three_faults(answer: httpx.Response | Exception, fault: type[Exception]):
    async with Other(answer).client() as client:
        with pytest.raises(fault):
            await client.get_json("/")


@pytest.mark.parametrize("first", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.Response(503)])
async def test_reading_is_tried_twice(first: httpx.Response | Exception):
    other = Other(first, httpx.Response(200, json=1))
    async with other.client() as client:
        assert await client.get_json("/") == 1
    assert len(other.asked) == 2


@pytest.mark.promise("R36")
async def test_a_clear_no_is_not_asked_again():
    other = Other(httpx.Response(404))
    async with other.client() as client:
        with pytest.raises(BadAnswer):
            await client.get_json("/")
    assert len(other.asked) == 1


async def test_sending_is_tried_again_only_under_a_key():
    without, under = Other(httpx.ReadTimeout("slow")), Other(httpx.ReadTimeout("slow"), httpx.Response(201, json={}))
    async with without.client() as client:
        with pytest.raises(TimedOut):
            await client.post_json("/orders", {"amount_won": 1})
    async with under.client() as client:
        await client.post_json("/orders", {"amount_won": 1}, idempotency_key="order-0001-abcdef")
    assert (len(without.asked), len(under.asked)) == (1, 2)
    assert {request.headers["idempotency-key"] for request in under.asked} == {"order-0001-abcdef"}


class Time:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.promise("R36")
async def test_now_and_then_a_failure_is_retried_and_many_are_not_answered_with_twice_the_load():
    bad, good = httpx.Response(503), httpx.Response(200, json=1)
    other = Other(*[bad, good, good] * 200, good)
    async with other.client() as client:
        for _ in range(300):
            with contextlib.suppress(BadAnswer):
                await client.get_json("/")
        assert not client.leaves_alone
    assert 300 < len(other.asked) <= 1.1 * 300 + 3


@pytest.mark.promise("R36")
async def test_who_keeps_failing_is_left_alone_and_asked_again_when_it_is_well():
    time, other = Time(), Other(httpx.ConnectError("no"))
    client = HttpClient("http://other.test", transport=httpx.MockTransport(other), monotonic=time)
    for _ in range(100):
        with pytest.raises(Unreachable):
            await client.get_json("/")
    assert 10 <= len(other.asked) <= 13
    with pytest.raises(LeftAlone):
        await client.post_json("/", {})

    asked = len(other.asked)
    for _ in range(30):  # half a minute: it is tried a few times, by one question each
        time.now += 1.0
        with pytest.raises(Unreachable):
            await client.get_json("/")
    assert 5 <= len(other.asked) - asked <= 10

    other._answers[:] = [httpx.Response(200, json=1)]
    time.now += 4.0
    for _ in range(3):
        assert await client.get_json("/") == 1
    assert not client.leaves_alone
    await client.aclose()


@pytest.mark.promise("R36")
async def test_a_no_about_the_request_and_failures_long_ago_leave_nobody_alone():
    time = Time()
    for answer, seconds in ((httpx.Response(404), 0.0), (httpx.Response(503), 10.0)):
        client = HttpClient("http://other.test", transport=httpx.MockTransport(Other(answer)), monotonic=time)
        for _ in range(50):
            time.now += seconds
            with pytest.raises(BadAnswer):
                await client.get_json("/")
        await client.aclose()


@pytest.mark.promise("R36")
async def test_while_one_tries_the_others_do_not():
    time = Time()
    breaker = Breaker(monotonic=time)
    for _ in range(10):
        assert breaker.enter()
        breaker.leave(good=False)
    assert not breaker.enter()
    time.now += 1.0
    assert [breaker.enter(), breaker.enter()] == [True, False]
    breaker.abandon()  # whoever tried was cancelled: the next one tries
    assert breaker.enter()
    breaker.leave(good=False)
    time.now += 1.0
    assert not breaker.enter(), "the second pause is longer"


def test_an_unused_connection_is_let_go_before_a_service_closes_it() -> None:
    """Else a request goes out on a connection that is just being closed, and nobody knows what became of it."""
    assert uvicorn.Config("nobody:app").timeout_keep_alive - KEPT_SECONDS >= 1
