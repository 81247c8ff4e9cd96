"""Story 9 in a real browser: from the front page to what is behind the 300, by the keyboard alone, in both languages."""

from collections.abc import AsyncIterator, Callable

import pytest

from contracts.applicant import AgreementEffective, ProjectWithdrawn
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.browsing import at_an_origin, signed_in
from tests.support.builders import project_selected
from tests.support.listening import Listener, listener
from tests.support.outcomes import AGREED, REPORTING, SELECTED, built, facts, said, verified
from tools.browser import PHONE, Browser, Look

pytestmark = pytest.mark.anyio

GUNSAN, IKSAN, WANJU = "52130", "52140", "52710"
TO_THE_CONTENT = (("press", "Tab"), ("press", "Enter"))
"""The browser is there when its address says so: the next key is counted from there."""
THE_FIRST_LINK = (("press", "Tab"), ("press", "Enter"))

READ = {
    "ko": (
        *("선정\t0\t", "협약\t7\t", "완료\t23\t", "사용 중\t5\t", "포기\t5\t", "해지\t0\t", "목표 산입\t23\t"),
        *("A\t5\t5", "B\t18\t18"),
        *("전주시\t12\t12", "군산시\t6\t6", "익산시\t비공개\t비공개", "완주군\t비공개\t비공개", "장수군\t0\t0"),
        *("사업장을 셉니다.", "목표에 드는 단계: 완료.", "2024-1판"),
        *("2027년까지 300개", "출처: 사업의 출발점이 된 기사"),
        *("2026년까지 300개", "출처: 2023-11-26, 2023-03-16 언론 보도"),
    ),
    "en": (
        *("Planned\t0\t", "Agreed\t7\t", "Completed\t23\t", "In use\t5\t", "Withdrawn\t5\t", "Terminated\t0\t"),
        *("Counted\t23\t", "A\t5\t5", "B\t18\t18"),
        *("Jeonju-si\t12\t12", "Gunsan-si\t6\t6", "Iksan-si\twithheld\twithheld", "Wanju-gun\twithheld\twithheld"),
        *("Jangsu-gun\t0\t0", "Worksites are counted", "Stages that count: Completed.", "version 2024-1"),
        *("300 by 2027", "Source: the programme's founding article"),
        *("300 by 2026", "Source: press of 2023-11-26 and 2023-03-16"),
    ),
}
"""Wanju's seven are not completed, which is withheld, and Iksan's five with it; in Jangsu nobody was ever selected."""

READ_BY_THE_COUNCIL = {
    "ko": (
        *("전주시\tB\t0\t0\t12\t5\t5\t0\t12", "군산시\tB\t0\t0\t6\t0\t0\t0\t6", "익산시\tA\t0\t0\t5\t0\t0\t0\t5"),
        *("완주군\tB\t0\t7\t0\t0\t0\t0\t0", "합계\t0\t7\t23\t5\t5\t0\t23", "완료 뒤에 해지된 곳이 없습니다."),
    ),
    "en": ("Wanju-gun\tB\t0\t7\t0\t0\t0\t0\t0", "Total\t0\t7\t23\t5\t5\t0\t23"),
}


@pytest.fixture
async def metrics(fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Listener]:
    async with listener(SERVICE, fresh_databases("metrics", migrated=True)) as running:
        firms = [project_selected() for _ in range(12)]
        firms += [project_selected(municipality_code=GUNSAN) for _ in range(6)]
        firms += [project_selected(municipality_code=IKSAN, track="A") for _ in range(5)]
        await built(running, *firms)
        left = [project_selected() for _ in range(5)]
        agreed = [project_selected(municipality_code=WANJU) for _ in range(7)]
        await running.tell(*left, *agreed, at=SELECTED)
        await running.tell(*(ProjectWithdrawn(**facts(each)) for each in left), at=AGREED)
        await running.tell(*(AgreementEffective(**facts(each)) for each in agreed), at=AGREED)
        running.clock.move_to(REPORTING)
        for firm in firms[:5]:
            await verified(running, firm, said("COMPLETION", {"P1": (1000, 10)}))
        yield running


async def test_whoever_presses_the_300_reads_what_is_behind_it(browser: Browser, metrics: Listener) -> None:
    async with at_an_origin(metrics) as origin:
        for language, wanted in READ.items():
            target = f"{origin}/gauge?lang={language}"
            front = f"{origin}/?lang={language}"
            way = [*TO_THE_CONTENT, ("arrive", f"{front}#content"), *THE_FIRST_LINK, ("arrive", target)]
            seen = await browser.visit(front, steps=way)
            assert (seen.status, seen.url, seen.language) == (200, target, language)
            assert seen.faults(origin) == []
            for words in wanted:
                assert words in seen.text, words


async def test_the_council_signed_in_reads_every_stage_by_municipality_and_track(
    browser: Browser, metrics: Listener
) -> None:
    looks = (Look(), Look("dark", PHONE))
    async with at_an_origin(signed_in(metrics, Role.AUDITOR, "52")) as origin:
        for language, wanted in READ_BY_THE_COUNCIL.items():
            seen = await browser.visit(f"{origin}/gauge?lang={language}", looks=looks)
            assert seen.faults(origin) == []
            for words in (*READ[language], *wanted):
                assert words in seen.text, words
