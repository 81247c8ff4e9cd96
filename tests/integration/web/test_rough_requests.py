"""Requests that no honest client sends, against the process itself: each is refused, told why, and costs nobody else."""

import contextlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping

import pytest

from tests.integration.web.notebook.main import SERVICE, WRITER
from tests.integration.web.notebook.process import ISSUED, Running
from tests.support.raw_http import Raw, chunked, request
from tests.support.servers import Servers
from tests.support.waiting import eventually_now

pytestmark = pytest.mark.promise("R27")

LIMIT = 20_000
HEAD_SECONDS = 2.0
CONNECTIONS = 30


@pytest.fixture(scope="module")
def running(session_servers: Servers, jwks_url: str, forking: None) -> Iterator[Running]:
    """One process for all of it: that it serves the next test as well is part of the claim."""
    session_servers.have_template(SERVICE)
    urls = session_servers.fresh_databases(["notebook"], migrated=True)["notebook"]
    with Running(session_servers, urls, jwks_url) as made:
        made.start(
            MAX_BODY_BYTES=str(LIMIT), REQUEST_TIMEOUT_SECONDS=str(HEAD_SECONDS), HTTP_CONNECTIONS_MAX=str(CONNECTIONS)
        )
        yield made
    session_servers.stop_processes()
    session_servers.drop_databases([urls])


@pytest.fixture
def port(running: Running) -> Iterator[int]:
    yield int(running.client.base_url.port or 0)
    assert running.process.exit_code() is None
    assert "unexpectedly" not in running.process.log
    assert '"exception"' not in running.process.log


def write(body: bytes = b"", **headers: object) -> bytes:
    """A writer's POST; `Content-Length` only as given."""
    return request(
        "POST", "/v1/notes", _headers() | {name.replace("_", "-"): said for name, said in headers.items()}, body
    )


def note(size: int) -> bytes:
    """A good note of exactly so many bytes."""
    bare = json.dumps({"text": "x", "price_won": 1}).encode()
    return bare + b" " * (size - len(bare))


def test_a_body_is_taken_up_to_its_limit_and_not_a_byte_more(port: int):
    for size, status in ((LIMIT - 1, 201), (LIMIT, 201), (LIMIT + 1, 413)):
        with Raw(port) as said_so, Raw(port) as did_not:
            said_so.send(write(note(size), Content_Length=size))
            assert said_so.answer().status == status
            did_not.send(write(Transfer_Encoding="chunked") + b"".join(chunked([note(size)])))
            assert did_not.answer().status == status


def test_ten_megabytes_without_a_length_are_refused_within_one(port: int):
    with Raw(port) as raw:
        raw.send(write(Transfer_Encoding="chunked"))
        raw.send_until_answered(chunked(b" " * 10_000 for _ in range(1_000)))
        answer = raw.answer()
        assert (answer.status, answer.code) == (413, "body-too-large")
        assert answer.sent < 1_048_576
        raw.send_until_answered(chunked(b" " * 10_000 for _ in range(1_000)))
        assert raw.closed()


def test_an_answer_that_did_not_wait_for_the_body_is_not_lost(port: int):
    """The body is far larger than what the kernel holds: whoever closes at once destroys the answer under way."""
    for _ in range(10):
        with Raw(port) as raw:
            raw.send(request("POST", "/v1/notes", {"Content-Length": 8_000_000, "Content-Type": "application/json"}))
            raw.send_until_answered(b" " * 50_000 for _ in range(160))
            assert raw.answer().code == "body-too-large"


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"GET /v1/notes HTTP/9.9\r\nHost: x\r\n\r\n",
        b"G\xffT / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test\r\n\r\n",
    ],
    ids=range(12),
)
def test_what_is_no_http_is_answered_as_a_problem_and_the_connection_ends(running: Running, port: int, sent: bytes):
    with Raw(port) as raw:
        raw.send(sent)
        answer = raw.answer()
        assert 400 <= answer.status < 500
        assert answer.code
        assert raw.closed()


@pytest.mark.parametrize(
    "broken", [b"zz\r\nabc\r\n", b"5\r\nabcdefgh\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\nx"], ids=range(4)
)
def test_a_chunk_that_is_none_is_refused_and_nothing_is_written(running: Running, port: int, broken: bytes):
    with Raw(port) as raw:
        raw.send(write(Transfer_Encoding="chunked") + b'10\r\n{"text": "broken\r\n')
        raw.send(broken)
        answer = raw.answer()
        assert (answer.status, answer.code) == (400, "request-malformed")
    assert broken_notes(running) == []


