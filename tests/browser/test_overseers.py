"""The pages of those who oversee, in a real browser: what the services tell is a stand-in's, with everything out of order."""

from collections.abc import AsyncIterator, Callable

import pytest

from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support import told_rotas, told_states
from tests.support.browsing import at_an_origin, in_both_languages, signed_in
from tests.support.listening import Listener, listener
from tests.support.neighbours import neighbours
from tests.support.pages import OVERSEERS_PAGES
from tools.browser import Browser

pytestmark = pytest.mark.anyio

# A click on a heading waits for the page that has it: only one of other weeks leads back to the present ones.
MOVED = ("click", "main:has(a[href='/mentors']) #calendar")
AT_FIRST = ("click", "main:not(:has(a[href='/mentors'])) #calendar")


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    with neighbours() as told:
        told.answers |= told_rotas.rota() | told_states.answers()
        async with listener(SERVICE, fresh_databases("metrics", migrated=True), **told.settings()) as running:
            yield running


async def test_every_page_of_overseers_is_without_fault_in_a_browser(browser: Browser, metrics: Listener) -> None:
    for path, (role, tenant) in OVERSEERS_PAGES.items():
        async with at_an_origin(signed_in(metrics, role, tenant)) as origin:
            seen = await in_both_languages(browser, origin, path)
            assert seen["ko"].text != seen["en"].text


async def test_an_officer_goes_to_later_weeks_and_back(browser: Browser, metrics: Listener) -> None:
    async with at_an_origin(signed_in(metrics, "province.officer", "52")) as origin:
        later = await browser.visit(f"{origin}/mentors", steps=[("click", "main a[href*='from=2024-07-22']"), MOVED])
        assert later.url == f"{origin}/mentors?from=2024-07-22"
        assert "2024년 7월 22일" in later.text
        back = await browser.visit(later.url, steps=[("click", "main a[href='/mentors']"), AT_FIRST])
        assert back.url == f"{origin}/mentors"
