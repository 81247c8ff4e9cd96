"""Tokens taken back before they end: refused in a second, by id or by whose they are, and never with a query per request."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.auth import Principal, TokenRefused
from common.db import Database
from common.denials import Denials, DenialsUnknown, deny
from tests.integration.web.conftest import Notebook
from tests.integration.web.notebook.main import WRITER
from tests.support.tokens import IN_FORCE_SECONDS, ISSUER
from tests.support.waiting import eventually


@dataclass(frozen=True)
class These:
    """Which tokens are denied."""

    subject: str | None = None
    role: str | None = None
    tenant: str | None = None
    token_id: str | None = None
    issuer: str = ISSUER


async def denied(database: Database, these: These, *, issued_until: datetime | None = None) -> datetime:
    async with database.transaction() as tx:
        return await deny(tx, these, issued_until=issued_until)


def principal(issued_at: float, **changed: str) -> Principal:
    known = {"issuer": ISSUER, "subject": "kim", "role": WRITER, "tenant": "t-1", "token_id": "jti-1"} | changed
    return Principal(**known, issued_at=int(issued_at))


async def status(notebook: Notebook, **claims: object) -> int:
    token = notebook.issuer.token(role=WRITER, **claims)
    return (await notebook.client.get("/v1/time", headers={"Authorization": f"Bearer {token}"})).status_code


@pytest.mark.promise("R24")
async def test_a_denied_subject_is_refused_at_once_and_let_in_again_with_a_later_token(notebook: Notebook):
    assert await status(notebook, subject="lee") == 200
    before = time.time()
    until = await denied(notebook.database, These(subject="lee"))
    assert before + 4 < until.timestamp() < time.time() + 6, "real time, a little ahead"

    async def refused() -> bool:
        return await status(notebook, subject="lee", iat=int(before)) == 401

    await eventually(refused, deadline=IN_FORCE_SECONDS)
    assert await status(notebook, subject="park") == 200
    assert await status(notebook, subject="lee", iat=int(until.timestamp()) + 1) == 200


@pytest.mark.promise("R24")
async def test_one_token_is_denied_by_its_id_and_its_holder_keeps_the_others(notebook: Notebook):
    await denied(notebook.database, These(token_id="stolen-1"))

    async def refused() -> bool:
        return await status(notebook, subject="choi", jti="stolen-1") == 401

    await eventually(refused, deadline=IN_FORCE_SECONDS)
    assert await status(notebook, subject="choi", jti="kept-1") == 200


@pytest.mark.promise("R24")
async def test_what_is_denied_reaches_as_far_as_it_says(database: Database):
    now = datetime.now(UTC)
    await denied(database, These(subject="a", role=WRITER, tenant="t-1"), issued_until=now)
    await denied(database, These(subject="b", role=WRITER), issued_until=now)
    await denied(database, These(subject="c", issuer="https://another.test"), issued_until=now)
    await denied(database, These(subject="d"), issued_until=now - timedelta(minutes=21))
    denials = Denials(database)
    async with denials.followed():
        await eventually(lambda: not denials.complaint(), what="the copy is read")
        at = now.timestamp()
        for believed in (
            principal(at, subject="a", tenant="t-2"),
            principal(at, subject="a", role="reader"),
            principal(at + 1, subject="a"),
            principal(at, subject="b", role="reader"),
            principal(at, subject="c"),
            principal(at, subject="d"),
            principal(at, subject="A"),
        ):
            denials.check(believed)
        for refused in (principal(at, subject="a"), principal(at - 600, subject="b", tenant="t-9")):
            with pytest.raises(TokenRefused):
                denials.check(refused)


@pytest.mark.promise("R24")
async def test_a_copy_that_cannot_be_read_lets_nobody_in_after_a_minute(database: Database):
    seconds = 0.0
    denials = Denials(database, monotonic=lambda: seconds)
    someone = principal(time.time())
    with pytest.raises(DenialsUnknown):
        denials.check(someone)
    assert denials.complaint()
    async with denials.followed():
        await eventually(lambda: not denials.complaint(), what="the copy is read")
        denials.check(someone)
        assert not denials.complaint()
    seconds = 60.0
    denials.check(someone)
    seconds = 60.1
    with pytest.raises(DenialsUnknown):
        denials.check(someone)


async def test_without_a_database_the_copy_waits_and_does_not_hold_up_the_start():
    away = Database("postgresql://nobody@127.0.0.1:1/none", application_name="tests", pool_size=1)
    denials, began = Denials(away), time.monotonic()
    async with denials.followed():
        assert time.monotonic() - began < 20, "it waited for the database to come back"
        assert denials.complaint()
    await away.dispose()


@pytest.mark.parametrize("change", ["UPDATE token_denial SET issued_until = now()", "DELETE FROM token_denial"])
async def test_what_is_denied_stays_denied(notebook: Notebook, change: str):
    await denied(notebook.database, These(subject="han"))
    with pytest.raises(DBAPIError):
        async with notebook.database.transaction() as tx:
            await tx.execute(text(change))


@pytest.mark.parametrize(
    "these",
    [These(), These(subject="x", token_id="y"), These(token_id="y", role=WRITER)],
    ids=["nothing", "both", "a role of one token"],
)
async def test_what_is_denied_is_clear(database: Database, these: These):
    with pytest.raises(DBAPIError, match="token_denial_scope_check"):
        await denied(database, these)
