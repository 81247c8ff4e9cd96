"""Every error is problem+json, in the caller's language, with the right status, and says nothing of our inside."""

import contextlib
import json
import time
import uuid
from dataclasses import dataclass, field

import pytest

from common.web.faults import field_faults
from tests.integration.web.conftest import Notebook

GOOD = {"text": "x", "price_won": 1}


SOME_ID = str(uuid.uuid4())
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Case:
    """A request that ends in one problem; a header of None is left out."""

    status: int
    method: str = "POST"
    path: str = "/v1/notes"
    body: bytes | dict[str, object] | None = None
    headers: dict[str, str | None] = field(default_factory=dict)


def note(**changed: object) -> dict[str, object]:
    return GOOD | changed


CASES = {
    "request-malformed": Case(400, body=b"{", headers=JSON),
    "idempotency-key-missing": Case(400, body=GOOD, headers={"Idempotency-Key": None}),
    "idempotency-key-malformed": Case(400, body=GOOD, headers={"Idempotency-Key": "short"}),
    "version-malformed": Case(400, "PUT", f"/v1/notes/{SOME_ID}", GOOD, {"If-Match": "3"}),
    "cursor-refused": Case(400, "GET", "/v1/notes?cursor=abc"),
    "token-missing": Case(401, "GET", headers={"Authorization": None}),
    "token-refused": Case(401, "GET", headers={"Authorization": "Bearer x.y.z"}),
    "role-not-allowed": Case(403, "GET", headers={"Authorization": "as a reader"}),
    "not-your-note": Case(403, body=note(text="not permitted")),
    "route-not-found": Case(404, "GET", "/v1/nowhere"),
    "note-unknown": Case(404, "GET", f"/v1/notes/{SOME_ID}"),
    "method-not-allowed": Case(405, "DELETE"),
    "too-dear": Case(409, body=note(text="refused after writing")),
    "body-too-large": Case(413, body=note(slot="x" * 30_000)),
    "media-type-unsupported": Case(415, body=b"<a/>", headers={"Content-Type": "text/xml"}),
    "input-invalid": Case(422, body={"text": ""}),
    "bad-slot": Case(422, body=note(text="not stored")),
    "idempotency-key-reused": Case(422, body=note(price_won=2), headers={"Idempotency-Key": "a-key-used-before"}),
    "version-missing": Case(428, "PUT", f"/v1/notes/{SOME_ID}", GOOD),
    "internal-error": Case(500, body=note(text="a bug")),
}


async def ask(notebook: Notebook, code: str, **more: str):
    case = CASES[code]
    if code == "idempotency-key-reused":
        await notebook.write(key="a-key-used-before")
    offered: dict[str, str | None] = {**notebook.headers(), **case.headers, **more}
    if offered["Authorization"] == "as a reader":
        offered |= notebook.issuer.headers(role="reader")
    headers = {name: value for name, value in offered.items() if value is not None}
    body = {"content": case.body} if isinstance(case.body, bytes) else {"json": case.body}
    return await notebook.client.request(case.method, case.path, headers=headers, **(body if case.body else {}))


