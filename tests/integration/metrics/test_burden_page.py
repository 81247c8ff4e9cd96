"""Story 5: an owner enters 132M and sees that the cap makes the real share 34.5 %, by funding's own division."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from common.web.runtime import Runtime
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import running_applicant
from tests.support.funding import running_funding
from tests.support.listening import Listener, listener
from tests.support.neighbours import Neighbours, neighbours, nobody_there, reading

pytestmark = pytest.mark.anyio

_HTML = {"Accept": "text/html"}
_TRACK_A = [
    {"source": "NATIONAL", "rate_bp": 3000},
    {"source": "SAMSUNG", "rate_bp": 3000},
    {"source": "PROVINCE", "rate_bp": 2000},
]
_CAPPED = {"NATIONAL", "SAMSUNG"}
CALL = "0192f0c4-7d4e-7000-8000-000000000001"


def offered(**changes: Any) -> dict[str, Any]:
    """A call as the applicant service tells of it."""
    call = {
        "id": CALL, "title_ko": "기초 공고", "title_en": "Basic call", "fiscal_year": 2023,
        "closes_at": "2023-04-03T17:00:00+09:00", "split_rule_version": "a-2023",
        "types": [{"type_code": "BASIC", "cap_won": 60_000_000, "min_cost_won": None}],
    }  # fmt: skip
    return call | changes


class Page:
    """The calculator over neighbours that answer what they are told."""

    def __init__(self, metrics: Listener, told: Neighbours) -> None:
        self.metrics, self.told = metrics, told

    async def open(self, **query: str) -> httpx2.Response:
        return await self.metrics.http.get(f"/burden?{urlencode(query)}", headers=_HTML)


@pytest.fixture
async def page(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Page]:
    with neighbours() as told:
        urls = fresh_databases("metrics", migrated=True)
        async with listener(SERVICE, urls, **told.settings()) as metrics:
            yield Page(metrics, told)


def words(page: httpx2.Response) -> str:
    return " ".join(page.text.split())


async def test_story_5_on_the_real_services(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> None:
    urls = fresh_databases("metrics", "applicant", "funding", migrated=True)
    async with AsyncExitStack() as running:
        metrics = await running.enter_async_context(listener(SERVICE, urls))
        applicant = await running.enter_async_context(running_applicant(urls["applicant"]))
        funding = await running.enter_async_context(running_funding(urls["funding"]))
        assert metrics.app is not None
        runtime: Runtime = metrics.app.state.runtime
        others = {"applicant": reading(applicant.http), "funding": reading(funding.http), "mentoring": nobody_there()}
        runtime.others.update(others)  # type: ignore[attr-defined]
        await funding.confirmed_rule("a-2023", shares=_TRACK_A, capped_sources=sorted(_CAPPED), source_note="[N28]")
        call = await applicant.published_call(
            title_en="Basic <b>2023</b>",
            split_rule_version="a-2023",
            types=[{"type_code": "BASIC", "cap_won": 60_000_000, "min_cost_won": 140_000_000}],
            rates=[each | {"capped": each["source"] in _CAPPED} for each in _TRACK_A],
            seat_lines=[{"type_code": "BASIC", "municipality_code": "52130", "seats": 2}],
            planned_budget_lines=[],
        )
        query = urlencode({"offer": f"{call}/BASIC", "cost": "1억 3,200만"})
        answer = await metrics.http.get(f"/burden?{query}", headers=_HTML)
        english = await metrics.http.get(f"/burden?{query}&lang=en", headers=_HTML)
        assert answer.status_code == 200, answer.text
        said = words(answer)
        assert "<strong>34.5%</strong>" in said
        assert "규정상 20.0%가 아니라 34.5%를 부담합니다" in said
        for won in ("30,000,000원", "26,400,000원", "45,600,000원", "132,000,000원"):
            assert won in said
        assert "<code>60000000 * 3000 // 6000</code>" in said
        assert "<code>a-2023</code> · Track B · 출처: [N28]" in said
        assert "1억 4,000만원 이상부터" in said
        assert "Basic &lt;b&gt;2023&lt;/b&gt;" in english.text
        assert "makes it 34.5% and not 20.0%" in words(english)
        odd = await metrics.http.get(
            f"/burden?{urlencode({'offer': f'{call}/BASIC', 'cost': '99,999'})}", headers=_HTML
        )
        assert [won in words(odd) for won in ("29,999원", "19,999원", "20,002원", "99,999원")] == [True] * 4
        for client in others.values():
            await client.aclose()


@pytest.mark.parametrize("cost", ["", "0", "-1", "132.5", "많이", "10000000000001", "<script>alert(1)</script>"])
async def test_what_is_no_amount_is_said_beside_the_field_and_asks_nobody(page: Page, cost: str) -> None:
    page.told.answers["/v1/calls"] = {"items": [offered()], "next": None}
    answer = await page.open(offer=f"{CALL}/BASIC", cost=cost)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "<script>" not in answer.text
    assert [asked for asked in page.told.asked if "split-rules" in asked] == []


@pytest.mark.parametrize("offer", ["x", f"{CALL}/", f"{CALL}/basic", f"../{CALL}/BASIC", f"{CALL}/BASIC/../.."])
async def test_an_offer_that_is_none_is_refused_before_anybody_is_asked(page: Page, offer: str) -> None:
    assert (await page.open(offer=offer, cost="1")).status_code == 422
    assert page.told.asked == []


async def test_a_call_that_nobody_has_published_is_said_to_be_unknown(page: Page) -> None:
    page.told.answers["/v1/calls"] = {"items": [offered()], "next": None}
    other = CALL.replace("1", "2")
    for offer in (f"{other}/BASIC", f"{CALL}/OTHER"):
        answer = await page.open(offer=offer, cost="132000000")
        assert answer.status_code == 422
        assert "그런 공고나 유형이 없습니다" in answer.text


async def test_an_older_call_than_those_listed_is_reckoned_too(page: Page) -> None:
    page.told.answers |= {
        "/v1/calls": {"items": [], "next": None}, f"/v1/calls/{CALL}": offered(split_rule_version="a/2023"),
    }  # fmt: skip
    answer = await page.open(offer=f"{CALL}/BASIC", cost="132000000")
    assert "분담 규칙(a/2023)이 아직 확정되지 않아" in answer.text
    assert any(
        "/v1/split-rules/a%2F2023/preview?total_cost_won=132000000&cap_won=60000000" in each for each in page.told.asked
    )


async def test_a_service_that_is_down_is_said_to_be_missing_and_since_when(page: Page) -> None:
    page.told.answers |= {"/v1/calls": {"items": [offered()], "next": None}, "/v1/split-rules/a-2023": 503}
    page.told.answers["/v1/split-rules/a-2023/preview"] = 503
    before = await page.open(offer=f"{CALL}/BASIC", cost="132000000", lang="en")
    assert before.status_code == 503
    assert "No answer from the funding service" in words(before)
    assert "has not answered yet" in words(before)
    assert 'value="132000000"' in before.text, "what was entered is kept"
    page.told.answers["/v1/calls"] = 500
    nothing = await page.open(lang="en")
    assert nothing.status_code == 200
    assert "No answer from the applicant service" in words(nothing)
    assert "It last answered at" in words(nothing)


async def test_words_of_a_call_stay_text(page: Page) -> None:
    bad = "<script>alert('x')</script>{{ 48271*69621 }}\"'>"
    rule = {"version": bad, "title": bad, "source_note": bad, "valid_from": "2023-01-01"}
    share = {"source": "SME", "amount_won": 100, "arithmetic": bad}
    split = {
        "version": bad, "total_cost_won": 100, "cap_won": 1, "shares": [share], "cap_bites": False,
        "nominal_burden_bp": 10_000, "effective_burden_bp": 10_000,
    }  # fmt: skip
    page.told.answers |= {
        "/v1/calls": {"items": [offered(title_ko=bad, title_en=bad)], "next": None},
        "/v1/split-rules/a-2023": rule, "/v1/split-rules/a-2023/preview": split,
    }  # fmt: skip
    for language in ("ko", "en"):
        answer = await page.open(offer=f"{CALL}/BASIC", cost="100", lang=language)
        assert answer.status_code == 200, answer.text
        assert "<script" not in answer.text
        assert answer.text.count("&lt;script&gt;") >= 5
        assert str(48271 * 69621) not in answer.text
        assert json.dumps(bad)[1:-1] not in answer.text
