"""Signing in to the pages at the real issuer, and everything that must not sign anybody in or keep them so."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from common.auth import KeysUnavailable
from common.clock import FixedClock, SystemClock
from common.denials import deny
from common.event import new_id
from common.openid import ProviderAway
from metrics.sessions.jobs import ForgetSessions
from smartfactory.issuer.grants import LOST_ANSWER_SECONDS
from smartfactory.stack.provision import DatabaseUrls
from tests.support.signing_in import (
    HTML,
    OFFICER,
    OPERATOR,
    PAGES_ORIGIN,
    WANJU,
    Form,
    LocalIssuer,
    Pages,
    local_issuer,
    pages_with,
    query_of,
    said,
)
from tests.support.tokens import Issuer

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Everything:
    """All tokens of somebody are denied."""

    issuer: str
    subject: str | None = None
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


async def sessions_in(pages: Pages) -> int:
    async with pages.database.transaction() as tx:
        return (await tx.execute(text("SELECT count(*) FROM web_session"))).scalar_one()


def cookies_set(answer: httpx2.Response) -> dict[str, str]:
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


async def test_an_officer_signs_in_sees_who_is_signed_in_and_signs_out(pages: Pages) -> None:
    async with pages.browser() as browser:
        wanted = await browser.open("/today?lang=ko")
        assert (wanted.status_code, wanted.headers["location"]) == (303, "/sign-in?next=%2Ftoday%3Flang%3Dko")
        answer = await browser.sign_in(OFFICER, wanted.headers["location"])
        assert (answer.status_code, answer.headers["location"]) == (303, "/today?lang=ko")
        cookie = cookies_set(answer)["session"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "Secure" not in cookie, "on plain http a browser would not send it back"
        page = await browser.open("/today?lang=ko")
        assert page.status_code == 200
        assert "도 담당관" in said(page)
        front = await browser.open("/")
        assert "로그아웃" in said(front)
        out = await browser.send("/sign-out", Form(front).forms["/sign-out"])
        assert out.headers["refresh"].startswith(f"0; url={pages.issuer.address}/end-session?")
        end = await browser.issuer.get(out.headers["refresh"].partition("url=")[2])
        assert end.headers["location"] == f"{PAGES_ORIGIN}/signed-out"
        assert await sessions_in(pages) == 0
        assert (await browser.open("/today")).status_code == 303
        assert (await browser.send("/sign-out", {})).headers["location"] == "/signed-out", "once more harms nobody"


async def test_the_browser_holds_nothing_that_says_anything_and_the_table_nothing_that_opens(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        held = list(browser.pages.cookies.jar)
        assert [cookie.name for cookie in held] == ["session"]
        assert len(held[0].value or "") == 43
        async with pages.database.transaction() as tx:
            row = (await tx.execute(text("SELECT id_hash, sealed FROM web_session"))).one()
        assert (held[0].value or "").encode() not in row.id_hash
        assert not re.search(r"eyJ[\w-]+\.eyJ", row.sealed), "no token stands in it"
        assert "province" not in row.sealed


async def test_over_https_cookies_are_bound_to_the_host(
    issuer: LocalIssuer, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    urls = fresh_databases("metrics", migrated=True)["metrics"]
    async with pages_with(issuer, urls, pages_origin="https://pages.test") as pages, pages.browser() as browser:
        cookie = cookies_set(await browser.open("/sign-in"))["__Host-sign-in"]
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        for path in ("/", "/sign-in", "/today", "/no-such-page"):
            assert (await browser.open(path)).headers["strict-transport-security"] == "max-age=31536000", path


async def test_over_plain_http_no_browser_is_told_to_come_by_https_for_ever(pages: Pages) -> None:
    async with pages.browser() as browser:
        assert "strict-transport-security" not in (await browser.open("/")).headers


async def test_a_form_is_taken_though_the_origin_is_set_in_another_spelling(
    issuer: LocalIssuer, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    urls = fresh_databases("metrics", migrated=True)["metrics"]
    async with pages_with(issuer, urls, pages_origin="http://Pages.test:80") as pages, pages.browser() as browser:
        await browser.sign_in(OFFICER)
        form = Form(await browser.open("/")).forms["/sign-out"]
        assert (await browser.send("/sign-out", form, "http://pages.test")).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "/%0d%0aSet-Cookie:a=b\r\n", "javascript:alert(1)", "today"],
)
async def test_nobody_is_led_to_another_site_after_signing_in(pages: Pages, wanted: str) -> None:
    async with pages.browser() as browser:
        answer = await browser.sign_in(OFFICER, str(httpx2.URL("/sign-in", params={"next": wanted})))
        assert answer.headers["location"] == "/"


async def test_only_the_browser_that_began_can_end_a_sign_in(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as another:
        back = await browser.choose(await browser.to_issuer(), OFFICER)
        # An attacker's own answer, put before somebody else: they would work in the attacker's name.
        foreign = await another.open(back)
        assert foreign.status_code == 400
        assert "로그인이 끝나지 않았습니다" in said(foreign)
        await another.to_issuer()
        assert (await another.open(back)).status_code == 400, "its own attempt has another state"
        assert await sessions_in(pages) == 0
        assert (await browser.open(back)).status_code == 303
        replayed = await browser.open(back)
        assert replayed.status_code == 400
        assert await sessions_in(pages) == 1


@pytest.mark.parametrize(
    "changed", [{"state": "x"}, {"code": "x"}, {"iss": "https://evil.test"}, {"error": "access_denied"}]
)
async def test_an_answer_that_was_changed_signs_nobody_in(pages: Pages, changed: dict[str, str]) -> None:
    async with pages.browser() as browser:
        back = await browser.choose(await browser.to_issuer(), OFFICER)
        answer = await browser.pages.get("/signed-in", params={**query_of(back), **changed}, headers=HTML)
        assert answer.status_code == 400
        assert "session" not in cookies_set(answer)
        assert await sessions_in(pages) == 0
        missing = {name: value for name, value in query_of(back).items() if name != "iss"}
        assert (await browser.pages.get("/signed-in", params=missing, headers=HTML)).status_code == 400


async def test_what_else_an_issuer_adds_to_its_answer_is_passed_over(pages: Pages) -> None:
    async with pages.browser() as browser:
        back = await browser.choose(await browser.to_issuer(), OFFICER)
        assert (await browser.open(f"{back}&session_state=abc&lang=en")).status_code == 303


@pytest.mark.promise("R23")
async def test_a_made_up_or_foreign_cookie_is_nobody_s(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as another:
        await browser.sign_in(OFFICER)
        for value in ("x", "a" * 43, "", "\xe9", "x" * 5_000):
            another.pages.cookies.clear()
            answer = await another.pages.get("/today", headers={**HTML, "Cookie": f"session={value}".encode("latin-1")})
            assert answer.status_code == 303
        other = Issuer().headers(role="province.officer", tenant="52")
        assert (await another.pages.get("/today", headers=other)).status_code == 401
        assert (await another.pages.get("/today")).status_code == 401, "a program is told, and not sent to a page"


async def test_a_new_sign_in_ends_the_one_before_it_in_this_browser(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        before = dict(browser.pages.cookies)
        await browser.sign_in(WANJU)
        assert await sessions_in(pages) == 1
        assert before["session"] != browser.pages.cookies["session"]
        assert "완주군" in said(await browser.open("/today"))


async def test_a_session_ends_by_its_time_and_by_lying_idle_and_is_forgotten(pages: Pages) -> None:
    async with pages.browser() as browser:
        for statement in (
            "UPDATE web_session SET ends_at = now()",
            "UPDATE web_session SET used_at = now() - interval '61 minutes'",
        ):
            await browser.sign_in(OFFICER)
            await change(pages, statement)
            assert (await browser.open("/today")).status_code == 303
            assert await sessions_in(pages) == 0
        await browser.sign_in(OFFICER)
        await change(pages, "UPDATE web_session SET ends_at = now() - interval '1 second'")
        assert await ForgetSessions()(pages.database, SystemClock())
        assert await sessions_in(pages) == 0


async def test_a_token_that_is_about_to_end_is_renewed_and_its_refresh_token_is_used_once(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        for _ in range(2):
            async with pages.database.transaction() as tx:
                before = (await tx.execute(text("SELECT sealed FROM web_session"))).scalar_one()
            await change(pages, "UPDATE web_session SET token_ends_at = now() + interval '1 minute'")
            assert (await browser.open("/today")).status_code == 200
            async with pages.database.transaction() as tx:
                after = (await tx.execute(text("SELECT sealed, token_ends_at > now() AS live FROM web_session"))).one()
            assert after.sealed != before
            assert after.live


async def test_a_refresh_token_that_came_twice_ends_the_session(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        async with pages.database.transaction() as tx:
            sealed = (await tx.execute(text("SELECT sealed FROM web_session"))).scalar_one()
        stale = text("UPDATE web_session SET token_ends_at = now(), sealed = :sealed")
        await change(pages, "UPDATE web_session SET token_ends_at = now() + interval '1 minute'")
        assert (await browser.open("/today")).status_code == 200
        pages.issuer.ahead_seconds = LOST_ANSWER_SECONDS + 1
        async with pages.database.transaction() as tx:
            await tx.execute(stale, {"sealed": sealed})
        assert (await browser.open("/today")).status_code == 303
        assert await sessions_in(pages) == 0


@pytest.mark.promise("R24")
async def test_who_is_revoked_is_out_at_once_and_refreshing_is_no_way_around_it(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as another:
        await browser.sign_in(OFFICER)
        await another.sign_in(WANJU)
        async with pages.database.transaction() as tx:
            await deny(tx, Everything(pages.issuer.address, "province-officer"))
        await change(pages, "UPDATE web_session SET token_ends_at = now() + interval '1 minute'")
        assert (await browser.open("/today")).status_code == 303
        assert (await another.open("/today")).status_code == 200, "only whoever was denied"
        assert await sessions_in(pages) == 1


async def test_while_the_issuer_is_away_pages_go_on_and_say_what_is_missing(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as another:
        await browser.sign_in(OFFICER)
        pages.issuer.stop()
        assert (await browser.open("/today")).status_code == 200, "a session does not need it"
        del pages.app.state.sessions
        away = await another.open("/sign-in?lang=en")
        assert away.status_code == 503
        assert "does not answer" in said(away)
        assert away.headers["retry-after"]
        await change(pages, "UPDATE web_session SET token_ends_at = now()")
        late = await browser.open("/today")
        assert (late.status_code, "인증 서비스가 응답하지 않습니다" in said(late)) == (503, True)
        assert (await browser.open("/")).status_code == 200, "what is for everybody is shown"
        pages.issuer.start()
        await change(pages, "UPDATE web_session SET renewing_until = NULL")
        assert (await another.open("/sign-in")).status_code == 303


async def test_nobody_waits_for_an_issuer_that_gave_no_answer_a_moment_ago(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.sessions.api._WAIT_SECONDS", 60.0)
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        pages.issuer.stop()
        await change(pages, "UPDATE web_session SET token_ends_at = now()")
        for _ in range(2):
            assert (await browser.open("/")).status_code == 200, "the first one asks it, the next one need not"


async def test_an_issuer_that_hangs_is_left_alone_from_when_that_is_known(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock(SystemClock().now())

    async def hang(_refresh_token: str) -> None:
        clock.move_to(clock.now() + timedelta(seconds=6))
        raise ProviderAway("no answer")

    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        monkeypatch.setattr("metrics.sessions.api._real_time", clock)
        monkeypatch.setattr(pages.app.state.sessions.provider, "refresh", hang)
        await change(pages, "UPDATE web_session SET token_ends_at = now() + interval '1 minute'")
        assert (await browser.open("/today")).status_code == 200
        async with pages.database.transaction() as tx:
            until = (await tx.execute(text("SELECT renewing_until FROM web_session"))).scalar_one()
        assert until > clock.now()


async def test_pages_for_everybody_are_shown_to_who_signed_in_though_nobody_can_check_their_token(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoKeys:
        async def find(self, kid: str) -> None:
            raise KeysUnavailable(f"{kid} could not be fetched")

    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        with monkeypatch.context() as away:
            away.setattr(pages.app.state.runtime.verifier, "_keys", NoKeys())
            assert (await browser.open("/")).status_code == 200
            day = await browser.open("/today")
            assert (day.status_code, "인증 서비스가 응답하지 않습니다" in said(day)) == (503, True)
        assert (await browser.open("/today")).status_code == 200, "and is signed in as before"


async def test_who_signs_out_while_the_issuer_is_away_is_out_here(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OFFICER)
        form = Form(await browser.open("/")).forms["/sign-out"]
        pages.issuer.stop()
        await change(pages, "UPDATE web_session SET token_ends_at = now()")
        await browser.send("/sign-out", form, "http://evil.test")
        assert await sessions_in(pages) == 1, "no other site ends it"
        out = await browser.send("/sign-out", form)
        assert (out.status_code, out.headers["location"]) == (303, "/signed-out")
        assert await sessions_in(pages) == 0, "or whoever sits there next is signed in when the issuer is back"
        assert browser.pages.cookies.get("session") is None


async def test_a_form_is_taken_from_our_own_page_and_from_its_own_session_alone(pages: Pages) -> None:
    async with pages.browser() as browser, pages.browser() as another:
        await browser.sign_in(OFFICER)
        await another.sign_in(OPERATOR)
        own = Form(await browser.open("/")).forms["/sign-out"]
        foreign = Form(await another.open("/")).forms["/sign-out"]
        for form, origin in (
            (own, "http://evil.test"),
            (own, "null"),
            (own, None),
            (foreign, PAGES_ORIGIN),
            ({"form_token": ""}, PAGES_ORIGIN),
            ({"form_token": "\xe9"}, PAGES_ORIGIN),
        ):
            refused = await browser.send("/sign-out", form, origin)
            assert refused.status_code == 403
            assert "받지 않았습니다" in said(refused)
        assert await sessions_in(pages) == 2
        assert (await browser.send("/sign-out", own)).status_code == 200
        assert await sessions_in(pages) == 1


async def test_a_role_without_a_day_is_told_so_and_stays_signed_in(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in("mentor.lead:jtp:mentor-lead")
        refused = await browser.open("/today")
        assert refused.status_code == 403
        assert "멘토단장" in said(refused)


async def test_the_frame_leads_each_to_the_page_that_is_theirs(pages: Pages, issuer: LocalIssuer) -> None:
    firm = str(new_id())
    issuer.tell_people({"name": "가상기업 대표", "subject": "owner", "role": "company.owner", "tenant": firm})
    ways = {}
    for person in (f"company.owner:{firm}:owner", OFFICER):
        async with pages.browser() as browser:
            await browser.sign_in(person)
            ways[person] = set(
                re.findall(
                    r'<a href="(/(?:firm|today|reports/council|mentors|operations))', (await browser.open("/")).text
                )
            )
    assert list(ways.values()) == [{"/firm"}, {"/today", "/reports/council", "/mentors"}]
