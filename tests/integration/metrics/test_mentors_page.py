"""The mentors' rota: what the real mentoring service shows each reader, what does not fit, and what is missing without it."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx2
import pytest

from common.clock import FixedClock
from common.http import HttpClient
from contracts.roles import Role
from mentoring.main import SERVICE as MENTORING
from mentoring.plans.jobs import match_plans
from mentoring.settings import Settings as MentoringSettings
from metrics.main import SERVICE
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import NOW, Listener, listener
from tests.support.mentoring import (
    answer,
    confirm_plan,
    made,
    matching_rule,
    needs,
    open_cohort,
    project_confirmed,
    request_plan,
    residency_of,
    state_needs,
    trained_team,
)
from tests.support.neighbours import neighbours, nobody_there, read_by, reading
from tests.support.signing_in import HTML, said
from tests.support.told_rotas import AT, JEONJU, listed, residency, rota, team
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio

GUNSAN = "52130"
SETTINGS = MentoringSettings.model_construct(matching_timeout_seconds=60.0)
BAD = "<script>alert('x')</script>\"'>{{ 48271*69621 }}"
WORKED_OUT = str(48271 * 69621)  # so long that no id or time on a page has it by chance
Databases = Callable[..., dict[str, DatabaseUrls]]


@pytest.fixture
async def metrics(fresh_databases: Databases) -> AsyncIterator[Listener]:
    databases = fresh_databases("metrics", migrated=True)
    async with listener(SERVICE, databases, neighbour_timeout_seconds=3.0) as running:
        yield running


async def opened(
    metrics: Listener, *, role: str = Role.PROVINCE_OFFICER, tenant: str = "52", query: str = "", lang: str = "ko"
) -> httpx2.Response:
    headers = {**HTML, **metrics.issuer.headers(role=role, tenant=tenant)}
    return await metrics.http.get(f"/mentors?lang={lang}{query}", headers=headers)


async def whole(metrics: Listener, **asked: str) -> httpx2.Response:
    """The page, opened again while the other service does not answer a busy machine in time."""

    async def once() -> httpx2.Response:
        page = await opened(metrics, **asked)
        assert page.status_code == 200, page.text
        return page

    return await eventually(once, what="the rota is told")


async def a_rota(mentoring: Listener) -> UUID:
    """Two teams, a firm in Jeonju to which the first is assigned, and one in Gunsan that waits."""
    await made(mentoring, "POST", "/v1/matching-rules", matching_rule(), role=Role.MENTOR_LEAD)
    cohort = await open_cohort(mentoring)
    await trained_team(mentoring, cohort, "one", ("2024-06-03", 6), ("2024-07-22", 8))
    placed, waiting = project_confirmed(JEONJU), project_confirmed(GUNSAN)
    await mentoring.tell(placed, waiting)
    await state_needs(mentoring, placed.project_id, needs(6))
    plan = await request_plan(mentoring)
    assert await match_plans(SETTINGS, mentoring.database, FixedClock(NOW))
    assert (await confirm_plan(mentoring, plan)).status_code == 201
    return placed.project_id


async def test_each_reader_is_shown_what_the_mentoring_service_shows_them(
    metrics: Listener, fresh_databases: Databases
) -> None:
    async with listener(MENTORING, fresh_databases("mentoring", migrated=True)) as mentoring:
        project = await a_rota(mentoring)

        async def seen(role: str, tenant: str = "52", *, subject: str = "reader", lang: str = "ko") -> str:
            token = mentoring.issuer.headers(role=role, tenant=tenant, subject=subject)
            async with read_by(metrics.app, mentoring=reading(mentoring.http, token)):
                return said(await whole(metrics, role=role, tenant=tenant, lang=lang))

        officer = await seen(Role.PROVINCE_OFFICER)
        for words in (
            "2024년 4월 22일 부터 2024년 10월 20일 까지",
            "2024-05-28 00:00 KST",
            "전주시 거점, 2명",
            "2024년 6월 3일 ~ 2024년 7월 14일 , 6주",
            "2024년 7월 22일 ~ 2024년 9월 15일 , 8주",
            "멘토단 배정, 수락 대기",
            "군산시 JS1",
            "겹치거나 어긋난 상주가 없습니다",
            project.hex[-12:],
        ):
            assert words in officer, words
        english = await seen(Role.MENTOR_LEAD, "jtp", lang="en")
        for words in ("3 June 2024 to 14 July 2024 , 6 weeks", "Projects that wait for a team", "Free weeks"):
            assert words in english, words
        samsung = await seen(Role.SAMSUNG_CLIENT, "samsung")
        assert "전주시" in samsung
        assert "1팀" not in samsung, "Samsung is told of assignments and of no team"
        assert "빈 주와 기다리는 과제" not in samsung
        ours, theirs = await seen(Role.MUNICIPALITY_OFFICER, JEONJU), await seen(Role.MUNICIPALITY_OFFICER, GUNSAN)
        assert (project.hex[-12:] in ours, project.hex[-12:] in theirs) == (True, False)
        assert ("군산시 JS1" in ours, "군산시 JS1" in theirs) == (False, True)
        mine = await seen(Role.MENTOR, "jtp", subject="one-0")
        others = await seen(Role.MENTOR, "jtp", subject="somebody-else")
        assert (project.hex[-12:] in mine, project.hex[-12:] in others) == (True, False)

        assigned = await residency_of(mentoring, project)
        assert (await answer(mentoring, assigned, "acceptances")).status_code == 201
        assert "회신을 기다리는 배정이 없습니다." in await seen(Role.PROVINCE_OFFICER)


async def test_only_residencies_with_days_in_a_span_are_listed(fresh_databases: Databases) -> None:
    async with listener(MENTORING, fresh_databases("mentoring", migrated=True)) as mentoring:
        project = await a_rota(mentoring)

        async def found(query: str) -> int:
            answered = await mentoring.get(f"/v1/residencies?{query}", role=Role.AUDITOR)
            assert answered.status_code == 200, answered.text
            return len(answered.json()["items"])

        first, last = "from_day=2024-07-14", "until_day=2024-06-03"
        assert await found(first) == await found(last) == await found(f"{first}&{last}") == 1
        assert await found("from_day=2024-07-15") == await found("until_day=2024-06-02") == 0
        assigned = await residency_of(mentoring, project)
        assert (await answer(mentoring, assigned, "acceptances")).status_code == 201
        mentoring.clock.move_to(NOW.replace(month=7))
        path = f"/v1/residencies/{assigned['id']}/starts"
        started = await made(mentoring, "POST", path, role=Role.MENTOR_LEAD, version=2)
        assert await found("from_day=2024-09-01") == 1, "the team is still there"
        mentoring.clock.move_to(NOW.replace(month=8))
        ends = f"/v1/residencies/{assigned['id']}/ends"
        ended = await made(mentoring, "POST", ends, role=Role.MENTOR_LEAD, version=started["version"])
        assert ended["ended_on"] == "2024-08-20"
        assert await found("from_day=2024-08-20") == 1, "it stayed five weeks longer than planned"
        assert await found("from_day=2024-08-21") == 0


async def test_what_does_not_fit_is_named_beside_its_team_and_in_the_words_of_the_drawing(metrics: Listener) -> None:
    with neighbours() as told:
        told.answers |= rota()
        async with read_by(metrics.app, mentoring=HttpClient(told.address)):
            page = await whole(metrics)
            read = said(page)
            for words in ("기간이 지났는데 상주 중", "같은 팀의 다른 상주와 겹침", "과제가 중지됨", "상주 전"):
                assert words in read, words
            assert "전주시 2024-04-01부터 2024-05-20까지 멘토단 상주 중" in read, "the drawing says it in words, too"
            assert page.text.count('class="trouble"') == 2
            assert "기한 지남" in read
            english = said(await whole(metrics, lang="en"))
            for words in (
                "still there after its weeks",
                "overlaps another of its team",
                "free 2024-07-01 to 2024-08-11",
            ):
                assert words in english, words


async def test_one_looks_further_by_links_that_keep_the_language_and_not_beyond_the_calendar(metrics: Listener) -> None:
    with neighbours() as told:
        told.answers |= {f"/v1/{name}": listed() for name in ("residencies", "mentor-teams", "waiting-projects")}
        async with read_by(metrics.app, mentoring=HttpClient(told.address)):
            page = await whole(metrics, lang="en")
            assert 'href="/mentors?from=2024-01-22&amp;lang=en"' in page.text
            assert 'href="/mentors?from=2024-07-22&amp;lang=en"' in page.text
            assert any("from_day=2024-04-22" in asked and "until_day=2024-10-20" in asked for asked in told.asked)
            middle = await whole(metrics, query="&from=2024-07-24")
            assert "2024년 7월 22일 부터" in said(middle), "a week begins on its Monday"
            last = await whole(metrics, query="&from=2100-01-04")
            assert ("이전 주" in said(last), "이후 주" in said(last)) == (True, False)
            for odd in ("&from=2100-01-05", "&from=1999-12-31", "&from=tomorrow", "&from=", "&weeks=1"):
                assert (await opened(metrics, query=odd)).status_code == 422, odd


async def test_without_the_mentoring_service_the_page_says_so_and_claims_nothing(metrics: Listener) -> None:
    async with read_by(metrics.app, mentoring=nobody_there()):
        page = await opened(metrics)
    assert page.status_code == 503
    assert "멘토링 서비스가 응답하지 않아" in said(page)
    assert "기다리는 배정이 없습니다" not in said(page)


async def test_who_has_no_rota_is_refused_before_anybody_is_asked(metrics: Listener) -> None:
    with neighbours() as told:
        async with read_by(metrics.app, mentoring=HttpClient(told.address)):
            for role in (Role.COMPANY_OWNER, Role.PANEL_MEMBER, Role.SUPPLIER, Role.PLATFORM_OPERATOR):
                refused = await opened(metrics, role=role, tenant=str(UUID(int=1)))
                assert (refused.status_code, "role-not-allowed" in refused.text) == (403, True), role
        assert told.asked == []


async def test_what_people_called_a_team_stays_text(metrics: Listener) -> None:
    waiting = {"project_id": str(UUID(int=9)), "type_code": BAD, "municipality_code": BAD, "waiting_since": AT}
    with neighbours() as told:
        told.answers |= {
            "/v1/residencies": listed(residency(11, municipality_code=BAD, state=BAD, ended_on="2024-05-20")),
            "/v1/mentor-teams": listed(team(BAD)),
            "/v1/waiting-projects": listed(waiting),
        }
        async with read_by(metrics.app, mentoring=HttpClient(told.address)):
            for lang in ("ko", "en"):
                page = await whole(metrics, lang=lang)
                assert "<script" not in page.text
                assert WORKED_OUT not in page.text
                assert page.text.count("&lt;script&gt;") >= 8
    assert all(token is not None for token in told.tokens), "every reading is in the reader's name"
