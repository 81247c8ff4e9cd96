"""Story 1 in a real browser: an officer reads the day, and an operator drafts the extra call, also after a session ended."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from smartfactory.stack import ports
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import OPERATOR as DRAFTER
from tests.support.applicant import Applicant, running_applicant
from tests.support.browsing import at_an_origin
from tests.support.days import WANJU
from tests.support.extra_calls import TYPED, an_offer
from tests.support.listening import Listener
from tests.support.neighbours import reading
from tests.support.signing_in import OFFICER, OPERATOR, LocalIssuer, local_issuer, pages_with
from tools.browser import EVERY_LOOK, PHONE, Browser, Look, Seen

pytestmark = pytest.mark.anyio

# A click on a heading waits for the page that has it.
OPEN = [("click", f'button[value="{OPERATOR}"]'), ("click", "main a.button"), ("click", "#write")]
FILL = [("fill", f"#{name}", value) for name, value in TYPED.items() if name != "title_ko"]
SEND = ("click", "form.typed button")
DONE = [SEND, ("click", "#next")]
BOTH = (Look(), Look("dark", PHONE))


@dataclass
class Office:
    """The pages at an origin of their own, the issuer that they believe, and the applicant service behind them."""

    running: Listener
    issuer: LocalIssuer
    applicant: Applicant
    port: int

    async def drafts(self) -> list[list[tuple[str, int]]]:
        """The seats of every draft that the applicant service has."""
        calls = (await self.applicant.get("/v1/calls", DRAFTER)).json()["items"]
        return [
            [(line["municipality_code"], line["seats"]) for line in call["seat_lines"]]
            for call in calls
            if call["state"] == "DRAFT"
        ]

    def ending_sessions_at(self, path: str) -> Listener:
        """The pages, at which every session ends once that page was drawn the first time."""
        app, left = cast("Any", self.running.app), [path]

        async def ending(scope: dict[str, Any], receive: Any, send: Any) -> None:
            told: list[Any] = []

            async def hold(message: Any) -> None:
                told.append(message)

            await app(scope, receive, hold)
            if scope.get("path") in left:
                left.remove(scope["path"])
                async with self.running.database.transaction() as tx:
                    await tx.execute(text("DELETE FROM web_session"))
            for message in told:
                await send(message)

        return replace(self.running, app=cast("FastAPI", ending))


@pytest.fixture
async def office(
    tmp_path: Path, fresh_databases: Callable[..., dict[str, DatabaseUrls]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr("metrics.neighbours.commands._SECONDS", 8.0)
    port = ports.free_port()
    origin, urls = f"http://127.0.0.1:{port}", fresh_databases("applicant", "metrics", migrated=True)
    with local_issuer(tmp_path, pages_origin=origin) as issuer:
        async with (
            running_applicant(urls["applicant"]) as applicant,
            pages_with(issuer, urls["metrics"], pages_origin=origin, neighbour_timeout_seconds=3) as pages,
        ):
            call_id = UUID(await applicant.published_call())
            operator = applicant.issuer.headers(role=DRAFTER.role, tenant=DRAFTER.tenant, subject=DRAFTER.subject)
            pages.app.state.runtime.others["applicant"] = reading(applicant.http, operator)
            yield Office(await an_offer(pages, call_id), issuer, applicant, port)


def chosen(person: str) -> tuple[str, str]:
    return ("click", f'button[value="{person}"]')


def faults(seen: Seen, origin: str, office: Office) -> list[str]:
    """Without what was asked of the issuer, and what the browser itself remarks on a page that was answered with 4xx."""
    expected = (office.issuer.address, "the server responded with a status of 4")
    return [fault for fault in seen.faults(origin) if not any(each in fault for each in expected)]


async def test_an_officer_reads_the_day_and_an_operator_drafts_the_extra_call_for_that_county_only(
    browser: Browser, office: Office
) -> None:
    async with at_an_origin(office.running, port=office.port) as origin:
        day = await browser.visit(f"{origin}/today", steps=[chosen(OFFICER), ("click", "#seats")], looks=EVERY_LOOK)
        assert (day.url, faults(day, origin, office)) == (f"{origin}/today", [])
        for words in ("도 담당관", "1일 남음", "2일 남음", "3일 남음", "3,100만원", "2024년 12월 31일", "예비 1"):
            assert words in day.text, words
        assert day.text.count("초안 보기") == 1, "for that county only"

        wrong = [*OPEN, *FILL, ("fill", "#closes_at", "2024-12-02T09:00"), SEND, ("click", "#refused")]
        refused = await browser.visit(f"{origin}/today?lang=en", steps=wrong, looks=BOTH)
        assert "An extra call for 2 JS1 seats of Wanju" in refused.text
        assert "The window is not valid" in refused.text
        assert faults(refused, origin, office) == []

        drafted = await browser.visit(f"{origin}/today", steps=[*OPEN, *FILL, *DONE], looks=BOTH)
        assert drafted.url.startswith(f"{origin}/today/calls/"), drafted.text
        assert (faults(drafted, origin, office), "초안을 저장했습니다" in drafted.text) == ([], True)
        assert await office.drafts() == [[(WANJU, 2)]]


async def test_a_session_that_ends_half_way_through_the_form_loses_nothing(browser: Browser, office: Office) -> None:
    async with at_an_origin(office.ending_sessions_at("/today/extra-call"), port=office.port) as origin:
        come_back = [("click", "main a.button"), chosen(OPERATOR), ("click", "#write")]
        seen = await browser.visit(f"{origin}/today?lang=en", steps=[*OPEN, *FILL, SEND, *come_back, *DONE])
        assert seen.url.startswith(f"{origin}/today/calls/"), seen.text
        assert TYPED["title_en"] in seen.text
        assert faults(seen, origin, office) == []
        assert await office.drafts() == [[(WANJU, 2)]], "and what was sent too early made none"
