"""The report to a council in a real browser: on a phone and a desk, and as paper has it."""

from collections.abc import AsyncIterator, Callable

import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.browsing import at_an_origin, in_both_languages, signed_in
from tests.support.councils import WANJU, a_year
from tests.support.days import THE_DAY
from tests.support.listening import Listener, listener
from tools.browser import A4, PHONE, Browser, Look

pytestmark = pytest.mark.anyio


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(THE_DAY)
        await a_year(running)
        yield running


async def test_the_report_is_found_read_and_printed_without_fault(browser: Browser, metrics: Listener) -> None:
    async with at_an_origin(signed_in(metrics, Role.PROVINCE_OFFICER, "52")) as origin:
        seen = await in_both_languages(browser, origin, f"/reports/council/{WANJU}")
        address = f"{origin}/reports/council/{WANJU}"
        listed = await browser.visit(f"{origin}/reports/council", looks=(Look(), Look("dark", PHONE)))
        found = await browser.visit(f"{origin}/reports/council", steps=[("click", "text=완주군"), ("arrive", address)])
        # What axe asks of links is asked of a screen.
        looks = [Look(scheme, A4, axe=False, media="print") for scheme in ("light", "dark")]
        paper = await browser.visit(address, looks=looks)
    assert "28.2%" in seen["ko"].text
    assert "Report to the council of Wanju-gun" in seen["en"].text
    for each in (listed, found, paper):
        assert each.faults(origin) == []
    assert (found.status, found.url) == (200, address)
    assert "자부담\t–\t6,560만원" in paper.text
    for of_the_screen in ("인쇄 기능으로", "주요 화면", "본문으로 건너뛰기", "English"):
        assert of_the_screen not in paper.text