@pytest.mark.parametrize("code", CASES)
async def test_a_problem_in_both_languages(notebook: Notebook, code: str):
    said = {}
    for language, header in (("ko", "ko-KR,ko;q=0.9,en;q=0.5"), ("en", "en-GB,en;q=0.9")):
        answer = await ask(notebook, code, **{"Accept-Language": header})
        body = answer.json()
        assert (answer.status_code, body["status"], body["code"]) == (CASES[code].status, CASES[code].status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == language
        assert "accept-language" in answer.headers["vary"].lower()
        assert answer.headers["x-request-id"]
        assert body["type"] == f"/problems/{code}"
        assert {"title", "detail", "instance", "errors", "trace_id"} <= body.keys()
        assert "{" not in body["detail"]
        said[language] = (body["title"], body["detail"])
    assert said["ko"] != said["en"]
    page = await notebook.client.get(f"/problems/{code}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert said["ko"][0] in page.text
    assert said["en"][0] in page.text


async def test_korean_is_what_nobody_asked_for(notebook: Notebook):
    assert (await ask(notebook, "token-missing")).headers["content-language"] == "ko"


async def test_a_405_lists_every_method_of_the_address(notebook: Notebook):
    list_and_write = await notebook.client.delete("/v1/notes")
    one = await notebook.client.post(f"/v1/notes/{uuid.uuid4()}")
    assert list_and_write.headers["allow"] == "GET, HEAD, POST"
    assert one.headers["allow"] == "GET, HEAD, PUT"


async def test_an_unexpected_error_tells_nothing(notebook: Notebook, caplog: pytest.LogCaptureFixture):
    answer = await ask(notebook, "internal-error")
    assert "8801011234567" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "a request failed unexpectedly" in caplog.text


async def test_wrong_fields_are_named_with_their_place_and_code(notebook: Notebook):
    body = {"text": "", "price_won": "5", "parts": [{"name": 1, "due_on": "tomorrow"}], "colour": "red"}
    answer = await notebook.client.post("/v1/notes", json=body, headers=notebook.headers())
    found = {(error["in"], error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert found == {
        ("body", "/text", "string_too_short"),
        ("body", "/price_won", "int_type"),
        ("body", "/parts/0/name", "string_type"),
        ("body", "/parts/0/due_on", "date_parsing"),
        ("body", "/colour", "extra_forbidden"),
    }
    assert all(error["detail"] for error in answer.json()["errors"])


async def test_a_rule_about_input_names_its_field(notebook: Notebook):
    answer = await ask(notebook, "bad-slot")
    assert answer.json()["errors"][0]["pointer"] == "/slot"


@pytest.mark.parametrize("price", ["5", 5.0, True, None, 10**30, -1, 2**53, [], {}, 1e400])
async def test_an_amount_is_an_exact_integer_or_refused(notebook: Notebook, price: object):
    answer = await notebook.client.post(
        "/v1/notes",
        content=json.dumps({"text": "x", "price_won": price}).encode(),
        headers={**notebook.headers(), "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"text": "x", "price_won": 1',
        b"[" * 100_00,
        b'{"parts":' * 1000,
        b'{"text": "x", "price_won": ' + b"9" * 5000 + b"}",
        b'{"text": "\\u0000", "price_won": 1}',
        b'{"text": "\\ud800", "price_won": 1}',
        b'{"text": "\xff", "price_won": 1}',
        b'{"text": "x", "price_won": NaN}',
        b'{"text": "x", "price_won": 1, "parts": [{"name": "\\u0000"}]}',
        b'{"text": "x", "price_won": 1, "\\u0000": 1}',
        b'{"text": "x", "price_won": 1, "slot": "\\udfff"}',
        b'{"text": "x", "price_won": 1, "parts": [{"name": "1"},{"name": "1"},{"name": "1"},{"name": "1"}]}',
        b"\x00",
        b"\xef\xbb\xbf{}",
    ],
    ids=range(19),
)
@pytest.mark.promise("R28")
async def test_a_hostile_body_is_the_callers_fault(notebook: Notebook, body: bytes):
    headers = {**notebook.headers(), "Content-Type": "application/json"}
    answer = await notebook.client.post("/v1/notes", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/notes/not-a-uuid",
        "/v1/numbers/99999999999999999999999",
        f"/v1/numbers/{'9' * 5000}",
        "/v1/numbers/%00",
        "/v1/notes?cursor=%00",
        "/v1/notes?page_size=0",
        "/v1/notes?page_size=x",
        "/v1/notes?author=%00",
        "/v1/notes?cursor=" + "A" * 2000,
        "/v1/notes/%ff",
        "/v1/notes?author=%ff%fe",
    ],
)
@pytest.mark.promise("R28")
async def test_a_hostile_address_is_the_callers_fault(notebook: Notebook, path: str):
    answer = await notebook.client.get(path, headers=notebook.headers(key=None))
    assert answer.status_code < 500, answer.text


async def test_a_parameter_nobody_knows_is_refused(notebook: Notebook):
    answer = await notebook.client.get("/v1/notes?autor=kim&page_size=5", headers=notebook.headers(key=None))
    assert answer.status_code == 422
    assert [(error["in"], error["name"], error["code"]) for error in answer.json()["errors"]] == [
        ("query", "autor", "unknown_parameter")
    ]


@pytest.mark.promise("R27")
async def test_a_body_too_large_is_refused_whether_or_not_it_says_so(notebook: Notebook):
    async def endless():
        for _ in range(100):
            yield b" " * 1000

    headers = {**notebook.headers(), "Content-Type": "application/json"}
    answer = await notebook.client.post("/v1/notes", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit_bytes"]) == (413, "body-too-large", 20_000)
    unrouted = await notebook.client.post("/v1/nowhere", content=b"x" * 30_000, headers=headers)
    assert (unrouted.status_code, unrouted.json()["code"]) == (413, "body-too-large")


async def test_a_request_id_is_kept_or_made(notebook: Notebook):
    given = await notebook.client.get("/v1/time", headers={"X-Request-Id": "support-case-0042"})
    made = await notebook.client.get("/v1/time", headers={"X-Request-Id": "<script>"})
    assert given.headers["x-request-id"] == "support-case-0042"
    assert uuid.UUID(made.headers["x-request-id"])


async def test_head_is_get_without_its_body(notebook: Notebook):
    answer = await notebook.client.head("/v1/time")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.promise("R9")
async def test_a_caller_that_finds_every_connection_taken_is_told_so_in_time(notebook: Notebook):
    """Behind the wait for a connection come a lock and the work, and all of it has five seconds (promise R9)."""
    async with contextlib.AsyncExitStack() as held:
        for _ in range(10):
            await held.enter_async_context(notebook.database.transaction())
        began = time.monotonic()
        refused = await notebook.write()
        assert time.monotonic() - began < 5.0
    assert refused.status_code == 503
    assert 1 <= int(refused.headers["retry-after"]) <= 4
    assert (await notebook.write()).status_code == 201


async def test_a_text_of_blanks_is_no_text_and_blanks_around_one_are_not_kept(notebook: Notebook):
    blank = await notebook.write(" \t\n ")
    assert (blank.status_code, blank.json()["errors"][0]["code"]) == (422, "string_too_short")
    assert (await notebook.write("  쪽지 🏭 ")).json()["text"] == "쪽지 🏭"


async def test_a_refusal_says_where_to_go_on(notebook: Notebook):
    reader = notebook.headers() | notebook.issuer.headers(role="reader")
    refused = (await notebook.client.get("/v1/notes", headers=reader)).json()
    assert refused["detail"] == "reader 역할로는 이 기능을 사용할 수 없습니다. 사용할 수 있는 역할: writer"
    assert "/docs 에서" in (await notebook.client.get("/v1/nowhere")).json()["detail"]


def test_allowed_values_and_forms_are_said_in_every_language_alike():
    finding = {"loc": ("query", "state"), "type": "enum", "ctx": {"expected": "'DRAFT', 'SENT' or 'PAID'"}}
    shape = {"loc": ("body", "code"), "type": "string_pattern_mismatch", "ctx": {"pattern": "^[0-9]{5}$"}}
    first, second = field_faults([finding, shape])
    assert first.detail.ko == "허용된 값이 아닙니다. 허용: DRAFT, SENT, PAID"
    assert second.detail.ko == "정해진 형식(^[0-9]{5}$)에 맞지 않습니다."
