"""The client for addresses that others have named: the public internet only, decided before anything is connected to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from common.addresses import PublicNames, is_public
from common.http import TimedOut, Unreachable
from common.http_public import AddressRefused, PublicClient

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2001:4860:4860::8888"]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::7f00:1",
    "2001:0:53aa:64c::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "localhost",
    "",
    "1",
]


async def said(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class Way:
    """Where requests would go: what is connected to, instead of connecting."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers) or [httpx.Response(204)]
        self.went: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.went.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Names:
    """A name server that gives each answer in turn, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers, self.asked = list(answers), []

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        self.asked.append((name, port))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(way: Way, names: Names, **options: bool) -> PublicClient:
    return PublicClient(deadline_seconds=30, resolve=names, transport=httpx.MockTransport(way), **options)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_is_public(address: str):
    assert is_public(address)


@pytest.mark.promise("R31")
@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_nothing_is_connected_to_that_is_not_public(address: str):
    way, names = Way(), Names([address])
    assert not is_public(address)
    with pytest.raises(AddressRefused):
        await client(way, names).post("https://receiver.example/", b"", headers={})
    assert way.went == []


@pytest.mark.promise("R31")
async def test_one_address_that_is_not_public_is_enough():
    way = Way()
    with pytest.raises(AddressRefused):
        await client(way, Names(["8.8.8.8", "10.0.0.1"])).post("https://receiver.example/", b"", headers={})
    assert way.went == []


@pytest.mark.promise("R31")
async def test_the_connection_goes_to_the_address_that_was_looked_at_whatever_the_name_says_next():
    way, names = Way(), Names(["8.8.8.8"], ["127.0.0.1"])
    public = client(way, names)
    assert (await public.post("https://receiver.example:8443/a?b=1", b"x", headers={})).status == 204
    (went,) = way.went
    assert str(went.url) == "https://8.8.8.8:8443/a?b=1"
    assert went.headers["host"] == "receiver.example:8443"
    assert went.extensions["sni_hostname"] == "receiver.example"
    assert names.asked == [("receiver.example", 8443)]
    with pytest.raises(AddressRefused):
        await public.post("https://receiver.example:8443/a?b=1", b"x", headers={})
    assert len(way.went) == 1


async def test_another_address_is_tried_when_one_cannot_be_reached():
    way = Way(httpx.ConnectError("no"), httpx.Response(200))
    heard = await client(way, Names(["2606:4700::1111", "8.8.8.8"])).post("https://receiver.example/", b"", headers={})
    assert heard.status == 200
    assert [each.url.host for each in way.went] == ["2606:4700::1111", "8.8.8.8"]


@pytest.mark.promise("R31")
async def test_a_redirect_is_an_answer_and_never_followed():
    way = Way(httpx.Response(302, headers={"Location": "http://127.0.0.1/"}, content=said(b"over there")))
    heard = await client(way, Names(["8.8.8.8"])).post("https://receiver.example/", b"", headers={})
    assert (heard.status, heard.excerpt, len(way.went)) == (302, b"over there", 1)


@pytest.mark.parametrize(
    ("way", "names", "fault"),
    [
        (Way(httpx.ConnectError("no")), Names(["8.8.8.8"]), Unreachable),
        (Way(httpx.RemoteProtocolError("cut")), Names(["8.8.8.8"]), Unreachable),
        (Way(httpx.ReadTimeout("slow")), Names(["8.8.8.8"]), TimedOut),
        (Way(), Names([]), Unreachable),
        (Way(), Names(OSError("no such name")), Unreachable),
        (Way(), Names(UnicodeError("label too long")), Unreachable),
    ],
)
async def test_every_other_end_is_a_fault(way: Way, names: Names, fault: type[Exception]):
    with pytest.raises(fault):
        await client(way, names).post("https://receiver.example/", b"", headers={})


@pytest.mark.parametrize("url", ["https://[::1", "https://", "nothing", "file:///etc/passwd", "https://a.example:x/"])
async def test_what_is_no_address_reaches_nothing(url: str):
    way = Way()
    with pytest.raises((Unreachable, AddressRefused)):
        await client(way, Names([])).post(url, b"", headers={})
    assert way.went == []


async def test_of_a_long_refusal_only_the_beginning_is_kept_and_of_a_success_nothing():
    way = Way(httpx.Response(500, content=said(b"x" * 300, b"x" * 999_700)), httpx.Response(200, content=said(b"x")))
    public = client(way, Names(["8.8.8.8"]))
    assert len((await public.post("https://receiver.example/", b"", headers={})).excerpt) == 512
    assert (await public.post("https://receiver.example/", b"", headers={})).excerpt == b""


async def test_this_machine_is_reached_where_that_is_wanted_and_its_network_is_not():
    way = Way()
    assert (await client(way, Names(["127.0.0.1"]), loopback=True).post("http://localhost/", b"", headers={})).status
    with pytest.raises(AddressRefused):
        await client(way, Names(["192.168.0.1"]), loopback=True).post("http://localhost/", b"", headers={})
    assert len(way.went) == 1


async def test_a_status_that_came_in_time_stands_whatever_its_body_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("common.http_public._EXCERPT_SECONDS", 1.2)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"gone, "
        await asyncio.Event().wait()

    way = Way(httpx.Response(410, content=dripping()))
    public = PublicClient(deadline_seconds=0.8, resolve=Names(["8.8.8.8"]), transport=httpx.MockTransport(way))
    heard = await public.post("https://receiver.example/", b"", headers={})
    assert (heard.status, heard.excerpt) == (410, b"gone, ")


@pytest.mark.promise("R31")
async def test_what_one_receiver_sets_is_sent_to_no_other_of_its_domain():
    cookies = [("Set-Cookie", "a=1; Domain=receivers.example; Path=/"), ("Set-Cookie", "b=2")]
    way = Way(httpx.Response(200, headers=cookies), httpx.Response(200))
    public = client(way, Names(["8.8.8.8"]))
    for url in ("https://one.receivers.example/", "https://other.receivers.example/", "https://one.receivers.example/"):
        await public.post(url, b"", headers={})
    assert ["cookie" in each.headers for each in way.went] == [False] * 3


@pytest.mark.promise("R31")
async def test_a_name_is_asked_for_whole_so_that_no_search_list_makes_it_one_of_ours(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    names = PublicNames()
    for name in ("kafka.messaging", "receiver.example.", "8.8.8.8", "2606:4700::1111", "localhost"):
        assert await names.addresses(name, 443) == ["8.8.8.8"]
    names.close()
    assert asked == ["kafka.messaging.", "receiver.example.", "8.8.8.8", "2606:4700::1111", "localhost"]


async def test_a_name_server_that_does_not_answer_is_asked_once_for_all_who_wait():
    answered, asked = asyncio.Event(), []

    async def resolve(name: str, port: int) -> Sequence[str]:
        asked.append((name, port))
        if name == "hangs.example":
            await answered.wait()
        return ["8.8.8.8"]

    way = Way()
    public = PublicClient(deadline_seconds=0.8, resolve=resolve, transport=httpx.MockTransport(way))
    for _ in range(2):
        waiting = [public.post("https://hangs.example/", b"", headers={}) for _ in range(8)]
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(each) for each in ends} == {TimedOut}
    assert (await public.post("https://other.example/", b"", headers={})).status == 204
    assert asked == [("hangs.example", 443), ("other.example", 443)]
    answered.set()
    assert (await public.post("https://hangs.example/", b"", headers={})).status == 204
