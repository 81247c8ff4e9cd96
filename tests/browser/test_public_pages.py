"""The public pages in a real browser: both languages, both colour schemes, phone and desk, keyboard; axe finds nothing."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import pytest

from contracts.applicant import AgreementEffective, ProjectCompleted
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.browsing import at_an_origin, in_both_languages
from tests.support.builders import project_selected
from tests.support.days import WANJU, confirmed_line
from tests.support.listening import Listener, listener
from tests.support.outcomes import facts
from tests.support.pages import PUBLIC_PAGES
from tools.browser import PHONE, Browser, Look

pytestmark = pytest.mark.anyio


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        yield running


@pytest.fixture
async def origin(metrics: Listener) -> AsyncIterator[str]:
    built = [project_selected() for _ in range(12)] + [project_selected(municipality_code="52130") for _ in range(6)]
    agreed = [project_selected(municipality_code="52710") for _ in range(7)]
    await metrics.tell(*built, *agreed, project_selected(municipality_code="52740"))
    await metrics.tell(*(AgreementEffective(**facts(each)) for each in (*built, *agreed)))
    await metrics.tell(*(ProjectCompleted(**facts(each), completion_id=each.project_id) for each in built))
    await metrics.tell(confirmed_line("PROVINCE", 1), confirmed_line("MUNICIPALITY", 1, WANJU))
    async with at_an_origin(metrics) as served:
        yield served


async def test_every_public_page_is_without_fault_in_a_browser(browser: Browser, origin: str) -> None:
    for path in PUBLIC_PAGES:
        seen = await in_both_languages(browser, origin, path)
        assert seen["ko"].text != seen["en"].text


async def test_a_refusal_is_without_fault_too(browser: Browser, origin: str) -> None:
    seen = await browser.visit(f"{origin}/no-such-page?lang=en", looks=(Look(width=PHONE), Look(scheme="dark")))
    assert (seen.status, seen.language) == (404, "en")
    # The browser itself remarks that a page was answered with 404.
    assert [fault for fault in seen.faults(origin) if "404" not in fault] == []
    assert "route-not-found" in seen.text


async def test_the_keyboard_reaches_the_content_first_and_the_language_switch_keeps_the_page(
    browser: Browser, origin: str
) -> None:
    skipped = await browser.visit(f"{origin}/", steps=[("press", "Tab"), ("press", "Enter")])
    assert skipped.url == f"{origin}/#content"
    assert "main" in skipped.focused
    switched = await browser.visit(f"{origin}/developers", steps=[("click", "a.language"), ("click", "a.brand")])
    assert (switched.url, switched.language) == (f"{origin}/?lang=en", "en")


async def test_a_browser_that_prefers_english_gets_it(browser: Browser, origin: str) -> None:
    seen = await browser.visit(f"{origin}/", language="en-GB")
    assert seen.language == "en"
    assert "18 of 300" in seen.text


async def test_what_is_planted_is_found(browser: Browser) -> None:
    """The examiner itself: a browser that cannot find a fault proves nothing."""
    planted = quote('<p style="width: 900px">wide</p><img src="http://127.0.0.1:1/x.png">')
    seen = await browser.visit(f"data:text/html,{planted}", looks=(Look(width=PHONE),))
    found = " ".join(seen.faults("http://origin.test"))
    assert "image-alt" in found
    assert "html-has-lang" in found
    assert "asked another host: http://127.0.0.1:1/x.png" in found
    assert "sideways" in found
    assert "the browser says" in found
