"""One effect per key, however often, however parallel, and across a process that dies (promises R18 and R19)."""

import asyncio
import uuid

from sqlalchemy import text

from tests.integration.web.conftest import Notebook


async def notes(notebook: Notebook, author: str) -> int:
    async with notebook.database.transaction(read_only=True) as tx:
        found = await tx.execute(text("SELECT count(*) FROM note WHERE author = :author"), {"author": author})
        return found.scalar_one()


def someone() -> str:
    return f"writer-{uuid.uuid4()}"


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


async def test_eight_at_once_make_one_note(notebook: Notebook):
    author, key = someone(), str(uuid.uuid4())
    answers = await asyncio.gather(*(notebook.write(key=key, subject=author) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    assert await notes(notebook, author) == 1
