"""What ends a session of the pages between two sign-ins, and what must not: tokens taken back, answers that are lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from common.auth import KeysUnavailable
from common.denials import deny
from common.http import Answer, HttpClient, HttpFault, TimedOut, Unreachable
from common.openid import SignInRefused, Tokens
from smartfactory.stack.provision import DatabaseUrls
from tests.support.signing_in import OFFICER, WANJU, Browser, LocalIssuer, Pages, local_issuer, pages_with
from tests.support.waiting import eventually

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


@dataclass(frozen=True)
class Everything:
    """All tokens of somebody are denied."""

    issuer: str
    subject: str
    role: str | None = None
    tenant: str | None = None
    token_id: str | None = None


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


@dataclass
class Slow:
    """The first renewal: the issuer is asked for it, or says no, and nobody hears that before it is `let_on`."""

    refresh: Callable[[str], Awaitable[Tokens]]
    refused: bool
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, refresh_token: str) -> Tokens:
        if self.asked.is_set():
            return await self.refresh(refresh_token)
        answer = None if self.refused else await self.refresh(refresh_token)
        self.asked.set()
        async with asyncio.timeout(60):
            await self.go_on.wait()
        if answer is None:
            raise SignInRefused("invalid_grant")
        return answer

    async def overtaken(self, pages: Pages, browser: Browser) -> httpx2.Response:
        """The answer to the request whose renewal was slow, while another one has renewed the session."""
        late = asyncio.create_task(browser.open("/today"))
        async with asyncio.timeout(60):
            await self.asked.wait()
        await change(pages, "UPDATE web_session SET renewing_until = NULL")
        assert (await browser.open("/today")).status_code == 200
        assert await is_renewed(pages)
        self.go_on.set()
        return await late


@pytest.mark.parametrize("refused", [False, True], ids=["another token", "a no"])
async def test_a_renewal_that_comes_late_neither_replaces_nor_ends_what_another_has_renewed(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        provider = pages.app.state.sessions.provider
        slow = Slow(provider.refresh, refused)
        monkeypatch.setattr(provider, "refresh", slow)
        await change(pages, "UPDATE web_session SET token_ends_at = now(), renewing_until = NULL")
        assert (await slow.overtaken(pages, browser)).status_code == 200
        # What stands there is what the issuer renews: the late one's it has withdrawn.
        await change(pages, _ABOUT_TO_END)
        assert (await browser.open("/today")).status_code == 200
        assert await is_renewed(pages)


class NoKeys:
    """The issuer's keys cannot be had."""

    async def find(self, kid: str) -> None:
        raise KeysUnavailable(f"{kid} could not be fetched")


class OtherKeys:
    """The issuer signs with a key that it has not published yet."""

    async def find(self, _kid: str) -> None:
        return None


@pytest.mark.parametrize("keys", [NoKeys(), OtherKeys()], ids=["no keys", "another key"])
async def test_a_token_that_nobody_can_check_takes_nothing_with_it_that_renews_the_session(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, keys: object
) -> None:
    # An issuer that takes no used token again, whatever has become of its answer.
    monkeypatch.setattr("smartfactory.issuer.grants.LOST_ANSWER_SECONDS", -1)
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        with monkeypatch.context() as away:
            away.setattr(pages.app.state.runtime.verifier, "_keys", keys)
            for _ in range(2):
                await change(pages, "UPDATE web_session SET token_ends_at = now(), renewing_until = NULL")
                page = await browser.open("/today")
                assert (page.status_code, page.headers["retry-after"] != "") == (503, True)
        await change(pages, "UPDATE web_session SET renewing_until = NULL")
        assert (await browser.open("/today")).status_code == 200
        assert await is_renewed(pages)


@pytest.mark.promise("R24")
async def test_who_is_denied_while_the_session_is_renewed_is_out_here_and_at_the_issuer(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = list[Tokens]()
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        provider, denials = pages.app.state.sessions.provider, pages.app.state.runtime.denials
        refresh = provider.refresh

        async def denied_meanwhile(refresh_token: str) -> Tokens:
            given.append(await refresh(refresh_token))
            async with pages.database.transaction() as tx:
                await deny(tx, Everything(pages.issuer.address, "province-officer"))
            await eventually(lambda: denials.in_force == 1, what="the process knows of the denial")
            return given[-1]

        await change(pages, _ABOUT_TO_END)
        with monkeypatch.context() as patched:
            patched.setattr(provider, "refresh", denied_meanwhile)
            assert (await browser.open("/today")).status_code == 303
        assert await token_ids_of(pages, "province-officer") == []
        assert given[0].refresh_token is not None
        with pytest.raises(SignInRefused, match="invalid_grant"):
            await provider.refresh(given[0].refresh_token)
