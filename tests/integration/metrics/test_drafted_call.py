"""A draft is changed on its page: of two people the second is told, and neither loses what was typed."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.http import HttpClient
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import APPROVER, Applicant, call_body, running_applicant
from tests.support.applicant import OPERATOR as DRAFTER
from tests.support.extra_calls import INSPECTOR, sent, shown
from tests.support.neighbours import nobody_there, reading
from tests.support.signing_in import OFFICER, OPERATOR, Form, LocalIssuer, Pages, local_issuer, pages_with, said

pytestmark = pytest.mark.anyio

WINDOW = {"opens_at": "2024-03-20T09:00", "closes_at": "2024-04-03T17:00"}


@dataclass
class Desk:
    """The pages over the real applicant service, and a draft in it."""

    pages: Pages
    applicant: Applicant
    path: str

    def ask(self, client: HttpClient) -> None:
        self.pages.app.state.runtime.others["applicant"] = client

    def form_of(self, page: httpx2.Response) -> dict[str, str]:
        return Form(page).forms[self.path]

    async def call(self) -> dict[str, Any]:
        """The call as the applicant service has it."""
        return (await self.applicant.get(self.path.replace("/today", "/v1"), DRAFTER)).json()


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    with local_issuer(tmp_path) as running:
        yield running


@pytest.fixture
async def desk(
    issuer: LocalIssuer, fresh_databases: Callable[..., dict[str, DatabaseUrls]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setattr("metrics.neighbours.commands._SECONDS", 8.0)
    urls = fresh_databases("applicant", "metrics", migrated=True)
    async with (
        running_applicant(urls["applicant"]) as applicant,
        pages_with(issuer, urls["metrics"], neighbour_timeout_seconds=3) as pages,
    ):
        draft = await applicant.made("/v1/calls", call_body(), by=DRAFTER)
        made = Desk(pages, applicant, f"/today/calls/{draft['id']}")
        operator = applicant.issuer.headers(role=DRAFTER.role, tenant=DRAFTER.tenant, subject=DRAFTER.subject)
        made.ask(reading(applicant.http, operator))
        yield made


async def test_of_two_who_change_one_draft_the_second_is_told_and_may_write_over_it(desk: Desk) -> None:
    async with desk.pages.browser() as one, desk.pages.browser() as other:
        await one.sign_in(OPERATOR)
        await other.sign_in(INSPECTOR)
        first, second = [desk.form_of(await shown(each, desk.path, "초안 고치기")) for each in (one, other)]
        assert {name: first[name] for name in WINDOW} == WINDOW
        first |= {"title_ko": "먼저 고친 제목", "closes_at": "2024-04-04T18:00"}
        second |= {"title_ko": "나중에 고친 <b>제목</b>"}
        for _ in range(2):
            # Sent a second time, as by a double click, it is done already.
            done = await sent(one, desk.path, first)
            assert (done.status_code, done.headers["location"]) == (303, desk.path)
        assert ((await desk.call())["version"], (await desk.call())["title_ko"]) == (2, "먼저 고친 제목")

        told = await sent(other, desk.path, second)
        assert (told.status_code, "그사이 공고가 바뀌었습니다" in said(told)) == (412, True)
        assert "먼저 고친 제목" in said(told), "what stands there now"
        assert desk.form_of(told) == second | {"version": "2"}, "and what was typed"
        assert (await desk.call())["version"] == 2
        over = await sent(other, desk.path, desk.form_of(told))
        assert over.status_code == 303
        call = await desk.call()
        assert (call["title_ko"], call["closes_at"]) == ("나중에 고친 <b>제목</b>", "2024-04-03T17:00:00+09:00")
        same = {name for name in call_body() if name not in {"title_ko", "planned_budget_lines", "panel_rule", "types"}}
        assert {name: call[name] for name in same} == {name: call_body()[name] for name in same}

        soon = {"version": "3", "title_en": "", "opens_at": "soon"}
        wrong = await sent(other, desk.path, desk.form_of(told) | soon)
        assert wrong.status_code == 422
        assert ("opens_at-fault" in wrong.text, "title_en-fault" in wrong.text) == (True, True)
        assert desk.form_of(wrong)["opens_at"] == "soon"

        committee = {"committee_date": "2024-02-05", "committee_resolution_number": "2024-9"}
        published = f"{desk.path.replace('/today', '/v1')}/publications"
        await desk.applicant.made(published, committee, by=APPROVER, version=3)
        after = desk.form_of(wrong) | WINDOW | {"title_en": "Late", "version": "4"}
        late = await sent(other, f"{desk.path}?lang=en", after)
        assert (late.status_code, "A published call cannot change" in said(late)) == (409, True)
        assert "What you typed (it was not saved)" in said(late)
        assert "나중에 고친 &lt;b&gt;제목&lt;/b&gt;" in late.text
        assert desk.path not in Form(await shown(other, desk.path, "게시된 공고입니다")).forms, (
            "nobody changes it any more"
        )


async def test_a_change_survives_an_outage_and_the_end_of_the_session_with_the_version_it_was_made_on(
    desk: Desk,
) -> None:
    applicant = desk.pages.app.state.runtime.others["applicant"]
    async with desk.pages.browser() as browser:
        await browser.sign_in(OPERATOR)
        form = desk.form_of(await shown(browser, desk.path, "초안 고치기")) | {"title_en": "Typed before"}
        desk.ask(nobody_there())
        away = await browser.send(desk.path, form)
        assert (away.status_code, "신청 서비스가 응답하지 않았습니다" in said(away)) == (503, True)
        assert desk.form_of(away) == form
        async with desk.pages.database.transaction() as tx:
            await tx.execute(text("DELETE FROM web_session"))
        assert (await browser.send(desk.path, form)).status_code == 401
        await browser.sign_in(OPERATOR)
        hidden = await browser.open(desk.path)
        assert (hidden.status_code, desk.form_of(hidden)["title_en"]) == (503, "Typed before")
        desk.ask(applicant)
        # Meanwhile a colleague was faster: what comes back is still a change of what it was made on.
        changed = call_body(title_en="A colleague's")
        path = desk.path.replace("/today", "/v1")
        assert (await desk.applicant.change("PUT", path, changed, by=DRAFTER, version=1)).status_code == 200
        back = desk.form_of(await shown(browser, desk.path, "A colleague"))
        assert (back["title_en"], back["version"]) == ("Typed before", "1")
        assert (await sent(browser, desk.path, back)).status_code == 412
        assert (await desk.call())["title_en"] == "A colleague's"


async def test_who_does_not_draft_reads_it_without_a_form(desk: Desk) -> None:
    async with desk.pages.browser() as browser:
        await browser.sign_in(OFFICER)
        page = await shown(browser, desk.path, "아직 게시되지 않았습니다")
        assert (page.status_code, desk.path in Form(page).forms) == (200, False)
        token = Form(page).forms["/sign-out"]["form_token"]
        refused = await browser.send(desk.path, {"form_token": token, "version": "1", "title_ko": "x"})
        assert (refused.status_code, (await desk.call())["version"]) == (403, 1)
