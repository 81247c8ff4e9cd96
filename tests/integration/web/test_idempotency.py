"""One effect per key, however often, however parallel, and across a process that dies (promises R18 and R19)."""

import asyncio
import uuid

import pytest
from sqlalchemy import text

from common.db import Database
from common.idempotency import ForgetOldKeys
from tests.integration.web.conftest import CLOCK, Notebook
from tests.support.patience import patiently
from tests.support.waiting import eventually


async def notes(notebook: Notebook, author: str) -> int:
    async with notebook.database.transaction(read_only=True) as tx:
        found = await tx.execute(text("SELECT count(*) FROM note WHERE author = :author"), {"author": author})
        return found.scalar_one()


def someone() -> str:
    return f"writer-{uuid.uuid4()}"


@pytest.mark.promise("R18")
async def test_the_second_time_gives_the_first_answer_and_no_second_effect(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    first = await notebook.write(key=key, subject=author)
    second = await notebook.write(key=key, subject=author)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    for name in ("location", "etag", "content-type"):
        assert second.headers[name] == first.headers[name]
    assert await notes(notebook, author) == 1


@pytest.mark.promise("R18", "I3")
async def test_eight_at_once_make_one_note(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    # Who waits for the first one longer than a second is told to come again, and does.
    once_each = (patiently(lambda: notebook.write(key=key, subject=author)) for _ in range(8))
    answers = await asyncio.gather(*once_each)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    assert await notes(notebook, author) == 1


@pytest.mark.promise("R18")
async def test_the_same_key_with_another_body_is_refused(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    await notebook.write("first", key=key, subject=author)
    other = await notebook.write("second", key=key, subject=author)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert await notes(notebook, author) == 1


@pytest.mark.promise("R18")
async def test_a_key_belongs_to_one_caller_in_one_role_of_one_tenant(notebook: Notebook):
    key = str(uuid.uuid4())
    body = {"text": "mine", "price_won": 1}
    answers = []
    for subject, tenant in (("a", "t-1"), ("b", "t-1"), ("a", "t-2")):
        headers = notebook.issuer.headers(role="writer", tenant=tenant, subject=subject) | {"Idempotency-Key": key}
        answers.append(await notebook.client.post("/v1/notes", json=body, headers=headers))
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 3


@pytest.mark.promise("R18", "I3")
async def test_a_refused_rule_undoes_the_work_keeps_the_key_and_is_replayed(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    first = await notebook.write("refused after writing", key=key, subject=author, price_won=5000)
    second = await notebook.write("refused after writing", key=key, subject=author, price_won=5000)
    assert (first.status_code, first.json()["code"], first.json()["limit_won"]) == (409, "too-dear", 1000)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-type"] == "application/problem+json"
    assert await notes(notebook, author) == 0


@pytest.mark.parametrize(
    ("what", "status"), [("not permitted", 403), ("not stored", 422), ("a bug", 500)], ids=["403", "422", "500"]
)
async def test_an_answer_that_is_no_decision_leaves_the_key_free(notebook: Notebook, what: str, status: int):
    author, key = someone(), str(uuid.uuid4())
    refused = await notebook.write(what, key=key, subject=author)
    assert refused.status_code == status
    assert await notes(notebook, author) == 0
    written = await notebook.write("good now", key=key, subject=author)
    assert written.status_code == 201
    assert "idempotency-replayed" not in written.headers


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency-key-missing"),
        ("short", "idempotency-key-malformed"),
        ("x" * 256, "idempotency-key-malformed"),
        ("with a space in it", "idempotency-key-malformed"),
    ],
)
@pytest.mark.promise("R18")
async def test_a_post_without_a_usable_key_is_refused(notebook: Notebook, key: str | None, code: str):
    headers = notebook.headers(key=key)
    answer = await notebook.client.post("/v1/notes", json={"text": "x", "price_won": 1}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_quoted_key_is_the_same_key(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    first = await notebook.write(key=key, subject=author)
    second = await notebook.write(key=f'"{key}"', subject=author)
    assert second.json() == first.json()


@pytest.mark.promise("R18")
async def test_a_duplicate_waits_a_second_at_most(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    slow = asyncio.create_task(notebook.write("slow", key=key, subject=author))
    await eventually(lambda: holds_the_key(notebook, key), what="the slow request holds the key")
    waiting = await notebook.write("slow", key=key, subject=author)
    slow.cancel()
    assert (waiting.status_code, waiting.json()["code"]) == (409, "request-in-progress")
    assert waiting.headers["retry-after"] == "1"
    await asyncio.gather(slow, return_exceptions=True)


async def holds_the_key(notebook: Notebook, key: str) -> bool:
    async with notebook.database.dedicated() as connection:
        found = await connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'tests'"
            )
        )
        return found.scalar_one() > 0


@pytest.mark.promise("R18")
async def test_a_commit_that_fails_is_never_a_success(notebook: Notebook):
    author, slot = someone(), str(uuid.uuid4())
    key = str(uuid.uuid4())
    taken = await notebook.write(subject=author, slot=slot)
    failing = await notebook.write(subject=author, slot=slot, key=key)
    assert taken.status_code == 201
    assert failing.status_code == 500, "two notes in one slot: noticed by the commit, after the function's 201"
    assert await notes(notebook, author) == 1
    again = await notebook.write(subject=author, slot=slot + "b", key=key)
    assert again.status_code == 201, "nothing of the failed try is left, its key included"


async def test_a_reading_route_cannot_write(notebook: Notebook):
    author = someone()
    await notebook.write(subject=author)
    answer = await notebook.client.get("/v1/writes", headers=notebook.headers(key=None))
    assert answer.status_code == 500
    assert await notes(notebook, author) == 1


async def test_a_key_is_forgotten_after_a_week_and_not_before(notebook: Notebook, workers: Database):
    young, old, author = str(uuid.uuid4()), str(uuid.uuid4()), someone()
    for key in (young, old):
        await notebook.write(key=key, subject=author)
    async with workers.transaction() as tx:
        aged = text("UPDATE idempotency_key SET created_at = now() - :age * interval '1 hour' WHERE key = :key")
        await tx.execute(aged, {"age": 7 * 24 + 1, "key": old})
        await tx.execute(aged, {"age": 7 * 24 - 1, "key": young})
    forget = ForgetOldKeys(monotonic=lambda: 1.0)
    assert await forget(workers, CLOCK)
    assert not await forget(workers, CLOCK), "and then it rests"
    assert "idempotency-replayed" in (await notebook.write(key=young, subject=author)).headers
    assert "idempotency-replayed" not in (await notebook.write(key=old, subject=author)).headers
