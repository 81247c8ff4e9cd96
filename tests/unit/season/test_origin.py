"""The season's way into the system: the same key until there is an answer, and no going on without one."""

import json
from collections.abc import Callable

import httpx
import pytest

from common.http import HttpClient
from smartfactory.season import origin as origins
from smartfactory.season.origin import Origin, Person, SeasonStopped, for_each, until

pytestmark = pytest.mark.anyio
SOMEBODY = Person("somebody", "s", "province.officer", "52")


class Service:
    """Answers in the given order and remembers what it was asked."""

    def __init__(self, *answers: Callable[[], httpx.Response]) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0)()

    def keys(self) -> list[str]:
        return [request.headers["Idempotency-Key"] for request in self.asked]


def answer(status: int, body: object, **headers: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, content=json.dumps(body), headers=headers)


def broken() -> httpx.Response:
    raise httpx.ReadError("the connection broke")


async def token(*, subject: str, role: str, tenant: str | None) -> str:
    return f"{role}/{subject}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(origins, "_GIVE_UP_SECONDS", 0.2)


def origin_over(service: Service, *, seed: int = 1) -> Origin:
    client = HttpClient("http://origin.test", transport=httpx.MockTransport(service))
    return Origin(client, token, year="track-b/2024", seed=seed)


async def test_a_request_whose_answer_got_lost_is_sent_again_under_the_same_key() -> None:
    service = Service(broken, answer(503, {"code": "service-busy"}), answer(201, {"id": 1}))
    assert await origin_over(service).post(SOMEBODY, "/x", {"a": 1}, step="draft", entity="a") == {"id": 1}
    assert len(service.keys()) == 3
    assert len(set(service.keys())) == 1


async def test_every_step_and_entity_has_its_own_key_and_the_same_one_in_every_run() -> None:
    first, second = origin_over(Service()), origin_over(Service())
    assert first.key("draft", "a") == second.key("draft", "a")
    assert len({first.key("draft", "a"), first.key("draft", "b"), first.key("submit", "a")}) == 3


async def test_what_a_year_has_once_is_found_done_by_a_season_of_another_seed() -> None:
    first, other = origin_over(Service(), seed=1), origin_over(Service(), seed=2)
    assert first.key("draft", "a") != other.key("draft", "a")
    assert first.key("budget", "a", every_seed=True) == other.key("budget", "a", every_seed=True)


async def test_a_refusal_stops_the_season_and_says_who_asked_for_what() -> None:
    service = Service(answer(409, {"code": "window-closed", "detail": "The window closed."}))
    with pytest.raises(SeasonStopped) as stopped:
        await origin_over(service).post(SOMEBODY, "/x", None, step="submit", entity="a")
    assert "somebody: POST /x: 409 window-closed: The window closed." in stopped.value.what.en


async def test_a_system_that_never_answers_stops_the_season_too() -> None:
    service = Service(*[broken] * 1000)
    with pytest.raises(SeasonStopped, match="cannot be reached"):
        await origin_over(service).get(SOMEBODY, "/x")


async def test_replayed_answers_are_counted() -> None:
    service = Service(answer(201, {}), answer(201, {}, **{"Idempotency-Replayed": "true"}))
    origin = origin_over(service)
    await origin.post(SOMEBODY, "/x", None, step="a", entity="1", version=3)
    await origin.post(SOMEBODY, "/x", None, step="a", entity="2")
    assert (origin.sent, origin.replayed) == (2, 1)
    assert service.asked[0].headers["If-Match"] == '"3"'
    assert service.asked[0].headers["Authorization"] == "Bearer province.officer/s"


async def test_a_list_is_read_to_its_last_page() -> None:
    service = Service(answer(200, {"items": [1, 2], "next": "c"}), answer(200, {"items": [3], "next": None}))
    assert await origin_over(service).pages(None, "/x", call_id="7") == [1, 2, 3]
    assert service.asked[1].url.params["cursor"] == "c"
    assert service.asked[1].url.params["call_id"] == "7"


async def test_the_first_that_cannot_go_on_stops_the_others() -> None:
    async def work(item: int) -> None:
        if item == 3:
            raise SeasonStopped("three")

    with pytest.raises(SeasonStopped, match="three"):
        await for_each(range(100), work, at_once=4)


async def test_waiting_ends_at_its_deadline() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(SeasonStopped, match="the moon did not come about"):
        await until(never, what="the moon", deadline_seconds=0.01)


async def test_a_list_is_read_one_page_at_a_time_and_no_further_than_its_reader_goes() -> None:
    service = Service(answer(200, {"items": [1, 2], "next": "c"}), answer(200, {"items": [3], "next": None}))
    read = []
    async for item in origin_over(service).each(SOMEBODY, "/x"):
        read.append(item)
        if item == 2:
            break
    assert read == [1, 2]
    assert len(service.asked) == 1
    assert await origin_over(Service(*service.answers)).pages(SOMEBODY, "/x") == [3]
