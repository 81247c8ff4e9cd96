"""Budgets by source for everybody: every line of a year in its source's sum, and nothing that projects hold of it."""

from collections.abc import AsyncIterator, Callable

import pytest

from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.councils import WANJU, a_year
from tests.support.days import THE_DAY, confirmed_line
from tests.support.listening import Listener, listener
from tests.support.signing_in import HTML, said

pytestmark = pytest.mark.anyio
PUBLIC = "/v1/public/money"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(THE_DAY)
        yield running


async def test_each_source_s_lines_are_summed_and_projects_change_nothing(metrics: Listener) -> None:
    assert (await metrics.get(f"{PUBLIC}?fiscal_year=2024")).json() == {
        "fiscal_year": 2024, "budgeted_won": 0, "by_source": [],
    }  # fmt: skip
    await metrics.tell(confirmed_line("NATIONAL", 1), confirmed_line("MUNICIPALITY", 1, WANJU))
    before = (await metrics.get(f"{PUBLIC}?fiscal_year=2024")).json()
    assert before["by_source"] == [
        {"source": "MUNICIPALITY", "budgeted_won": 500_000_000},
        {"source": "NATIONAL", "budgeted_won": 500_000_000},
    ]
    await a_year(metrics)
    told = (await metrics.get(f"{PUBLIC}?fiscal_year=2024")).json()
    assert told == {
        "fiscal_year": 2024,
        "budgeted_won": 2_500_000_000,
        "by_source": [
            {"source": "MUNICIPALITY", "budgeted_won": 1_500_000_000},
            {"source": "NATIONAL", "budgeted_won": 500_000_000},
            {"source": "PROVINCE", "budgeted_won": 500_000_000},
        ],
    }
    assert (await metrics.get(f"{PUBLIC}?fiscal_year=2023")).json()["by_source"] == []
    for odd in ("", "?fiscal_year=1999", "?fiscal_year=2024&municipality_code=52710"):
        assert (await metrics.get(f"{PUBLIC}{odd}")).status_code == 422


async def test_the_front_page_shows_them_by_year_with_their_source(metrics: Listener) -> None:
    nothing = said(await metrics.http.get("/", headers=HTML))
    assert "최근 세 회계연도에 확정된 예산이 없습니다." in nothing
    await a_year(metrics)
    read = said(await metrics.http.get("/", headers=HTML))
    assert "도비 5억원, 시·군비 10억원" in read, "the chart in words"
    assert "회계연도 도비 시·군비 합계 2024 5억원 10억원 15억원" in read
    assert "출처: 예산 서비스에서 확정된 예산 · 기준일 2024년 12월 2일" in read
    assert "6,560만원" not in read, "what a firm pays"
    english = said(await metrics.http.get("/?lang=en", headers=HTML))
    assert "2024 ₩500.0 million ₩1.00 billion ₩1.50 billion" in english
