"""Expired sign-in half way through a form loses nothing, and shows nobody else what was typed."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from common.clock import SystemClock
from metrics.kept_forms.jobs import ForgetForms
from smartfactory.stack.provision import DatabaseUrls
from tests.support.extra_calls import INSPECTOR, TYPED, address, an_offer, draft_told, filled, form_of, sent, tell_calls
from tests.support.neighbours import Neighbours, neighbours
from tests.support.signing_in import OFFICER, OPERATOR, PAGES_ORIGIN, LocalIssuer, Pages, local_issuer, pages_with, said

pytestmark = pytest.mark.anyio


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    with local_issuer(tmp_path) as running:
        yield running


@pytest.fixture
def told() -> Iterator[Neighbours]:
    with neighbours() as answering:
        tell_calls(answering)
        yield answering


@pytest.fixture
async def pages(
    issuer: LocalIssuer, told: Neighbours, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> AsyncIterator[Pages]:
    urls = fresh_databases("metrics", migrated=True)["metrics"]
    async with pages_with(issuer, urls, **told.settings()) as running:
        await an_offer(running)
        yield running


async def change(pages: Pages, statement: str) -> None:
    async with pages.database.transaction() as tx:
        await tx.execute(text(statement))


async def rows_in(pages: Pages) -> list[str]:
    """What the table holds, each row as one text."""
    async with pages.database.transaction() as tx:
        return [str(dict(row)) for row in (await tx.execute(text("TABLE kept_form"))).mappings()]


def typed_in(page: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in form_of(page).items() if name in TYPED}


async def test_a_form_that_comes_after_the_session_waits_for_its_person_alone(pages: Pages, told: Neighbours) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        await change(pages, "UPDATE web_session SET ends_at = now()")
        late = await browser.send(f"{address()}&lang=en", form)
        assert (late.status_code, "What you typed is kept" in said(late)) == (401, True)
        assert told.sent == []
        held = await rows_in(pages)
        assert len(held) == 1
        for readable in (TYPED["title_ko"], TYPED["title_en"], "technopark-operator", form["form_owner"]):
            assert readable not in held[0], "neither what was typed nor who typed it"
        # Another operator, at the same desk.
        await browser.sign_in(INSPECTOR)
        theirs = await browser.open(address())
        assert typed_in(theirs)["closes_at"] == ""
        assert TYPED["title_en"] not in theirs.text
        assert (await browser.send("/sign-out", {"form_token": form_of(theirs)["form_token"]})).status_code == 200
        # The way back that the page offered, to the same page in the same language.
        way = "/sign-in?next=%2Ftoday%2Fextra-call"
        assert way in late.text
        address_back = late.text.partition(way)[2].partition('"')[0]
        back = await browser.sign_in(OPERATOR, f"{way}{address_back}")
        again = await browser.open(back.headers["location"])
        assert "What you typed before your session ended is filled in again." in said(again)
        assert typed_in(again) == TYPED
        assert form_of(again)["key"] == form["key"]
        done = await sent(browser, address(), form_of(again))
        assert done.headers["location"] == f"/today/calls/{draft_told()['id']}"
        asked = {(each.headers["idempotency-key"], each.body["title_ko"]) for each in told.sent}
        assert asked == {(form["key"], TYPED["title_ko"])}, "one request, however often it was sent"
        assert await rows_in(pages) == [], "it was taken"
        assert typed_in(await browser.open(address()))["closes_at"] == ""


async def test_a_form_of_the_same_persons_session_before_is_looked_at_again_and_not_sent(
    pages: Pages, told: Neighbours
) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        # In another window of this browser.
        await browser.sign_in(OPERATOR)
        answer = await browser.send(address(), form)
        assert (answer.status_code, answer.headers["location"]) == (303, address())
        assert told.sent == []
        assert typed_in(await browser.open(address())) == TYPED


@pytest.mark.parametrize("another", [INSPECTOR, OFFICER])
async def test_a_form_that_comes_under_somebody_elses_name_is_kept_for_whom_it_was_given_to(
    pages: Pages, told: Neighbours, another: str
) -> None:
    async with pages.browser() as browser, pages.browser() as elsewhere:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        await browser.sign_in(another)
        refused = await browser.send(address(), form)
        assert (refused.status_code, "다른 사람이 연 양식입니다" in said(refused)) == (403, True)
        assert told.sent == []
        assert TYPED["closes_at"] not in (await browser.open(address())).text
        await elsewhere.sign_in(OPERATOR)
        assert typed_in(await elsewhere.open(address())) == TYPED


async def test_what_no_page_of_ours_gave_away_is_not_kept(pages: Pages, told: Neighbours) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        owner, _, voucher = form["form_owner"].partition(".")
        forged = ["", ".", owner, f"{owner}.{owner}", f"{owner[:-1]}.{voucher}", f"x.{voucher}", "\xe9.\xe9"]
        for signed_in in (True, False):
            if not signed_in:
                await change(pages, "DELETE FROM web_session")
            sends = [(form, "http://evil.test"), (form, None), (form, "null")]
            sends += [(form | {"form_token": "x", "form_owner": said_owner}, PAGES_ORIGIN) for said_owner in forged]
            for written, origin in sends:
                refused = await browser.send(address(), written, origin)
                assert (refused.status_code, "받지 않았습니다" in said(refused)) == (403, True)
        unread = await browser.pages.post(
            address(), content=b"\xff=%00", headers={"Accept": "text/html", "Origin": PAGES_ORIGIN}
        )
        assert unread.status_code == 415
        assert await rows_in(pages) == []
        assert told.sent == []


async def test_of_one_person_the_newest_ten_are_kept_and_for_an_hour(pages: Pages) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        await change(pages, "DELETE FROM web_session")
        for number in range(12):
            assert (await browser.send(f"{address()}&x={number}", form)).status_code == 401
        await browser.send(address(), form | {"seats": "1"})
        await browser.send(address(), form)
        assert len(await rows_in(pages)) == 10
        await browser.sign_in(OPERATOR)
        assert typed_in(await browser.open(address())) == TYPED, "the last one of a page"
        assert not await ForgetForms()(pages.database, SystemClock()), "none has run its time"
        await change(pages, "UPDATE kept_form SET ends_at = now() - interval '1 second'")
        assert typed_in(await browser.open(address()))["closes_at"] == ""
        assert await ForgetForms()(pages.database, SystemClock())
        assert await rows_in(pages) == []


async def test_while_nobody_can_sign_in_what_was_typed_waits_too(pages: Pages, issuer: LocalIssuer) -> None:
    async with pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = await filled(browser)
        issuer.stop()
        await change(pages, "UPDATE web_session SET token_ends_at = now()")
        late = await browser.send(address(), form)
        assert (late.status_code, "적으신 내용은 보관했습니다" in said(late)) == (503, True)
        assert late.headers["retry-after"]
        issuer.start()
        await browser.sign_in(OPERATOR)
        assert typed_in(await browser.open(address())) == TYPED
