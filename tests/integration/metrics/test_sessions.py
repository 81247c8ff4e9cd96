"""What ends a session of the pages between two sign-ins, and what must not: tokens taken back, answers that are lost."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from common.denials import deny
from common.openid import SignInRefused, Tokens
from smartfactory.stack.provision import DatabaseUrls
from tests.support.signing_in import OFFICER, WANJU, Browser, LocalIssuer, Pages, local_issuer, pages_with

pytestmark = pytest.mark.anyio
_ABOUT_TO_END = "UPDATE web_session SET token_ends_at = now() + interval '1 minute', renewing_until = NULL"


@dataclass(frozen=True)
class OneToken:
    """A token is denied by its id alone."""

    issuer: str
    token_id: str
    subject: str | None = None
    role: str | None = None
    tenant: str | None = None


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    with local_issuer(tmp_path) as running:
        yield running


@pytest.fixture
async def pages(issuer: LocalIssuer, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Pages]:
    async with pages_with(issuer, fresh_databases("metrics", migrated=True)["metrics"]) as running:
        yield running


async def change(pages: Pages, statement: str) -> None:
    async with pages.database.transaction() as tx:
        await tx.execute(text(statement))


async def token_ids_of(pages: Pages, subject: str) -> list[str]:
    """Of the person's session, the ids of all tokens it has had; nothing when it has ended."""
    asked = text("SELECT token_ids FROM web_session WHERE subject = :subject")
    async with pages.database.transaction() as tx:
        return list((await tx.execute(asked, {"subject": subject})).scalar() or [])


async def signed_in(pages: Pages, browser: Browser, person: str, monkeypatch: pytest.MonkeyPatch) -> Tokens:
    """Sign somebody in; the tokens that the issuer gave for it."""
    await browser.to_issuer()
    provider, given = pages.app.state.sessions.provider, list[Tokens]()
    redeem = provider.redeem

    async def remembering(*asked: object) -> Tokens:
        given.append(await redeem(*asked))
        return given[-1]

    with monkeypatch.context() as patched:
        patched.setattr(provider, "redeem", remembering)
        assert (await browser.sign_in(person)).status_code == 303
    return given[0]


@pytest.mark.promise("R24")
@pytest.mark.parametrize("renewed", [False, True], ids=["the present token", "one before it"])
async def test_a_token_taken_back_by_its_id_ends_its_session_and_what_would_renew_it(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, renewed: bool
) -> None:
    async with pages.browser() as browser, pages.browser() as another:
        given = await signed_in(pages, browser, OFFICER, monkeypatch)
        await another.sign_in(WANJU)
        (first,) = await token_ids_of(pages, "province-officer")
        if renewed:
            await change(pages, _ABOUT_TO_END)
            assert (await browser.open("/today")).status_code == 200
            assert (await token_ids_of(pages, "province-officer"))[0] == first
        async with pages.database.transaction() as tx:
            await deny(tx, OneToken(pages.issuer.address, first))
        await change(pages, _ABOUT_TO_END)
        assert (await browser.open("/today")).status_code == 303, "it is not renewed past the denial"
        assert await token_ids_of(pages, "province-officer") == []
        assert given.refresh_token is not None
        with pytest.raises(SignInRefused, match="invalid_grant"):
            await pages.app.state.sessions.provider.refresh(given.refresh_token)
        assert (await another.open("/today")).status_code == 200, "only whose token it was"
