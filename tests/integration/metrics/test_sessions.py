"""What ends a session of the pages between two sign-ins, and what must not: tokens taken back, answers that are lost."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from common.denials import deny
from common.http import Answer, HttpClient, HttpFault, TimedOut, Unreachable
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


async def is_renewed(pages: Pages) -> bool:
    """Whether the one session has the next token, which is good for ten minutes."""
    asked = text("SELECT token_ends_at > now() + interval '5 minutes' FROM web_session")
    async with pages.database.transaction() as tx:
        return bool((await tx.execute(asked)).scalar())


def losing(monkeypatch: pytest.MonkeyPatch, *faults: HttpFault) -> list[HttpFault]:
    """The issuer turns the refresh token each time, and the first answers never come; those that are left to lose."""
    ask, left = HttpClient.post_form, list(faults)

    async def post_form(
        client: HttpClient, path: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = await ask(client, path, form, headers=headers)
        if form.get("grant_type") == "refresh_token" and left:
            raise left.pop(0)
        return answer

    monkeypatch.setattr(HttpClient, "post_form", post_form)
    return left


async def test_an_answer_lost_with_its_connection_is_asked_for_again_at_once(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = losing(monkeypatch, Unreachable("the connection broke"))
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        for _ in range(2):
            await change(pages, _ABOUT_TO_END)
            assert (await browser.open("/today")).status_code == 200
            assert await is_renewed(pages)
    assert left == []


@pytest.mark.parametrize(
    "faults",
    [(TimedOut("no answer in time"),), (Unreachable("it broke"), Unreachable("and again"))],
    ids=["in time", "and the next one"],
)
async def test_an_answer_that_stays_lost_signs_nobody_out(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, faults: tuple[HttpFault, ...]
) -> None:
    left = losing(monkeypatch, *faults)
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        await change(pages, _ABOUT_TO_END)
        assert (await browser.open("/today")).status_code == 200, "the token that there is is good"
        assert not await is_renewed(pages)
        assert left == []
        await change(pages, "UPDATE web_session SET renewing_until = NULL")
        assert (await browser.open("/today")).status_code == 200
        assert await is_renewed(pages)


async def test_an_issuer_that_says_no_is_believed_when_the_token_ends(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    async def refuse(refresh_token: str) -> Tokens:
        asked.append(refresh_token)
        raise SignInRefused("invalid_grant")

    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        monkeypatch.setattr(pages.app.state.sessions.provider, "refresh", refuse)
        await change(pages, _ABOUT_TO_END)
        for _ in range(3):
            assert (await browser.open("/today")).status_code == 200, "whoever is about to send a form sends it"
        assert len(asked) == 1, "it is not asked with every page"
        await change(pages, "UPDATE web_session SET token_ends_at = now(), renewing_until = now()")
        assert (await browser.open("/today")).status_code == 303
        assert await token_ids_of(pages, "province-officer") == []
        assert len(asked) == 2
