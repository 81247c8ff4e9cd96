"""Story 5 in a real browser, and a project's page on a phone and a desk: what the services answer is a stand-in's."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.browsing import at_an_origin, in_both_languages, signed_in
from tests.support.listening import Listener, listener
from tests.support.neighbours import Neighbours, neighbours
from tests.support.told_projects import PROJECT, answers, listed
from tools.browser import Browser

pytestmark = pytest.mark.anyio

CALL = str(UUID(int=5))


@dataclass
class Seen:
    """The metrics service over stand-ins."""

    metrics: Listener
    told: Neighbours


@pytest.fixture
async def pages(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Seen]:
    with neighbours() as told:
        async with listener(SERVICE, fresh_databases("metrics", migrated=True), **told.settings()) as metrics:
            yield Seen(metrics, told)


async def test_an_owner_enters_132m_and_sees_what_the_cap_makes_of_it(browser: Browser, pages: Seen) -> None:
    call = {
        "id": CALL, "title_ko": "기초 공고", "title_en": "Basic call", "fiscal_year": 2023,
        "closes_at": "2023-04-03T17:00:00+09:00", "split_rule_version": "a-2023",
        "types": [{"type_code": "BASIC", "cap_won": 60_000_000, "min_cost_won": None}],
    }  # fmt: skip
    shares = (("NATIONAL", 30_000_000), ("SAMSUNG", 30_000_000), ("PROVINCE", 26_400_000), ("SME", 45_600_000))
    pages.told.answers |= {
        "/v1/calls": listed(call),
        "/v1/split-rules/a-2023": {
            "version": "a-2023", "title": "Track A", "source_note": "[N28]", "valid_from": "2023-01-01",
        },
        "/v1/split-rules/a-2023/preview": {
            "version": "a-2023", "total_cost_won": 132_000_000, "cap_won": 60_000_000, "cap_bites": True,
            "nominal_burden_bp": 2000, "effective_burden_bp": 3454,
            "shares": [{"source": name, "amount_won": won, "arithmetic": "1 * 1 // 1"} for name, won in shares],
        },
    }  # fmt: skip
    async with at_an_origin(pages.metrics) as origin:
        steps = [("fill", "#cost", "1억 3,200만"), ("click", "main button")]
        seen = await browser.visit(f"{origin}/burden", steps=steps)
        assert "34.5%" in seen.text
        assert "45,600,000원" in seen.text
        asked = f"/burden?offer={CALL}/BASIC&cost=132000000"
        await in_both_languages(browser, origin, asked)
        bad = await browser.visit(f"{origin}/burden", steps=[("fill", "#cost", "-1"), ("click", "main button")])
        assert "0원보다 큰 금액" in bad.text


async def test_a_projects_page_and_a_firms_are_without_fault(browser: Browser, pages: Seen) -> None:
    pages.told.answers |= answers()
    async with at_an_origin(signed_in(pages.metrics, Role.AUDITOR, "52")) as origin:
        seen = await in_both_languages(browser, origin, f"/projects/{PROJECT}")
        assert "가공 라인 자동 집계" in seen["ko"].text
        assert "Payment confirmed by the bank" in seen["en"].text
    pages.told.answers["/v1/applications"] = listed(answers()[f"/v1/applications/{PROJECT}"])
    async with at_an_origin(signed_in(pages.metrics, Role.COMPANY_OWNER, PROJECT)) as origin:
        firm = await in_both_languages(browser, origin, "/firm")
        assert "가공 라인 자동 집계" in firm["ko"].text