def test_a_head_without_end_is_refused_while_it_comes(port: int):
    with Raw(port) as one_line, Raw(port) as many:
        one_line.send(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: ")
        one_line.send_until_answered(b"a" * 10_000 for _ in range(1_000))
        answer = one_line.answer()
        assert (answer.status, answer.code, answer.sent < 1_048_576) == (431, "headers-too-large", True)
        many.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A-%d: b\r\n" % n for n in range(12_000)) + b"\r\n")
        assert many.answer().code == "headers-too-large"


def test_a_head_that_drips_is_given_up_in_time(port: int):
    with Raw(port) as silent, Raw(port) as begun:
        begun.send(b"GET /v1/notes HTTP/1.1\r\nHost: x\r\nA: ")
        assert begun.answer().code == "request-too-slow"
        assert silent.seconds_until_closed() < 5 * HEAD_SECONDS


def test_a_body_that_drips_is_given_up_in_time_and_is_not_our_fault(running: Running, port: int):
    with Raw(port) as raw:
        raw.send(write(b'{"text": "broken', Content_Length=50))
        answer = raw.answer()
        assert (answer.status, answer.code) == (408, "request-too-slow")
        assert raw.closed()
    assert broken_notes(running) == []


def test_pipelined_requests_are_answered_in_their_order_and_what_follows_garbage_is_not(running: Running, port: int):
    told = str(uuid.uuid4())
    with Raw(port) as raw:
        raw.send(
            write(note(40), Content_Length=40) + request("GET", "/v1/nowhere") + write(note(50), Content_Length=50)
        )
        assert [raw.answer().status for _ in range(3)] == [201, 404, 201]
    with Raw(port) as raw:
        body = json.dumps({"text": told, "price_won": 1}).encode()
        raw.send(write(body, Content_Length=len(body)) + b"garbage\r\n\r\n")
        assert raw.answer().status == 201, "what was written must be told, whatever comes after it"
        assert raw.closed()
    assert [found["text"] for found in running.notes()].count(told) == 1


def test_an_answer_before_the_body_came_leaves_the_connection_to_the_next_request(port: int):
    body = note(10_000)
    with Raw(port) as raw:
        head = {"Content-Length": len(body), "Content-Type": "application/json"}
        raw.send(request("POST", "/v1/notes", head))
        assert raw.answer().code == "token-missing"
        raw.send(body)
        raw.send(write(note(40), Content_Length=40))
        assert raw.answer().status == 201


def test_what_came_whole_is_answered_though_the_next_one_is_broken(running: Running, port: int):
    told = str(uuid.uuid4())
    body = json.dumps({"text": told, "price_won": 1}).encode()
    with Raw(port) as raw:
        good = write(body, Content_Length=len(body)) + request("GET", "/v1/nowhere")
        raw.send(good + write(Transfer_Encoding="chunked") + b"zz\r\nabc\r\n")
        assert [raw.answer().status for _ in range(2)] == [201, 404]
        assert raw.closed()
    assert [found["text"] for found in running.notes()].count(told) == 1


def test_one_connection_too_many_is_told_so(running: Running, port: int):
    with contextlib.ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(Raw(port))
        refused = held.enter_context(Raw(port)).answer()
        assert (refused.status, refused.code) == (503, "service-busy")
        assert 1 <= int(refused.headers["retry-after"]) <= 4
    # The line about it comes by another way than the answer, and must not be read as the next test's.
    eventually_now(lambda: "service-busy" in running.process.log, what="the log says so")


def test_a_request_that_is_left_alone_half_way_is_no_fault_of_ours(running: Running, port: int):
    logged = len(running.process.log)
    with Raw(port) as raw:
        raw.send(write(b'{"text"', Content_Length=50))
    assert running.write(str(uuid.uuid4())).status_code == 201
    assert not re.search(r'"status": ?5', running.process.log[logged:])


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 9_000 + b"]" * 9_000,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
        b"{" + b",".join(b'"k%d":1' % n for n in range(1_900)) + b"}",
    ],
    ids=["arrays", "objects", "members"],
)
def test_what_is_deep_or_many_is_refused(port: int, body: bytes):
    with Raw(port) as raw:
        raw.send(write(body, Content_Length=len(body)))
        answer = raw.answer()
        assert answer.status in {400, 422}
        assert answer.code


def broken_notes(running: Running) -> list[object]:
    return [found for found in running.notes() if "broken" in str(found["text"])]


def _headers() -> Mapping[str, object]:
    token = ISSUED.headers(role=WRITER, tenant="t-1")
    return {**token, "Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
