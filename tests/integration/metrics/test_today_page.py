"""Story 1 as a page: what an officer reads in the morning, whose it is, and the draft that it leads to."""

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta

import httpx2
import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.days import CALL, IKSAN, MUJU, THE_DAY, WANJU, case, confirmed_line, placed, published, report_out
from tests.support.listening import Listener, listener
from tests.support.signing_in import HTML, said

pytestmark = pytest.mark.anyio
DRAFT = f"/today/extra-call?call={CALL}&type=JS1&municipality={WANJU}"


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(THE_DAY)
        yield running


async def opened(
    metrics: Listener, path: str, *, role: str = Role.PROVINCE_OFFICER, tenant: str = "52"
) -> httpx2.Response:
    """A page as somebody in a role opens it."""
    return await metrics.http.get(path, headers={**HTML, **metrics.issuer.headers(role=role, tenant=tenant)})


async def a_morning(metrics: Listener) -> None:
    await metrics.tell(
        published(m52710=5, m52730=2, m52140=3),
        confirmed_line("PROVINCE", 400_000_000),
        confirmed_line("MUNICIPALITY", 31_000_000, WANJU),
        confirmed_line("MUNICIPALITY", 14_736_841, MUJU),
        confirmed_line("MUNICIPALITY", 90_000_000, IKSAN),
        *(event for place in (WANJU, MUJU, IKSAN, IKSAN) for event in placed(place)),
        *case(IKSAN, "RESERVE"),
        *(report_out(date(2024, 12, 3) + timedelta(days=days)) for days in range(3)),
        report_out(date(2024, 11, 30), IKSAN),
    )


async def test_the_province_reads_reports_seats_and_money_with_the_action_beside_each(metrics: Listener) -> None:
    await a_morning(metrics)
    page = await opened(metrics, "/today")
    assert page.status_code == 200, page.text
    read = said(page)
    for words in (
        "전북특별자치도 전체 · 2024년 12월 2일",
        "2일 지남",
        "1일 남음",
        "기업이 실적보고를 제출 도입기업 대표",
        "이 시·군만의 추가모집 공고를 작성 전북테크노파크 담당자",
        "남은 예산으로 2곳 가능",
        "예비 순위 기업이 이 정원의 승계를 기다리고 있습니다.",
        "남은 예산이 한 과제의 몫보다 적은 재원이 있습니다.",
        "시·군비 완주군 B 3,100만원 2024년 12월 31일",
        "도비 공동 B 4억원",
    ):
        assert words in read, words
    assert page.text.count('class="button"') == 1, "an extra call is offered for that county only"
    english = said(await opened(metrics, "/today?lang=en"))
    for words in ("The whole province · 2 December 2024", "2 days late", "₩31.0 million", "Wanju"):
        assert words in english, words


async def test_the_draft_that_the_day_leads_to_is_filled_in_for_that_county(metrics: Listener) -> None:
    await a_morning(metrics)
    day = await opened(metrics, "/today")
    assert DRAFT.replace("&", "&amp;") in day.text
    page = await opened(metrics, DRAFT)
    assert page.status_code == 200, page.text
    read = said(page)
    for words in (
        "완주군 JS1 2곳만 다시 모집",
        "시·군비 · 완주군",
        "2,947만원",
        "도비",
        "5,053만원",
        "전북테크노파크 담당자만",
    ):
        assert words in read, words
    operators = said(await opened(metrics, "/today", role=Role.TECHNOPARK_OPERATOR, tenant="jtp"))
    assert "내가 할 수 있는 일" in operators


async def test_a_municipality_reads_its_own_day_and_no_other_s(metrics: Listener) -> None:
    await a_morning(metrics)
    read = said(await opened(metrics, "/today", role=Role.MUNICIPALITY_OFFICER, tenant=MUJU))
    assert "무주군" in read
    assert "완주군" not in read
    assert "익산시" not in read
    foreign = await opened(metrics, DRAFT, role=Role.MUNICIPALITY_OFFICER, tenant=MUJU)
    assert foreign.status_code == 404
    own = await opened(metrics, DRAFT, role=Role.MUNICIPALITY_OFFICER, tenant=WANJU)
    assert own.status_code == 200


async def test_a_draft_that_is_not_offered_any_more_says_so_and_odd_addresses_are_refused(metrics: Listener) -> None:
    gone = await opened(metrics, DRAFT)
    assert gone.status_code == 404
    assert "지금은 이 추가모집을 제안하지 않습니다" in said(gone)
    for odd in ("?call=x&type=JS1&municipality=52710", f"?call={CALL}&type=%3Cb%3E&municipality=52710", "?call="):
        assert (await opened(metrics, f"/today/extra-call{odd}")).status_code == 422


async def test_a_quiet_morning_says_so(metrics: Listener) -> None:
    read = said(await opened(metrics, "/today"))
    assert "오늘은 기다리는 일이 없습니다." in read
    assert "7일 안에 끝나는 실적보고가 없습니다." in read


@pytest.mark.parametrize("role", [Role.COMPANY_OWNER, Role.MENTOR, Role.PANEL_MEMBER, Role.SAMSUNG_CLIENT])
async def test_whoever_has_no_day_here_is_told_so(metrics: Listener, role: Role) -> None:
    tenant = str(CALL) if role is Role.COMPANY_OWNER else "t-1"
    refused = await opened(metrics, "/today", role=role, tenant=tenant)
    assert refused.status_code == 403
    assert "role-not-allowed" in refused.text
