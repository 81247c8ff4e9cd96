"""Every error is problem+json, in the caller's language, with the right status, and says nothing of our inside."""

import json
import uuid

import pytest

from tests.integration.web.conftest import Notebook

GOOD = {"text": "x", "price_won": 1}


async def ask(notebook: Notebook, what: str, **headers: str):
    client, ours = notebook.client, notebook.headers(**headers)
    match what:
        case "route-not-found":
            return await client.get("/v1/nowhere", headers=ours)
        case "method-not-allowed":
            return await client.delete("/v1/notes", headers=ours)
        case "token-missing":
            return await client.get("/v1/notes", headers=headers)
        case "token-refused":
            return await client.get("/v1/notes", headers={"Authorization": "Bearer x.y.z", **headers})
        case "role-not-allowed":
            return await client.get("/v1/notes", headers={**notebook.issuer.headers(role="reader"), **headers})
        case "request-malformed":
            return await client.post("/v1/notes", content=b"{", headers={**ours, "Content-Type": "application/json"})
        case "media-type-unsupported":
            return await client.post("/v1/notes", content=b"<a/>", headers={**ours, "Content-Type": "text/xml"})
        case "body-too-large":
            return await client.post("/v1/notes", json={**GOOD, "slot": "x" * 30_000}, headers=ours)
        case "input-invalid":
            return await client.post("/v1/notes", json={"text": ""}, headers=ours)
        case "idempotency-key-missing":
            return await client.post("/v1/notes", json=GOOD, headers=notebook.headers(key=None, **headers))
        case "idempotency-key-malformed":
            return await client.post("/v1/notes", json=GOOD, headers=notebook.headers(key="short", **headers))
        case "idempotency-key-reused":
            key = str(uuid.uuid4())
            await client.post("/v1/notes", json=GOOD, headers=notebook.headers(key=key))
            return await client.post("/v1/notes", json=GOOD | {"price_won": 2}, headers=notebook.headers(key=key, **headers))
        case "version-missing":
            return await client.put(f"/v1/notes/{uuid.uuid4()}", json=GOOD, headers=ours)
        case "version-malformed":
            return await client.put(f"/v1/notes/{uuid.uuid4()}", json=GOOD, headers={**ours, "If-Match": "3"})
        case "cursor-refused":
            return await client.get("/v1/notes", params={"cursor": "abc"}, headers=ours)
        case "note-unknown":
            return await client.get(f"/v1/notes/{uuid.uuid4()}", headers=ours)
        case "internal-error":
            return await client.post("/v1/notes", json=GOOD | {"text": "a bug"}, headers=ours)
        case "too-dear":
            return await client.post("/v1/notes", json=GOOD | {"text": "refused after writing"}, headers=ours)
        case "not-your-note":
            return await client.post("/v1/notes", json=GOOD | {"text": "not permitted"}, headers=ours)
        case "bad-slot":
            return await client.post("/v1/notes", json=GOOD | {"text": "not stored"}, headers=ours)
    raise AssertionError(what)


STATUS = {
    "request-malformed": 400,
    "idempotency-key-missing": 400,
    "idempotency-key-malformed": 400,
    "version-malformed": 400,
    "cursor-refused": 400,
    "token-missing": 401,
    "token-refused": 401,
    "role-not-allowed": 403,
    "not-your-note": 403,
    "route-not-found": 404,
    "note-unknown": 404,
    "method-not-allowed": 405,
    "too-dear": 409,
    "body-too-large": 413,
    "media-type-unsupported": 415,
    "input-invalid": 422,
    "bad-slot": 422,
    "idempotency-key-reused": 422,
    "version-missing": 428,
    "internal-error": 500,
}


@pytest.mark.parametrize("code", STATUS)
async def test_a_problem_in_both_languages(notebook: Notebook, code: str):
    said = {}
    for language, header in (("ko", "ko-KR,ko;q=0.9,en;q=0.5"), ("en", "en-GB,en;q=0.9")):
        answer = await ask(notebook, code, **{"Accept-Language": header})
        body = answer.json()
        assert (answer.status_code, body["status"], body["code"]) == (STATUS[code], STATUS[code], code)
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
        ("body", "/parts/0/due_on", "date_from_datetime_parsing"),
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
async def test_a_hostile_address_is_the_callers_fault(notebook: Notebook, path: str):
    answer = await notebook.client.get(path, headers=notebook.headers(key=None))
    assert answer.status_code < 500, answer.text


async def test_a_parameter_nobody_knows_is_refused(notebook: Notebook):
    answer = await notebook.client.get("/v1/notes?autor=kim&page_size=5", headers=notebook.headers(key=None))
    assert answer.status_code == 422
    assert [(error["in"], error["name"], error["code"]) for error in answer.json()["errors"]] == [
        ("query", "autor", "unknown_parameter")
    ]


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
