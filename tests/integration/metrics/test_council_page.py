"""The report to a council: a municipality's own figures, whole, for whoever may read each of its parts."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest

from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.councils import MUJU, WANJU, a_year
from tests.support.days import THE_DAY
from tests.support.listening import Listener, listener
from tests.support.outcomes import REPORTING, one_built, verified
from tests.support.outcomes import said as figures
from tests.support.signing_in import HTML, said

pytestmark = pytest.mark.anyio


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        running.clock.move_to(THE_DAY)
        yield running


async def opened(
    metrics: Listener, path: str = f"/reports/council/{WANJU}", *, role: str = Role.PROVINCE_OFFICER, tenant: str = "52"
) -> httpx2.Response:
    return await metrics.http.get(path, headers={**HTML, **metrics.issuer.headers(role=role, tenant=tenant)})


async def test_all_of_a_municipality_is_told_with_sources_and_moments(metrics: Listener) -> None:
    await a_year(metrics)
    page = await opened(metrics)
    assert page.status_code == 200, page.text
    read = said(page)
    for words in (
        "완주군 의회 보고서 2024 회계연도, 2024-12-02 10:00 KST 기준",
        "A 0 0 0 미확인 0 0 0 B 2 † 0 0 미확인 0 0 0 합계 2 † 0 0 미확인 0 0 0",
        "사업 전체 목표: 2027년까지 300개 출처: 사업의 출발점이 된 기사",
        "다른 발표: 2026년까지 300개 출처: 2023-11-26, 2023-03-16 언론 보도",
        "시·군비 5억원 5,000만원 0원",
        "도비 0원 1억 1,640만원 0원",
        "자부담 – 6,560만원 –",
        "이 금액들은 5곳 미만 과제의 것",
        "예산이 확정된 과제 2 †",
        "총사업비 대비 기업 부담 28.2%",
        "20.0% ~ 27.2% ~ 34.5%",
        "아직 이 조사의 대상이 된 관내 기업이 없습니다.",
        "중소기업중앙회 2018~2021년 대·중소 상생형 도입기업 조사 +44.0% 공표값 +44%",
        "2024년 6월 30일 공표분",
        "기한이 지났거나 곧 끝나는 실적보고: 1 (기한 지남 0)",
        "2024년 12월 3일 1일 남음",
        "정원 5 중 2 선정",
    ):
        assert words in read, words
    assert "무주군" not in read
    english = said(await opened(metrics, f"/reports/council/{WANJU}?lang=en"))
    for words in ("Report to the council of Wanju-gun", "Firm&#39;s own share – ₩65.6 million", "300 by 2026"):
        assert words in english, words
    other_year = said(await opened(metrics, f"/reports/council/{WANJU}?fiscal_year=2023"))
    assert "이 회계연도에 예산이 확정된 과제가 없습니다." in other_year


async def test_a_municipality_reads_its_own_report_as_the_province_does_and_no_other(metrics: Listener) -> None:
    await a_year(metrics)
    theirs = await opened(metrics, role=Role.MUNICIPALITY_OFFICER, tenant=WANJU)
    assert theirs.status_code == 200, theirs.text
    assert said(theirs) == said(await opened(metrics)), "row security shows the same rows to both"
    assert (await opened(metrics, role=Role.MUNICIPALITY_OFFICER, tenant=MUJU)).status_code == 404
    for tenant, role, offered in (("52", Role.AUDITOR, 14), (MUJU, Role.MUNICIPALITY_APPROVER, 1)):
        listed = await opened(metrics, "/reports/council", role=role, tenant=tenant)
        assert listed.text.count('href="/reports/council/') == offered


async def test_outcomes_of_its_firms_stand_beside_the_programme_s_and_others_with_their_numbers(
    metrics: Listener,
) -> None:
    metrics.clock.move_to(REPORTING)
    firm = await one_built(metrics, municipality_code=WANJU)
    await one_built(metrics, municipality_code=MUJU)
    await verified(metrics, firm, figures("BASELINE", {"P1": (1000, 10)}))
    await verified(metrics, firm, figures("COMPLETION", {"P1": (1300, 10)}))
    metrics.clock.move_to(datetime(2024, 1, 15, 1, tzinfo=UTC))
    wanju, muju = said(await opened(metrics)), said(await opened(metrics, f"/reports/council/{MUJU}"))
    assert "완주군 기업: 시간당 생산량 +30.0%" in wanju
    assert "1 † 1 † 1 † 완주군 기업: 노동생산성 관내에 유효한 수치 없음" in wanju
    assert "무주군 기업: 시간당 생산량 관내에 유효한 수치 없음 1 † 0 0" in muju
    assert "우리 사업: 시간당 생산량 비공개" in wanju
    year = said(await opened(metrics, f"/reports/council/{WANJU}?wave=YEAR_1"))
    assert "아직 이 조사의 대상이 된 관내 기업이 없습니다." in year


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reports/council/52999", 404),
        ("/reports/council/45710", 404),
        ("/reports/council/x", 422),
        (f"/reports/council/{WANJU}?fiscal_year=1999", 422),
        (f"/reports/council/{WANJU}?wave=BASELINE", 422),
        (f"/reports/council/{WANJU}?year=2024", 422),
    ],
)
async def test_an_odd_address_is_refused(metrics: Listener, path: str, status: int) -> None:
    assert (await opened(metrics, path)).status_code == status


@pytest.mark.parametrize("role", [Role.COMPANY_OWNER, Role.PANEL_MEMBER, Role.SAMSUNG_CLIENT, Role.PLATFORM_OPERATOR])
async def test_whoever_may_not_read_its_parts_may_not_read_the_report(metrics: Listener, role: Role) -> None:
    tenant = str(UUID(int=5)) if role is Role.COMPANY_OWNER else "t-1"
    assert (await opened(metrics, role=role, tenant=tenant)).status_code == 403
    nobody = await metrics.http.get(f"/reports/council/{WANJU}", headers=HTML)
    assert (nobody.status_code, nobody.headers["location"].partition("?")[0]) == (303, "/sign-in")
