"""A day on which an extra call is offered for Wanju, the form that drafts it, and an applicant service that answers so."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx2

from metrics.main import SERVICE
from tests.support.applicant import call_body
from tests.support.days import CALL, IKSAN, THE_DAY, WANJU, case, confirmed_line, placed, published, report_out
from tests.support.listening import Listener
from tests.support.neighbours import Neighbours
from tests.support.signing_in import Browser, Form, Pages, said
from tests.support.tokens import Issuer
from tests.support.waiting import eventually

INSPECTOR = "technopark.operator:jtp:technopark-inspector"
TYPED = {
    "title_ko": "완주군 JS1 추가모집 <b>재공고</b>",
    "title_en": 'Extra call for "Wanju"',
    "opens_at": "2024-12-03T09:00",
    "closes_at": "2024-12-17T17:00",
    "seats": "2",
}
DRAFT_ID = UUID(int=77)


def address(call_id: object = CALL) -> str:
    """Of the draft of the extra call for Wanju's seats in that call."""
    return f"/today/extra-call?call={call_id}&type=JS1&municipality={WANJU}"


async def an_offer(pages: Pages, call_id: UUID = CALL) -> Listener:
    """Two seats of Wanju can be offered again, Iksan's reserve waits for its own, and three reports are due."""
    pages.clock.move_to(THE_DAY)
    running = Listener(SERVICE, pages.database, None, Issuer(), pages.clock, app=pages.app)  # type: ignore[arg-type]
    await running.tell(
        published(call_id, m52710=5, m52140=3),
        confirmed_line("PROVINCE", 400_000_000),
        confirmed_line("MUNICIPALITY", 31_000_000, WANJU),
        confirmed_line("MUNICIPALITY", 90_000_000, IKSAN),
        *(event for place in (WANJU, IKSAN, IKSAN) for event in placed(place, call_id=call_id)),
        *case(IKSAN, "RESERVE", call_id=call_id),
        *(report_out(date(2024, 12, 3) + timedelta(days=days)) for days in range(3)),
    )
    return running


def call_told(call_id: UUID = CALL, state: str = "PUBLISHED", **changes: object) -> dict[str, Any]:
    """A call as the applicant service shows it."""
    return call_body(**{"id": str(call_id), "state": state, "published_at": None, "version": 1, **changes})


def draft_told() -> dict[str, Any]:
    """What is told of the draft that the form made."""
    seats = [{"type_code": "JS1", "municipality_code": WANJU, "seats": 2}]
    return call_told(DRAFT_ID, "DRAFT", title_ko="초안 하나", title_en="One draft", seat_lines=seats)


def tell_calls(told: Neighbours, *drafts: dict[str, Any]) -> None:
    """The stand-in knows the earlier call, and these drafts of the year."""
    earlier = call_told()
    told.answers |= {
        f"/v1/calls/{CALL}": earlier,
        "/v1/calls": {"items": [*drafts, earlier], "next": None},
        **{f"/v1/calls/{each['id']}": each for each in drafts},
        "POST /v1/calls": (201, draft_told()),
    }


def form_of(page: httpx2.Response) -> dict[str, str]:
    """The form of the page, in whatever language, with what stands in it."""
    found = [form for action, form in Form(page).forms.items() if action.startswith("/today/extra-call?")]
    assert len(found) == 1, page.text
    return found[0]


async def sent(browser: Browser, path: str, form: Mapping[str, str]) -> httpx2.Response:
    """Send the form, and again while nobody answers in time, as its page asks for: that is done once."""

    async def once() -> httpx2.Response:
        answer = await browser.send(path, form)
        assert answer.status_code != 503, answer.text
        return answer

    return await eventually(once, what="the applicant service answers")


async def shown(browser: Browser, path: str, *words: str) -> httpx2.Response:
    """Open a page, and again while a service that it asks does not answer in time; these words stand on it."""

    async def once() -> httpx2.Response:
        page = await browser.open(path)
        for each in words:
            assert each in said(page), f"{each} in {said(page)}"
        return page

    return await eventually(once, what="the page is whole")


async def filled(browser: Browser, **changes: str) -> dict[str, str]:
    """The form, opened and filled in by whoever has signed in."""
    return form_of(await browser.open(address())) | TYPED | changes
